package explore

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// drawnFrom explores programs that are drawn, few schedules each.
func drawnFrom(t *testing.T, c Config) *Summary {
	t.Helper()
	requireInstrumented(t)
	c.Subject, c.Draw.Small, c.PerProgram = log.Subject, true, 4
	c.Search = sched.Options{Seed: 5, Workers: 1, Schedules: c.Search.Schedules, RepeatEvery: -1}
	s, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.Empty(t, s.Findings)
	return s
}

func TestTheSummarySaysWhatWasTriedAndWhatWasNot(t *testing.T) {
	t.Parallel()
	c := Config{Subject: log.Subject, Draw: cases.Shape{Threads: 1, Operations: 1}, Search: sched.Options{Schedules: 40}}
	s := drawnFrom(t, c)
	require.Equal(t, 1, s.Tried.Longest)
	require.NotEmpty(t, s.Tried.Settings)
	lines := strings.Join(s.Lines(c), "\n")
	require.Contains(t, lines, "programs of up to 1 operation a client")
	require.Contains(t, lines, "handover 2", "each that is meant to hold")
	require.NotContains(t, lines, "seed", "another in each program says nothing")
	_, never, found := strings.Cut(lines, "never reached: operations ")
	require.True(t, found, lines)
	words, places, found := strings.Cut(never, "; places ")
	require.True(t, found, lines)
	require.Regexp(t, `^append/.* and \d+ more`, places, "one client waits for no other")
	require.NotEmpty(t, s.Tried.Operations)
	for word := range s.Tried.Operations {
		require.NotContains(t, strings.Split(words, ", "), word, "it was said")
	}
	require.NotContains(t, lines, "tail/lock", "of a hand-over that is known to be wrong")
}

func TestALineNamesTheFirstAndCountsTheOthers(t *testing.T) {
	t.Parallel()
	names := strings.Fields("a b c d e f g h i j")
	require.Equal(t, "a, b, c, d, e, f, g, h", some(names[:mostNamed]))
	require.Equal(t, "a, b, c, d, e, f, g, h and 2 more", some(names))
}

func TestAProgramThatIsGivenTriesNothingElse(t *testing.T) {
	t.Parallel()
	requireInstrumented(t)
	program, err := cases.Parse("v1 scenario=log handover=snapshot; w0: append 1", cases.Only(log.Subject))
	require.NoError(t, err)
	c := Config{Subject: log.Subject, Program: &program, Search: sched.Options{Seed: 1, Workers: 1, Schedules: 5}}
	s, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(s.Lines(c), "\n"), "tried:")
}

func TestShortProgramsComeFirst(t *testing.T) {
	t.Parallel()
	first := drawnFrom(t, Config{Draw: cases.Shape{Threads: 2, Operations: 5}, ShortFirst: true, Search: sched.Options{Schedules: 100}})
	require.LessOrEqual(t, first.Tried.Longest, 3)
	later := drawnFrom(t, Config{Draw: cases.Shape{Threads: 2, Operations: 5}, ShortFirst: true, Search: sched.Options{Schedules: 240}})
	require.Greater(t, later.Programs, 40)
	require.Greater(t, later.Tried.Longest, 3)
}

// Of programs that close the log beside what runs no faults are defined: others take their place.
func TestEachProgramThatIsDrawnForFaultsHasSome(t *testing.T) {
	t.Parallel()
	s := drawnFrom(t, Config{Draw: cases.Shape{Threads: 3, Operations: 3}, DrawFaults: 2, Search: sched.Options{Schedules: 160}})
	require.Greater(t, s.Programs, 30)
	for _, word := range []string{"close", "closestore", "handle", "other"} {
		require.Zero(t, s.Tried.Operations[word], word)
	}
}
