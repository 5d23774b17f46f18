// Help: every text is laid out for the width of the terminal, at most 80 columns.

package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/report"
)

// Widths of help, in columns.
const (
	mostHelp  = 80
	leastHelp = 40
)

// glossary is where help says that its words are explained.
const glossary = report.Glossary

// helpWidth is the terminal's width, 80 columns at most and where there is no terminal.
func helpWidth() int { return max(leastHelp, min(mostHelp, columnsOf(os.Stdout, mostHelp))) }

// layOutHelp makes a command and its children lay out their help and usage for helpWidth.
func layOutHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd.OutOrStdout(), cmd, helpWidth()) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		writeUsage(cmd.OutOrStderr(), cmd, helpWidth())
		return nil
	})
}

func writeHelp(w io.Writer, cmd *cobra.Command, width int) {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\n", strings.TrimRight(layOut(about, width), " \n"))
	writeUsage(w, cmd, width)
}

func writeUsage(w io.Writer, cmd *cobra.Command, width int) {
	fmt.Fprintln(w, "Usage:")
	if cmd.Runnable() {
		fmt.Fprintln(w, strings.Join(columns.Words("  "+cmd.UseLine(), width, "      "), "\n"))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", layOut(cmd.Example, width))
	}
	if cmd.HasAvailableSubCommands() && cmd.HasParent() { // the root lists its commands in rootAbout
		fmt.Fprintln(w, "\nCommands:")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintln(w, layOut(fmt.Sprintf("  %-12s  %s", c.Name(), c.Short), width))
			}
		}
	}
	if cmd.HasAvailableLocalFlags() && !cmd.DisableFlagParsing {
		fmt.Fprintf(w, "\nFlags:\n%s\n", flagUsages(cmd, width))
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", layOut(fmt.Sprintf("'%s COMMAND --help' says more about a command.", cmd.CommandPath()), width))
	}
}

// flagUsages lists the flags, each wrapped to the width; pflag itself cannot wrap to so few columns.
func flagUsages(cmd *cobra.Command, width int) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(cmd.LocalFlags().FlagUsages(), "\n"), "\n") {
		lines = append(lines, layOutRow(strings.TrimRight(line, " "), width)...)
	}
	return strings.Join(lines, "\n")
}

// layOut wraps a text to a width in columns. Lines that begin at the margin form a paragraph, which ends at an empty line or
// at a row. A row begins with blanks: it has a command or a word, then two or more blanks, then what that is. A line that is
// indented further than the row above it continues that row.
func layOut(text string, width int) string {
	var lines []string
	var paragraph []string
	row := ""
	flush := func() {
		if len(paragraph) > 0 {
			lines = append(lines, columns.Words(strings.Join(paragraph, " "), width, "")...)
		}
		if row != "" {
			lines = append(lines, layOutRow(row, width)...)
		}
		paragraph, row = nil, ""
	}
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			flush()
			lines = append(lines, "")
		case line[0] != ' ' && line[0] != '\t':
			if row != "" {
				flush()
			}
			paragraph = append(paragraph, trimmed)
		case row != "" && indentOf(line) > indentOf(row):
			row += " " + trimmed
		default:
			flush()
			row = line
		}
	}
	flush()
	return strings.Join(lines, "\n")
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// twoParts matches a row: a word, a gap of two or more blanks, and what the word is.
var twoParts = regexp.MustCompile(`^(\s*\S.*?\s{2,})(\S.*)$`)

// leastText is how many columns the second part of a row needs to stand beside the first.
const leastText = 24

func layOutRow(row string, width int) []string {
	parts := twoParts.FindStringSubmatch(row)
	if utf8.RuneCountInString(row) <= width {
		return []string{row}
	}
	if parts == nil {
		return columns.Command(row, width, strings.Repeat(" ", indentOf(row)+4))
	}
	first, second := parts[1], parts[2]
	if at := utf8.RuneCountInString(first); width-at >= leastText {
		lines := columns.Words(second, width-at, "")
		for i := range lines {
			lines[i] = first + lines[i]
			first = strings.Repeat(" ", at)
		}
		return lines
	}
	indent := strings.Repeat(" ", indentOf(row)+4)
	lines := columns.Command(strings.TrimRight(first, " "), width, indent)
	for _, line := range columns.Words(second, width-len(indent), "") {
		lines = append(lines, indent+line)
	}
	return lines
}

// helpCommand is 'racewindow help'. It replaces cobra's own, which accepts a command that does not exist.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print what a command does",
		Long:  "Print what a command does: its flags, examples and exit codes.\n\nExit codes: 0 printed, 2 there is no such command.",
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) (words []string, _ cobra.ShellCompDirective) {
			if cmd, err := commandAt(root, args); err == nil {
				for _, c := range cmd.Commands() {
					if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
						words = append(words, cobra.CompletionWithDesc(c.Name(), c.Short))
					}
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, err := commandAt(root, args)
			if err != nil {
				return err
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// commandAt finds the command that the names lead to from cmd: a child, the child's child, and so on.
func commandAt(cmd *cobra.Command, names []string) (*cobra.Command, error) {
	for _, name := range names {
		var next *cobra.Command
		for _, c := range cmd.Commands() {
			if c.Name() == name {
				next = c
			}
		}
		switch {
		case next == nil && !cmd.HasAvailableSubCommands():
			return nil, usageError{fmt.Errorf("'%s' has no commands of its own, so none is called %q", cmd.CommandPath(), name)}
		case next == nil:
			return nil, noCommand(cmd, name)
		}
		cmd = next
	}
	return cmd, nil
}
