package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/racewindow/racewindow/scripts/mutants/told"
)

// control names the row without a bug.
const control = "(none)"

// measured is the result of one planted bug.
type measured struct {
	mutant
	Searches []told.Search  `json:"searches"`
	Smallest *told.Smallest `json:"smallest,omitempty"`
	Estimate *told.Estimate `json:"estimate,omitempty"`
	Problem  string         `json:"problem,omitempty"` // why there is no measurement
	Duration time.Duration  `json:"duration_ns"`
}

// has says whether there are searches with each of these strategies.
func (m measured) has(strategies []string) bool {
	return !slices.ContainsFunc(strategies, func(strategy string) bool {
		_, _, seeds := m.by(strategy)
		return seeds == 0
	})
}

// forget removes the searches with these strategies. What is known of the smallest case stays if another strategy has found the bug.
func (m *measured) forget(strategies []string) {
	m.Searches = slices.DeleteFunc(m.Searches, func(s told.Search) bool { return slices.Contains(strategies, s.Strategy) })
	if !m.caught() {
		m.Smallest, m.Estimate = nil, nil
	}
}

// one builds the prober with the bug planted, and runs it. got is what is known of the bug before: searches with other strategies.
func (c config) one(ctx context.Context, got measured) measured {
	began, m := time.Now(), got.mutant
	got.Problem = ""
	binary, err := filepath.Abs(filepath.Join(c.out, "prober-"+strings.Trim(m.Name, "()")))
	if err == nil {
		arguments := []string{"build", "-o", binary, "./scripts/mutants/prober"}
		if m.path != "" {
			arguments = append([]string{"build", "--plant", m.path}, arguments[1:]...)
		}
		err = run(ctx, c.racewindow, arguments...)
		defer func() { _ = os.Remove(binary) }() // the build cache can make it again quickly
	}
	if err == nil {
		err = c.probe(ctx, binary, &got)
	}
	for _, s := range got.Searches {
		if err == nil && s.Error != "" {
			err = fmt.Errorf("%s with seed %d: %s", s.Strategy, s.Seed, s.Error)
		}
	}
	if err != nil {
		got.Problem = err.Error()
	}
	got.Duration += time.Since(began)
	return got
}

// mostWithout is how many cases may end the process while they are made smaller.
const mostWithout = 5

// probe runs the prober until all searches are done. If a bug ends the process, the search in progress counts as having caught
// it, and a new process goes on with the next search. If it ends the process while a case is made smaller, a new one does not begin
// with the smallest case.
func (c config) probe(ctx context.Context, binary string, got *measured) error {
	kept, without := len(got.Searches), 0
	for searches := len(got.Searches) + len(c.strategies)*c.seeds; ; {
		at, stderr, err := c.process(ctx, binary, got, len(got.Searches)-kept, without)
		if ctx.Err() != nil {
			return fmt.Errorf("not measured to the end: %w", ctx.Err())
		}
		var exit *exec.ExitError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &exit), strings.HasPrefix(stderr, "prober: "):
			return fmt.Errorf("prober: %w: %s", err, firstLine(stderr))
		case len(got.Searches) == searches && without < mostWithout:
			without++
			continue
		case len(got.Searches) == searches || at == nil: // it ended while it minimised the case
			return fmt.Errorf("the process ended while the case was made smaller: %s", firstLine(stderr))
		}
		at.Found, at.Class = true, "process ended: "+firstLine(stderr)
		if exit.ExitCode() == 3 {
			at.Class = "process hangs"
		}
		got.Searches = append(got.Searches, *at)
	}
}

// process runs the prober once, after it has made some searches. It leaves out the smallest cases that were found. at is the search in
// which it ended, nil if it was in none.
func (c config) process(ctx context.Context, binary string, got *measured, made, without int) (at *told.Search, stderr string, err error) {
	var known []string
	for _, s := range got.Searches {
		if s.Case != "" {
			known = append(known, s.Case)
		}
	}
	command := exec.CommandContext(ctx, binary, "-strategies", strings.Join(c.strategies, ","), "-seeds", strconv.Itoa(c.seeds),
		"-skip", strconv.Itoa(made), "-schedules", strconv.Itoa(c.schedules), "-budget", c.budget.String(),
		"-estimate", strconv.Itoa(c.estimate), fmt.Sprintf("-smallest=%t", got.Smallest == nil), "-without", strconv.Itoa(without), "-hint", got.Hint, "-known", strings.Join(known, "\n"))
	var said bytes.Buffer
	command.Stderr = &said
	pipe, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, "", err
	}
	at, failed := got.listen(pipe)
	if err = command.Wait(); err == nil {
		err = failed
	}
	return at, said.String(), err
}

// listen reads the prober's lines until it ends.
func (m *measured) listen(pipe io.Reader) (at *told.Search, err error) {
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var e told.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return at, err
		}
		switch {
		case e.At != nil:
			at = e.At
		case e.Search != nil:
			m.Searches, at = append(m.Searches, *e.Search), nil
		case e.Smallest != nil:
			m.Smallest = e.Smallest
		case e.Estimate != nil:
			m.Estimate = e.Estimate
			m.Estimate.Low, m.Estimate.High = interval(e.Estimate.Failed, e.Estimate.Schedules)
		}
	}
	return at, lines.Err()
}

func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return "it said nothing"
}

func goCommand(ctx context.Context, arguments ...string) error { return run(ctx, "go", arguments...) }

func run(ctx context.Context, name string, arguments ...string) error {
	if out, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(arguments, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// caught says whether any search found the bug.
func (m measured) caught() bool {
	return slices.ContainsFunc(m.Searches, func(s told.Search) bool { return s.Found })
}

// hard says whether a random schedule of the smallest program shows the bug with a probability below 0.001.
func (m measured) hard() bool { return m.Estimate != nil && m.Estimate.High < 0.001 }

// class is the class of the failure.
func (m measured) class() string {
	if m.Smallest != nil {
		return m.Smallest.Class
	}
	for _, s := range m.Searches {
		if s.Found {
			return s.Class
		}
	}
	return ""
}

// by is a strategy's median number of schedules to detection over all its seeds, and how many of them found the bug. A search
// that found nothing counts as longer than all others, so the median may be unknown; then it is 0.
func (m measured) by(strategy string) (median uint64, found, seeds int) {
	var after []uint64
	for _, s := range m.Searches {
		if s.Strategy != strategy {
			continue
		}
		seeds++
		if s.Found {
			after = append(after, s.Schedules)
		}
	}
	slices.Sort(after)
	if middle := (seeds - 1) / 2; seeds > 0 && middle < len(after) {
		median = after[middle]
	}
	return median, len(after), seeds
}
