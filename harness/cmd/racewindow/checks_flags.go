// Flags of the commands that test both the log and the Checks of packages.

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

// checkFlags are the flags of stress and kill that are for the Checks of packages alone.
type checkFlags struct {
	pattern    string
	race       bool
	set        map[string]string
	programs   int
	threads    int
	operations int

	raceGiven, goroutinesGiven bool
}

// define defines the flags. race is the default of --race, aboutRace is added to its usage, threads is the default of
// --max-threads.
func (c *checkFlags) define(flags *pflag.FlagSet, race bool, aboutRace string, threads int) {
	flags.StringVar(&c.pattern, "run", "", "with packages: only the tests that match `REGEXP`")
	flags.BoolVar(&c.race, "race", race, "with packages: under the race detector"+aboutRace)
	flags.StringToStringVar(&c.set, "set", nil, "with packages: settings of the subject, `NAME=VALUE,...`")
	flags.IntVar(&c.programs, "programs", 0, "with packages: programs to draw, each executed again and again, `N` (default 200; in stress fewer if a quarter of --duration has passed)")
	flags.IntVar(&c.threads, "max-threads", threads, "with packages: most clients of a program, `N`")
	flags.IntVar(&c.operations, "max-operations", 3, "with packages: most operations of a client, `N`")
}

// check refuses numbers that no program can have.
func (c *checkFlags) check(flags *pflag.FlagSet) error {
	c.raceGiven, c.goroutinesGiven = c.race && flags.Changed("race"), flags.Changed("goroutines")
	return checkNumbers(flags, bound{"programs", 1, unbounded}, bound{"max-threads", 1, 64}, bound{"max-operations", 1, 64})
}

// order is the order to Checks in a mode, as far as these flags decide it.
func (c *checkFlags) order(mode string, flags *pflag.FlagSet, packages []string) drive.Order {
	return drive.Order{
		Mode: mode, Programs: c.programs, Threads: c.threads, Operations: c.operations, Set: c.set,
		Again: againFlags(flags) + " " + strings.Join(packages, " "),
	}
}

// A scope says which flags a command takes with packages: some only then, some also without.
type scope struct{ packages, both []string }

func (s scope) has(name string) bool {
	return name == "help" || slices.Contains(s.packages, name) || slices.Contains(s.both, name)
}

// checksHere reports whether the current package has Checks, and no flag was given that only the log understands.
func (s scope) checksHere(ctx context.Context, flags *pflag.FlagSet) bool {
	return s.refuseOfLog(flags) == nil && checksHere(ctx)
}

// choose tests the Checks of packages, if packages are named or the current one has Checks, and otherwise the log.
func (s scope) choose(cmd *cobra.Command, packages []string, checks func(context.Context, *pflag.FlagSet, io.Writer, []string) error,
	testLog func(context.Context, *pflag.FlagSet) error,
) error {
	ctx, flags := cmd.Context(), cmd.Flags()
	if len(packages) > 0 || flags.Changed("run") || s.checksHere(ctx, flags) {
		return checks(ctx, flags, cmd.OutOrStdout(), packagesOr(packages))
	}
	if err := s.refuseOfPackages(flags); err != nil {
		return err
	}
	return testLog(ctx, flags)
}

// refuseOfLog refuses flags that are for the log alone.
func (s scope) refuseOfLog(flags *pflag.FlagSet) (wrong error) {
	flags.Visit(func(flag *pflag.Flag) {
		if wrong == nil && !s.has(flag.Name) {
			wrong = usageError{fmt.Errorf("--%s is for the log that the command brings: leave it out, or leave the packages out", flag.Name)}
		}
	})
	return wrong
}

// refuseOfPackages refuses flags that are for packages alone.
func (s scope) refuseOfPackages(flags *pflag.FlagSet) error {
	for _, name := range s.packages {
		if flags.Changed(name) {
			return usageError{fmt.Errorf("--%s is for the Checks of packages: name packages, such as ./..., or leave it out", name)}
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

// onlyTheLog refuses any other subject that the command brings.
func onlyTheLog(subject string) error {
	if subject == "log" {
		return nil
	}
	return fmt.Errorf("--subject %q: this command runs the log only; or name packages whose tests call harness.Check", subject)
}

// freely runs the Checks of packages without a scheduler, as an order says, and writes the results.
func (c *checkFlags) freely(ctx context.Context, verb string, order drive.Order, packages []string, out io.Writer, folder, jsonFile string) error {
	r := &checkRun{verb: verb, pattern: c.pattern, packages: packages, race: c.race, raceGiven: c.raceGiven, goroutinesGiven: c.goroutinesGiven, order: order, folder: folder, out: out, screen: os.Stdout}
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

// againFlags are the given flags for the command that runs the same again. Left out are those that say where results go, and
// the seed and the tests, which each finding adds.
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

// quotedWord quotes a word for a shell, if it needs quotes.
func quotedWord(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,=/_-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
