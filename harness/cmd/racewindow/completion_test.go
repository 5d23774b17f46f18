package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/soak"
)

// complete is what a shell gets for the last of these words, and what it is told to do besides.
func complete(t *testing.T, args ...string) (found []string, directive string) {
	t.Helper()
	code, stdout, _ := command(t, append([]string{cobra.ShellCompNoDescRequestCmd}, args...)...)
	require.Equal(t, exitHeld, code)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

// Directives, as a shell gets them.
const (
	files   = ":0"
	noFiles = ":4"
	folders = ":16"
)

func TestShellsCompleteValuesAndFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args      string
		want      []string
		directive string
	}{
		{"explore --handover =", handovers(), noFiles},
		{"stress --handover re", []string{"recheck", "recheckliteral", "retain"}, noFiles},
		{"kill --handover=st", []string{"stale"}, noFiles},
		{"soak --handovers snapshot,st", []string{"snapshot,stale"}, noFiles},
		{"explore --strategy p", []string{"pct", "pos"}, noFiles},
		{"explore --model =", []string{"ordered", "weak"}, noFiles},
		{"stress --model w", []string{"weak"}, noFiles},
		{"report --format =", formats(), noFiles},
		{"soak --kinds crash", []string{"crash", "crashstress"}, noFiles},
		{"soak --kinds explore,k", []string{"explore,kill"}, noFiles},
		{"soak --minimum sch", []string{"schedules="}, ":6"},
		{"stress --delay-points read/meta", []string{"read/metadata-loaded"}, noFiles},
		{"stress --dir =", nil, folders},
		{"explore --out =", nil, folders},
		{"soak --corpus =", nil, folders},
		{"explore --json =", nil, files},
		{"report --out =", nil, files},
		{"soak --race-binary =", nil, files},
		{"explore --seed =", nil, noFiles},
		{"replay =", nil, files},
		{"report =", nil, files},
		{"soak merge =", nil, folders},
		{"soak close =", nil, noFiles},
		{"help so", []string{"soak"}, noFiles},
		{"help soak m", []string{"merge"}, noFiles},
		{"soa", []string{"soak"}, noFiles},
		{"test --p", []string{"--plant"}, noFiles},
		{"build =", nil, files},
	} {
		words := strings.Fields(c.args)
		if last := len(words) - 1; words[last] == "=" {
			words[last] = ""
		}
		found, directive := complete(t, words...)
		require.ElementsMatch(t, c.want, found, c.args)
		require.Equal(t, c.directive, directive, c.args)
	}
}

// A flag that takes one of some words is completed, in whichever command it is.
func TestEveryFlagWithWordsIsCompleted(t *testing.T) {
	t.Parallel()
	for _, cmd := range everyCommand() {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			kind, _ := pflag.UnquoteUsage(flag)
			if _, completed := cmd.GetFlagCompletionFunc(flag.Name); !completed {
				require.Contains(t, []string{"FILE", ""}, kind, "--%s of %s", flag.Name, cmd.CommandPath())
			}
			if kind == "DIR" {
				require.Contains(t, folderFlags, flag.Name)
			}
		})
	}
	for _, model := range models() {
		_, err := crash.ModelByName(model)
		require.NoError(t, err)
	}
	for _, kind := range (&soakFlags{}).kindNames(t) {
		require.Contains(t, soakKinds(), kind)
	}
	require.NoError(t, soak.ParseMinimums(soak.Minimums{}, endedBy("1", endedBy("=", minimumNames())), minimumNames()))
}

// kindNames are the kinds that can be run here or cannot: all that there are.
func (f *soakFlags) kindNames(t *testing.T) (names []string) {
	t.Helper()
	kinds, notRun, err := f.allKinds()
	require.NoError(t, err)
	for _, k := range kinds {
		names = append(names, k.Name())
	}
	for _, n := range notRun {
		names = append(names, n.What)
	}
	slices.Sort(names)
	require.ElementsMatch(t, soakKinds(), names)
	return names
}
