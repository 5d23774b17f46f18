// The flags of commands that are for the log and for the Checks of packages alike.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/output"
)

// checkFlags are those about the Checks of packages alone that stress and kill have.
type checkFlags struct {
	pattern    string
	race       bool
	set        map[string]string
	programs   int
	threads    int
	operations int
}

// define defines the flags: whether the race detector is on, what is said of that, and how many clients a program has at most.
func (c *checkFlags) define(flags *pflag.FlagSet, race bool, aboutRace string, threads int) {
	flags.StringVar(&c.pattern, "run", "", "of packages: only the tests that match `REGEXP`")
	flags.BoolVar(&c.race, "race", race, "of packages: under the race detector"+aboutRace)
	flags.StringToStringVar(&c.set, "set", nil, "of packages: settings of the subject, `NAME=VALUE,...`")
	flags.IntVar(&c.programs, "programs", 200, "of packages: programs to draw, each executed again and again, `N`")
	flags.IntVar(&c.threads, "max-threads", threads, "of packages: most clients of a program, `N`")
	flags.IntVar(&c.operations, "max-operations", 3, "of packages: most operations of a client, `N`")
}

// check refuses numbers that no program can have.
func (c *checkFlags) check(flags *pflag.FlagSet) error {
	return checkNumbers(flags, bound{"programs", 1, unbounded}, bound{"max-threads", 1, 64}, bound{"max-operations", 1, 64})
}

// order is what Checks are to do in a mode, as far as these flags say it.
func (c *checkFlags) order(mode string, flags *pflag.FlagSet, packages []string) drive.Order {
	return drive.Order{
		Mode: mode, Programs: c.programs, Threads: c.threads, Operations: c.operations, Set: c.set,
		Again: againFlags(flags) + " " + strings.Join(packages, " "),
	}
}

// A scope says which flags of a command are understood with packages: some with packages alone, some always.
type scope struct{ packages, both []string }

func (s scope) has(name string) bool {
	return name == "help" || slices.Contains(s.packages, name) || slices.Contains(s.both, name)
}

// checksHere reports whether the current package has Checks, and nothing was said that only the log understands.
func (s scope) checksHere(ctx context.Context, flags *pflag.FlagSet) bool {
	return s.refuseOfLog(flags) == nil && checksHere(ctx)
}

// choose has the Checks of packages looked at, where packages are named or the current one has some; else what the command brings.
func (s scope) choose(cmd *cobra.Command, packages []string, checks func(context.Context, *pflag.FlagSet, io.Writer, []string) error,
	brought func(context.Context, *pflag.FlagSet) error,
) error {
	ctx, flags := cmd.Context(), cmd.Flags()
	if len(packages) > 0 || flags.Changed("run") || s.checksHere(ctx, flags) {
		return checks(ctx, flags, cmd.OutOrStdout(), packagesOr(packages))
	}
	if err := s.refuseOfPackages(flags); err != nil {
		return err
	}
	return brought(ctx, flags)
}

// refuseOfLog refuses flags that say nothing of Checks.
func (s scope) refuseOfLog(flags *pflag.FlagSet) (wrong error) {
	flags.Visit(func(flag *pflag.Flag) {
		if wrong == nil && !s.has(flag.Name) {
			wrong = usageError{fmt.Errorf("--%s is of the log that the command brings: leave it out, or leave the packages out", flag.Name)}
		}
	})
	return wrong
}

// refuseOfPackages refuses flags that say nothing of the log.
func (s scope) refuseOfPackages(flags *pflag.FlagSet) error {
	for _, name := range s.packages {
		if flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is about the Checks of packages: name packages, such as ./..., or leave it out", name)}
		}
	}
	return nil
}

// packagesOr are the packages that were named, or the current one.
func packagesOr(named []string) []string {
	if len(named) == 0 {
		return []string{"."}
	}
	return named
}

// onlyTheLog refuses another subject of the command's than the log.
func onlyTheLog(subject string) error {
	if subject == "log" {
		return nil
	}
	return fmt.Errorf("--subject %q: only the log can be run so; or name packages, whose tests call harness.Check", subject)
}

// freely has the Checks of packages run freely as an order says, and writes what came of it.
func (c *checkFlags) freely(ctx context.Context, verb string, order drive.Order, packages []string, out io.Writer, folder, jsonFile string) error {
	r := &checkRun{verb: verb, pattern: c.pattern, packages: packages, race: c.race, order: order, folder: folder, out: out, screen: os.Stdout}
	if jsonFile == "-" {
		r.out, r.screen = os.Stderr, os.Stderr
	}
	err := r.run(ctx)
	if r.began == 0 {
		return err
	}
	if jsonFile != "" {
		err = errors.Join(err, writeJSON(jsonFile, r.kept))
	}
	if folder != "" {
		err = errors.Join(err, output.MakeFolder(folder), writeJSON(filepath.Join(folder, "summary.json"), r.kept))
	}
	return err
}

// againFlags are the flags that were given, but for those that say where results go, and the seed and the tests, which follow.
func againFlags(flags *pflag.FlagSet) (words string) {
	flags.Visit(func(flag *pflag.Flag) {
		switch value := strings.Trim(flag.Value.String(), "[]"); flag.Name {
		case "run", "seed", "json", "out", "help":
		case "crash":
			words += " --crash"
		case "race", "canary":
			words += fmt.Sprintf(" --%s=%s", flag.Name, value)
		default:
			words += fmt.Sprintf(" --%s %s", flag.Name, quotedWord(value))
		}
	})
	return words
}

// quotedWord quotes a word, if it must be, so that a shell passes it on as it is.
func quotedWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,=/_-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
