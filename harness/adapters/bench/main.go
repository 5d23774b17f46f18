// Command bench compares the storage engine with bare file I/O, which writes and reads framed and checksummed records with
// nothing in between, and with engines of others through their adapters. All do the same work in the same run and take turns, so
// that their ratios mean something even on a machine whose speed varies.
//
//	make bench-quick
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitUsage = 2
	exitError = 3 // an error, or interrupted
)

const usage = `Compare the storage engine with bare file I/O and with engines of others: the same
work in the same run, in turns. Prints medians of the rounds, and after ± half of
the distance from the smallest to the largest, in percent of the median. Compare
figures of one run only.

"over 100 us" is the share of its time in which a reader waited for so long that it
was held up, by the engine or by Go's scheduler.

base is framed and checksummed plain file I/O: a limit, and no engine. A - says
that an engine does not offer that: etcd's log has no reads but at its opening,
and it and raft-wal sync each call.

A contestant gets at most --megabytes of values at a time, in a folder that is
removed after its turn; preallocated files and the copy that stands for a crash
may take a few times as much.

Exit codes: 0 measured, 2 wrong usage, 3 an error, or interrupted.

Usage:
  bench [flags]

Examples:
  bench --quick                          in about a minute
  bench --value 100,65536 --readers 1,8,64 --megabytes 1024
  bench --only engine,pebble --logs 1000 many logs at once
  bench --rows append --compare HEAD~3   some rows only
  bench --plots out/bench --json out/bench.json
  bench --compare HEAD~3                 the engine of two revisions, in turns

Flags:
`

// settings hold the values of the flags.
type settings struct {
	quick           bool
	json, plots     string
	rows            string
	folder, compare string
	values, readers []int
	rounds, logs    int
	millis          int
	megabytes       int
	contestants     []contestant
}

func main() {
	s, err := parse(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v; 'bench --help' lists the flags\n", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if s.compare != "" {
		err = compare(ctx, s, os.Stdout, os.Stderr)
	} else {
		err = run(ctx, s, os.Stdout, os.Stderr)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(exitError)
	}
}

func parse(args []string, help io.Writer) (settings, error) {
	var s settings
	var values, readers, only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&s.quick, "quick", false, "measure less: about a minute with all contestants")
	flags.StringVar(&s.json, "json", "", "also write the figures to this `FILE`")
	flags.StringVar(&s.plots, "plots", "", "also draw each row as an SVG into this `DIR`")
	flags.StringVar(&s.folder, "dir", "", "work in a new folder below this `DIR`; default a temporary folder that is not in memory")
	flags.StringVar(&s.compare, "compare", "", "compare the engine with that of this `REVISION`, and leave out the peers")
	flags.StringVar(&only, "only", "", "only these contestants, `NAMES` separated by commas")
	flags.StringVar(&s.rows, "rows", "", "only the rows whose name contains this `TEXT`, such as append")
	flags.StringVar(&values, "value", "128,1024", "sizes of the records' values in `BYTES`, separated by commas")
	flags.StringVar(&readers, "readers", "1,2", "`NUMBERS` of readers beside a writer, separated by commas")
	flags.IntVar(&s.logs, "logs", 0, "also append to `N` logs in turn")
	flags.IntVar(&s.rounds, "rounds", 0, "how often each contestant does each work; default 3 with --quick, else 5")
	flags.IntVar(&s.millis, "millis", 0, "most `MILLISECONDS` for one work; default 100 with --quick, else 500")
	flags.IntVar(&s.megabytes, "megabytes", 0, "most `MIB` of values in a log; default 8 with --quick, else 100")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return s, err
	} else if err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: only flags are taken", flags.Arg(0))
	}
	var errs [3]error
	s.values, errs[0] = numbers("--value", values, minValue, maxValue)
	s.readers, errs[1] = numbers("--readers", readers, 1, 1024)
	s.contestants, errs[2] = chosen(only)
	if err := errors.Join(errors.Join(errs[:]...), s.defaults()); err != nil {
		return s, err
	}
	if len(named(s.rows, measurements(s.readers, s.logs))) == 0 {
		return s, fmt.Errorf("--rows %q: no row has that in its name; the table names them", s.rows)
	}
	return s, nil
}

// defaults fills in what was not given, and refuses what makes no sense.
func (s *settings) defaults() error {
	for _, f := range []struct {
		name               string
		value              *int
		quick, usual, most int
	}{
		{"--rounds", &s.rounds, 3, 5, 1000},
		{"--millis", &s.millis, 100, 500, 600_000},
		{"--megabytes", &s.megabytes, 8, 100, 100_000},
		{"--logs", &s.logs, 0, 0, 100_000},
	} {
		if *f.value < 0 || *f.value > f.most {
			return fmt.Errorf("%s %d: give a number from 0 (the default) to %d", f.name, *f.value, f.most)
		}
		if *f.value == 0 {
			*f.value = f.usual
			if s.quick {
				*f.value = f.quick
			}
		}
	}
	return nil
}

// The bounds of a value's size in bytes: large enough that a reader reads something.
const (
	minValue = 8
	maxValue = 1 << 20
)

func numbers(name, list string, least, most int) (values []int, err error) {
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("%s %q: give numbers from %d to %d, separated by commas", name, list, least, most)
		}
		values = append(values, n)
	}
	return values, nil
}

func run(ctx context.Context, s settings, out, progress io.Writer) (err error) {
	figures, err := measure(ctx, s, progress)
	if len(figures) > 0 {
		fmt.Fprint(out, table(figures, s))
	}
	if err != nil {
		return err
	}
	if s.plots != "" {
		if err := plots(figures, s); err != nil {
			return err
		}
	}
	if s.json != "" {
		return writeJSON(s.json, figures, s)
	}
	return nil
}

// measure takes all figures. If it is interrupted, it returns those that it has, and the error.
func measure(ctx context.Context, s settings, progress io.Writer) (figures []figure, err error) {
	folder, err := makeFolder(s.folder, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	begin := time.Now()
	all := named(s.rows, measurements(s.readers, s.logs))
	for i, value := range s.values {
		for k, m := range all {
			fmt.Fprintf(progress, "bench: %.0f s, %d of %d: %s, %d B\n", time.Since(begin).Seconds(),
				i*len(all)+k+1, len(all)*len(s.values), m.rows[0].name, value)
			found, err := takeTurns(ctx, m, s.contestants, newWork(value, s), folder, s.rounds)
			if ctx.Err() != nil {
				return figures, fmt.Errorf("interrupted after %d of %d works", i*len(all)+k, len(all)*len(s.values))
			} else if err != nil {
				return figures, err
			}
			figures = append(figures, found...)
		}
	}
	return figures, nil
}
