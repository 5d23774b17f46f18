// What a wrong call is told: what is wrong, which word was probably meant, and what to write instead.

package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/storage"
)

// noCommand refuses a command that cmd does not have.
func noCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			known = append(known, c.Name())
		}
	}
	slices.Sort(known)
	if slices.Contains(known, name) {
		return usageError{fmt.Errorf("%q stands after '--', which ends flags and commands: leave the -- out", name)}
	}
	whose := ""
	if cmd.HasParent() {
		whose = " of '" + cmd.CommandPath() + "'"
	}
	return usageError{fmt.Errorf("no command%s is called %q%s: there are %s", whose, name, spelling.Meant(name, known), strings.Join(known, ", "))}
}

// onlyPackages refuses arguments that can be no packages: the name of a flag without its dashes, and the value of a flag that is on
// or off.
func onlyPackages(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		_, err := strconv.ParseBool(arg)
		if err == nil || cmd.Flags().Lookup(arg) != nil {
			return noArguments(cmd, []string{arg})
		}
	}
	return nil
}

// noArguments refuses arguments after the flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if _, err := strconv.ParseBool(args[0]); err == nil {
		return usageError{fmt.Errorf("unexpected argument %q: a flag that is on or off takes it after an =, such as --canary=%s", args[0], args[0])}
	}
	if cmd.HasAvailableSubCommands() {
		return noCommand(cmd, args[0])
	}
	if cmd.Flags().Lookup(args[0]) != nil {
		return usageError{fmt.Errorf("unexpected argument %q: flags begin with two dashes: --%s", args[0], args[0])}
	}
	return usageError{fmt.Errorf("unexpected argument %q: everything is set by flags", args[0])}
}

// packagesOrCommands refuses a word that was meant for a command below this one.
func packagesOrCommands(cmd *cobra.Command, args []string) error {
	var commands []string
	for _, c := range cmd.Commands() {
		commands = append(commands, c.Name())
	}
	if len(args) > 0 {
		if _, near := spelling.Nearest(args[0], commands); near {
			return noCommand(cmd, args[0])
		}
	}
	return onlyPackages(cmd, args)
}

// flagError explains what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return usageError{shortFlagError(cmd, unknown)}
	case errors.As(err, &unknown):
		return usageError{fmt.Errorf("%w%s", err, meantFlag(cmd, unknown.GetSpecifiedName()))}
	case errors.As(err, &value):
		return usageError{fmt.Errorf("invalid value %.80q for \"--%s\": %s", value.GetValue(), value.GetFlag().Name, valueRemedy(value))}
	}
	return usageError{err}
}

// shortFlagError is for what begins with a single dash, which pflag takes for a row of flags of one letter each.
func shortFlagError(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	written, _, _ := strings.Cut(unknown.GetSpecifiedShortnames(), "=")
	return fmt.Errorf("unknown flag: -%s%s", written, meantFlag(cmd, written))
}

// meantFlag says which flag was meant: a similar one of the command, or one that only other commands have.
func meantFlag(cmd *cobra.Command, name string) string {
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if word, ok := spelling.Nearest(name, known); ok {
		return fmt.Sprintf(" (did you mean --%s?)", word)
	}
	var others []string
	for _, other := range cmd.Root().Commands() {
		if other != cmd && other.Flags().Lookup(name) != nil {
			others = append(others, "'"+other.CommandPath()+"'")
		}
	}
	if len(others) > 0 {
		return ": it is a flag of " + strings.Join(others, " and ")
	}
	return ""
}

// checkCall refuses what no command takes.
func checkCall(cmd *cobra.Command, _ []string) error {
	for _, variable := range environment.Taken() {
		if name, value, _ := strings.Cut(variable, "="); value != "" && !obeysEnvironment(cmd) {
			return usageError{fmt.Errorf("%s is set (%s), and %s obeys no failpoint of the environment: it controls them itself; remove the variable, or use racewindow stress for delays and faults",
				name, value, cmd.CommandPath())}
		}
	}
	return noEmptyValues(cmd)
}

// obeysEnvironment says whether the variables that enable failpoints are for what a command starts, or nothing to it.
func obeysEnvironment(cmd *cobra.Command) bool {
	top := cmd
	for top.HasParent() && top.Parent().HasParent() {
		top = top.Parent()
	}
	return slices.Contains([]string{"test", "build", "run", "instrument", "failpoints", "help", "version", "completion", "__complete", "__completeNoDesc", "racewindow"}, top.Name())
}

// noEmptyValues refuses a flag that was given with nothing in it, as a shell does with a variable that is not set: what would
// run then is not what was asked for.
func noEmptyValues(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		empty := flag.Value.Type() == "string" && flag.Value.String() == ""
		if list, ok := flag.Value.(pflag.SliceValue); ok && strings.HasPrefix(flag.Value.Type(), "string") {
			empty = len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")
		}
		if empty && err == nil {
			kind, _ := pflag.UnquoteUsage(flag)
			err = usageError{fmt.Errorf("--%s is empty: give a value (%s), or leave the flag out", flag.Name, kind)}
		}
	})
	return err
}

// valueRemedy says what a flag takes.
func valueRemedy(e *pflag.InvalidValueError) string {
	large := errors.Is(e, strconv.ErrRange)
	switch e.GetFlag().Value.Type() {
	case "int", "int64":
		if large {
			return "the number is too large"
		}
		return "write a whole number, such as 100"
	case "uint64":
		if large {
			return "the number is too large: it must lie below 2^64"
		}
		return "write a whole number that is not negative, such as 7"
	case "float64":
		return "write a number, such as 0.25"
	case "duration":
		if longDuration.MatchString(e.GetValue()) {
			return "the time is too long: at most 2540400h"
		}
		return "write a number with its unit, such as 500ms, 10s, 2m or 1h30m"
	case "bool":
		return "write true or false"
	case "intSlice":
		return "write whole numbers with commas between them, such as 1,2,3"
	case "stringSlice":
		return "write words with commas between them; one that holds a quotation mark or a comma stands in quotation marks"
	}
	return e.Unwrap().Error()
}

// longDuration is a duration as it is written; if it cannot be read, it is too long.
var longDuration = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`)

// handoverByName finds a hand-over, and says which one was meant.
func handoverByName(name string) (storage.Handover, error) {
	h, err := storage.HandoverByName(name)
	if err != nil {
		return h, fmt.Errorf("no hand-over is called %.80q%s: choose one of %s", name, spelling.Meant(name, handovers()), strings.Join(handovers(), ", "))
	}
	return h, nil
}

func handovers() (names []string) {
	for _, h := range storage.Handovers() {
		names = append(names, h.Name())
	}
	return names
}

// strategies are what --strategy takes.
func strategies() []string { return sched.Strategies() }

// longestLine is how many letters of one line of an error are shown.
const longestLine = 2000

// printable is an error's text for a terminal: what would move the cursor, change colours or turn the direction of the text is
// shown as Go writes it, and a line that nobody can read is cut in its middle.
func printable(text string) string {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		end := strings.HasSuffix(line, "\n")
		b.WriteString(cutMiddle(plainLine(strings.TrimSuffix(line, "\n"))))
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func plainLine(line string) string {
	var b strings.Builder
	for i, r := range line {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(line[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, line[i])
		case r != '\t' && r != ' ' && !unicode.IsPrint(r):
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func cutMiddle(line string) string {
	letters := []rune(line)
	if len(letters) <= longestLine {
		return line
	}
	half := longestLine / 2
	return fmt.Sprintf("%s ... (%d letters more) ... %s", string(letters[:half]), len(letters)-2*half, string(letters[len(letters)-half:]))
}
