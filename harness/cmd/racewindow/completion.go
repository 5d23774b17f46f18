// Shell completion of flags' values and of files. 'racewindow completion' writes the scripts that call it.

package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/storage"
)

// flagValues are the words that a flag takes, by the flag's name. They are the same in every command.
var flagValues = map[string]func() []string{
	"handover":  handovers,
	"handovers": handovers,
	"strategy":  strategies,
	"subject":   subjectNames,
	"model":     models,
	"format":    formats,
	"kinds":     soakKinds,
	"count":     func() []string { return endedBy("=", soakKinds()) },
	"minimum":   func() []string { return append([]string{"none"}, endedBy("=", minimumNames())...) },
	"shard":     func() []string { return []string{"0/1"} },
	"delay-points": func() (names []string) {
		for _, e := range storage.Points() {
			names = append(names, e.Name)
		}
		return names
	},
}

// folderFlags take a folder. Other flags that take a DIR or FILE are completed with files.
var folderFlags = []string{"dir", "out", "corpus", "source"}

func models() []string { return []string{"ordered", "weak"} }

func formats() (names []string) {
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	return names
}

func endedBy(end string, words []string) (ended []string) {
	for _, word := range words {
		ended = append(ended, word+end)
	}
	return ended
}

// completeFlags registers the completion of each flag of a command and of its children.
func completeFlags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		known, isWord := flagValues[flag.Name]
		var complete cobra.CompletionFunc
		switch kind, _ := pflag.UnquoteUsage(flag); {
		case isWord:
			complete = words(known, flag.Value.Type() == "stringSlice")
		case kind == "DIR" && slices.Contains(folderFlags, flag.Name):
			complete = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return nil, cobra.ShellCompDirectiveFilterDirs
			}
		case kind == "FILE":
			return // the shell completes files by default
		default:
			complete = cobra.NoFileCompletions
		}
		if err := cmd.RegisterFlagCompletionFunc(flag.Name, complete); err != nil {
			panic(err) // a mistake in this file: two completions for one flag
		}
	})
	for _, c := range cmd.Commands() {
		completeFlags(c)
	}
}

// words completes one of the known words. If the flag takes a list, it also completes another one after a comma.
func words(known func() []string, list bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) (found []string, _ cobra.ShellCompDirective) {
		before, directive := "", cobra.ShellCompDirectiveNoFileComp
		if at := strings.LastIndexByte(typed, ','); list && at >= 0 {
			before = typed[:at+1]
		}
		for _, word := range known() {
			if strings.HasPrefix(before+word, typed) {
				found = append(found, before+word)
			}
			if strings.HasSuffix(word, "=") {
				directive |= cobra.ShellCompDirectiveNoSpace
			}
		}
		return found, directive
	}
}

// completeFiles completes arguments that are files, completeFolders those that are folders.
func completeFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func completeFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeGo completes the commands that wrap the go command: their own flags, and otherwise files.
func completeGo(cmd *cobra.Command, _ []string, typed string) (found []string, _ cobra.ShellCompDirective) {
	if !strings.HasPrefix(typed, "-") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	for _, flag := range []string{"--include", "--plant", "--strip", "--weaken", "--help", "-race", "-tags", "-cover"} {
		if strings.HasPrefix(flag, typed) && (flag != "--weaken" || cmd.Name() == "test") {
			found = append(found, flag)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// settleCompletion makes cobra's completion command refuse arguments and describe itself as the other commands do.
func settleCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Short = "Write the script that makes a shell complete commands, flags and their values"
		cmd.Long = cmd.Short + ".\n\nExit codes: 0 written, 2 wrong usage."
		cmd.Args = noArguments
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		for _, shell := range cmd.Commands() {
			shell.Args = noArguments
			shell.Short = "Write the script for " + shell.Name()
		}
	}
}
