// Errors of wrong calls: they say what is wrong, which word was probably meant, and what to write instead.

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

// onlyPackages refuses arguments that cannot be packages: the name of a flag without its dashes, and a true or false that
// belongs to a flag.
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
		return usageError{fmt.Errorf("unexpected argument %q: a flag that is true or false takes its value after =, as in --canary=%s", args[0], args[0])}
	}
	if cmd.HasAvailableSubCommands() {
		return noCommand(cmd, args[0])
	}
	if cmd.Flags().Lookup(args[0]) != nil {
		return usageError{fmt.Errorf("unexpected argument %q: flags begin with two dashes: --%s", args[0], args[0])}
	}
	return usageError{fmt.Errorf("unexpected argument %q: everything is set by flags", args[0])}
}

// packagesOrCommands takes packages, and refuses a word that is nearly the name of a command below this one.
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

// shortFlagError is for a word with a single dash, in which pflag takes each letter for a flag.
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

// checkCall refuses failpoints from the environment where the command controls them, and empty values.
func checkCall(cmd *cobra.Command, _ []string) error {
	for _, variable := range environment.Taken() {
		if name, value, _ := strings.Cut(variable, "="); value != "" && !obeysEnvironment(cmd) {
			return usageError{fmt.Errorf("%s is set (%s), but %s obeys no failpoints from the environment: it controls them itself; remove the variable, or use racewindow stress for delays and faults",
				name, value, cmd.CommandPath())}
		}
	}
	return noEmptyValues(cmd)
}

// obeysEnvironment reports whether a command may run with the variables that enable failpoints set: it passes them on to
// what it starts, or does not care.
func obeysEnvironment(cmd *cobra.Command) bool {
	top := cmd
	for top.HasParent() && top.Parent().HasParent() {
		top = top.Parent()
	}
	return slices.Contains([]string{"test", "build", "run", "instrument", "failpoints", "help", "version", "completion", "__complete", "__completeNoDesc", "racewindow"}, top.Name())
}

// noEmptyValues refuses a flag with an empty value, which is what a shell makes of a variable that is not set. The command
// would otherwise run with the default, which was not asked for.
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

// valueRemedy says which values a flag takes.
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
		return "write words with commas between them; put a word that holds a quotation mark or a comma in quotation marks"
	}
	return e.Unwrap().Error()
}

// longDuration matches a well-formed duration. If time.ParseDuration refuses it, it is too long.
var longDuration = regexp.MustCompile(`^[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`)

// handoverByName finds a hand-over. The error for an unknown name says which one was probably meant.
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

// longestLine is the most letters of one line of an error that are shown.
const longestLine = 2000

// printable makes the text of an error safe for a terminal. Characters that would move the cursor, change colours or turn the
// direction of the text are escaped as in Go, and a line over longestLine loses its middle.
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
