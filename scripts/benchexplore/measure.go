package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
)

// tests are the tests to measure.
func (s *settings) tests() (all []test) {
	for _, module := range modules {
		dir, err := filepath.Abs(module)
		if err != nil {
			continue // build has already succeeded with it
		}
		listed, err := plain.List(context.Background(), dir, nil, nil, []string{"."})
		if err != nil {
			continue
		}
		for _, name := range listed[0].Tests {
			if s.run.MatchString(name) {
				all = append(all, test{module, name})
			}
		}
	}
	return all
}

func (s *settings) head(m mode) string {
	if s.against == "" {
		return fmt.Sprintf("%-24s %12s %10s %10s", m.name, "schedules/s", "choices", "ns/choice")
	}
	return fmt.Sprintf("%-24s %12s %10s %10s %12s %7s", m.name, "schedules/s", "choices", "ns/choice", s.against, "ratio")
}

// row measures one test with each of the builds in turn.
func (s *settings) row(ctx context.Context, m mode, t test, builds []string) (string, error) {
	figures := make([]figures, len(builds))
	for round := range s.rounds {
		for i := range builds {
			at := (i + round) % len(builds) // each build is first in turn
			profile := ""
			if s.profile != "" && at == 0 && round == s.rounds-1 {
				profile = filepath.Join(s.profile, t.name+"."+m.name+".pprof")
			}
			if err := s.once(ctx, m, t, builds[at], profile, &figures[at]); err != nil {
				return "", err
			}
		}
	}
	this := figures[0].result()
	row := fmt.Sprintf("%-24s %12.0f %10.1f %10.0f", t.name, this.rate(), float64(this.choices)/float64(this.schedules), float64(this.used)/float64(this.choices))
	if len(builds) > 1 {
		other := figures[1].result()
		row += fmt.Sprintf(" %12.0f %7.2f", other.rate(), this.rate()/other.rate())
	}
	return row, nil
}

// A figure is what one process did, and the processor time that it used.
type figure struct {
	schedules, choices uint64
	used               time.Duration
}

func (f figure) rate() float64 { return float64(f.schedules) / f.used.Seconds() }

// The figures of one test and one build. few is not empty for tests of points.
type figures struct{ few, all []figure }

// result is the median. For a test of points it is what the longer processes did beyond the shorter ones, so without their start
// and the gate; it is computed from the fastest of each kind, because other work on the machine only adds to a figure.
func (f figures) result() figure {
	fastest := func(a, b figure) int { return int(b.rate() - a.rate()) }
	slices.SortFunc(f.all, fastest)
	if len(f.few) == 0 {
		return f.all[len(f.all)/2]
	}
	few, all := slices.MinFunc(f.few, fastest), f.all[0]
	return figure{all.schedules - few.schedules, all.choices - few.choices, all.used - few.used}
}

// once explores a test in a process of its own; a test of points in two, one of which executes a fifth of the schedules.
func (s *settings) once(ctx context.Context, m mode, t test, build, profile string, to *figures) error {
	schedules := s.schedules
	if m.race {
		schedules /= 4
	}
	if strings.HasPrefix(t.name, "TestPoints") {
		schedules /= 50
		f, err := s.process(ctx, m, t, build, schedules/5, "")
		if err != nil {
			return err
		}
		to.few = append(to.few, f)
	}
	f, err := s.process(ctx, m, t, build, schedules, profile)
	to.all = append(to.all, f)
	return err
}

// process explores a test by so many schedules. The figure includes the start of the process and the gate.
func (s *settings) process(ctx context.Context, m mode, t test, build string, schedules int, profile string) (f figure, err error) {
	order := drive.Order{Mode: drive.Explore, Strategy: s.strategy, Schedules: schedules, All: true}
	events, used, err := execute(ctx, m, t, build, order, profile)
	if err != nil {
		return f, err
	}
	for _, e := range events {
		if e.Event == drive.Ended {
			f = figure{e.Plain.Statistics.Schedules, e.Plain.Statistics.Steps, used}
		}
	}
	if f.schedules == 0 {
		return f, fmt.Errorf("%s was not explored: %+v", t.name, events)
	}
	return f, nil
}

// execute makes a process carry out an order with a test. It returns the process's events and the processor time that it
// used.
func execute(ctx context.Context, m mode, t test, build string, order drive.Order, profile string) (told []drive.Event, used time.Duration, err error) {
	order.Version, order.Seed, order.Own = drive.Version, 1, filepath.Base(t.module)
	order.Events, order.RaceLog = filepath.Join(build, "events"), filepath.Join(build, "races")
	if err := os.RemoveAll(order.Events); err != nil {
		return nil, 0, err
	}
	ordered, err := order.ForEnvironment(build)
	if err != nil {
		return nil, 0, err
	}
	args := []string{"-test.run", plain.Exactly(t.name), "-test.timeout=0"}
	if profile != "" {
		args = append(args, "-test.cpuprofile="+profile)
	}
	cmd := exec.CommandContext(ctx, binary(build, t.module, m), args...)
	cmd.Env = append(os.Environ(), drive.Variable+"="+ordered, "GORACE="+plain.RacesTold+` log_path="`+order.RaceLog+`"`)
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		return nil, 0, fmt.Errorf("%s: %w", t.name, err)
	}
	text, err := os.ReadFile(order.Events)
	if err != nil {
		return nil, 0, fmt.Errorf("%s reported nothing: %w\n%s", t.name, err, said)
	}
	for line := range bytes.Lines(text) {
		if e, err := drive.ParseEvent(line); err == nil {
			told = append(told, e)
		}
	}
	return told, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
