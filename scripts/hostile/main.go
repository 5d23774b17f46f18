// Command hostile checks that wrong calls of racewindow end with a clear message. It makes the calls of its tables, each in an empty
// folder, and checks the exit code and the output. A table is a file in tables/. It lists calls that once showed a fault, each with
// that fault. To add a call, add a line.
//
//	go run ./scripts/hostile
//	go run ./scripts/hostile -run 'explore.*budget'
//	go run ./scripts/hostile -short
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

func main() {
	run := flag.String("run", "", "only calls whose place, text or fault matches `REGEXP`")
	short := flag.Bool("short", false, "leave out the calls that begin with @night")
	limit := flag.Duration("limit", 3*time.Minute, "longest time of one call; a call that takes longer fails")
	verbose := flag.Bool("v", false, "print the output of each call")
	side := flag.Int("parallel", runtime.GOMAXPROCS(0), "calls side by side, `N`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := check(ctx, *run, *short, *limit, *verbose, *side)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		code = 3
	}
	os.Exit(code)
}

// check makes the selected calls and returns the exit code: 0 if all ended as they must, 1 if some did not, 3 for an error that kept it
// from checking them.
func check(ctx context.Context, only string, short bool, limit time.Duration, verbose bool, side int) (int, error) {
	root, err := os.Getwd()
	if err != nil {
		return 3, err
	}
	rows, err := selected(filepath.Join(root, "scripts", "hostile", "tables"), only)
	if err != nil {
		return 3, err
	}
	all := len(rows)
	if short {
		rows = slices.DeleteFunc(rows, func(r row) bool { return r.night })
	}
	if len(rows) == 0 {
		return 3, errors.New("-short leaves out all calls that match: call it without")
	}
	place, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return 3, err
	}
	defer os.RemoveAll(place)
	s := &stage{root: root, place: place, limit: limit, verbose: verbose}
	if err := s.build(ctx); err != nil {
		return 3, err
	}
	failed := s.all(ctx, rows, max(side, 1))
	if err := ctx.Err(); err != nil {
		return 3, errors.New("interrupted")
	}
	// Print the failures again at the end, where people look.
	for _, f := range failed {
		show(f)
	}
	fmt.Printf("%d passed, %d failed", len(rows)-len(failed), len(failed))
	if left := all - len(rows); left > 0 {
		fmt.Printf(", %d left out by -short", left)
	}
	fmt.Println()
	if len(failed) > 0 {
		return 1, nil
	}
	return 0, nil
}

// selected reads every table of a folder and keeps the rows that match.
func selected(folder, only string) (rows []row, err error) {
	match, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	tables, err := filepath.Glob(filepath.Join(folder, "*.table"))
	if err != nil || len(tables) == 0 {
		return nil, fmt.Errorf("no table in %s: run this in the folder that holds go.mod", folder)
	}
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			return nil, err
		}
		all, err := parse(filepath.Base(table), string(text))
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if match.MatchString(r.String() + " " + r.command + " " + r.shows) {
				rows = append(rows, r)
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("-run %q: no call matches", only)
	}
	return rows, nil
}

// A result is the output of a call, and what was wrong with it, nil if nothing was.
type result struct {
	row
	said  string
	wrong error
}

// all makes the calls, several at the same time, and returns those that failed.
func (s *stage) all(ctx context.Context, rows []row, side int) (failed []result) {
	var running sync.WaitGroup
	var printing sync.Mutex
	free := make(chan string, side)
	for i := range side {
		free <- filepath.Join(s.place, fmt.Sprintf("call-%d", i))
	}
	for _, r := range rows {
		if ctx.Err() != nil {
			break
		}
		folder := <-free
		running.Go(func() {
			defer func() { free <- folder }()
			began := time.Now()
			made := result{row: r}
			var used time.Duration
			made.said, used, made.wrong = s.call(ctx, folder, r)
			printing.Lock()
			defer printing.Unlock()
			if made.wrong == nil && !s.verbose {
				fmt.Printf("ok    %-22v %5.1f s, %5.1f CPU s  %s\n", r, time.Since(began).Seconds(), used.Seconds(), r.command)
				return
			}
			if made.wrong != nil {
				failed = append(failed, made)
			}
			show(made)
		})
	}
	running.Wait()
	return failed
}

func show(r result) {
	if r.wrong != nil {
		fmt.Printf("FAIL  %v  %v\n", r.row, r.wrong)
	} else {
		fmt.Printf("ok    %v\n", r.row)
	}
	fmt.Printf("  showed: %s\n  call: %s\n  said:\n%s\n", r.shows, r.command, r.said)
}

// goCommand runs the go command in the checkout.
func (s *stage) goCommand(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = s.root
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("go %v: %w", arguments, err)
	}
	return nil
}
