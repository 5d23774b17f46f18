// Command bench compares the storage engine with bare file I/O, which writes and reads framed and checksummed records
// with nothing in between. Both do the same work in the same run and take turns, so that their ratio means something
// even on a machine whose speed varies.
//
//	go run ./storage/bench --quick
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Exit codes.
const (
	exitUsage = 2
	exitError = 3
)

// settings hold the values of the flags.
type settings struct {
	quick  bool
	json   string
	folder string
	values []int
	rounds int
}

func main() {
	s, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(exitUsage)
	}
	if err := run(context.Background(), s, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(exitError)
	}
}

func parse(args []string, messages io.Writer) (settings, error) {
	var s settings
	values := "128,1024"
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(messages)
	flags.BoolVar(&s.quick, "quick", false, "measure less: under a minute")
	flags.StringVar(&s.json, "json", "", "also write the figures to this `FILE`")
	flags.StringVar(&s.folder, "dir", "", "make the files below this `DIR`; default a temporary folder that is not in memory")
	flags.StringVar(&values, "value", values, "sizes of the records' values in `BYTES`, separated by commas")
	flags.IntVar(&s.rounds, "rounds", 0, "how often each measurement is taken; default 5 with --quick, else 9")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: only flags are taken", flags.Arg(0))
	}
	if s.rounds < 0 {
		return s, fmt.Errorf("--rounds %d: must not be negative", s.rounds)
	}
	if s.rounds == 0 {
		s.rounds = 9
		if s.quick {
			s.rounds = 5
		}
	}
	var err error
	s.values, err = parseValues(values)
	return s, err
}

// The bounds of a value's size in bytes: large enough that a reader reads something, and less than a block of the
// engine's tail.
const (
	minValue = 8
	maxValue = 32 << 10
)

func parseValues(list string) (values []int, err error) {
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < minValue || n > maxValue {
			return nil, fmt.Errorf("--value %q: give numbers from %d to %d, separated by commas", list, minValue, maxValue)
		}
		values = append(values, n)
	}
	return values, nil
}

func run(ctx context.Context, s settings, out, progress io.Writer) (err error) {
	folder, err := makeFolder(s.folder, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var figures []figure
	for _, value := range s.values {
		w := newWork(value, s.quick)
		for _, m := range measurements {
			fmt.Fprintf(progress, "measuring with %d B values: %s\n", value, m.rows[0].name)
			found, err := takeTurns(ctx, m, w, folder, s.rounds)
			if err != nil {
				return err
			}
			figures = append(figures, found...)
		}
	}
	fmt.Fprint(out, table(figures, s.rounds))
	if s.json != "" {
		return writeJSON(s.json, figures, s)
	}
	return nil
}
