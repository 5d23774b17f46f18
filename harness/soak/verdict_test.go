package soak

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBelowItsMinimumsACampaignIsNoPass(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	c.Minimums = Minimums{"rounds": 1, "crashes": 1, "crash": 1}
	s, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictNone, s.Verdict)
	require.Equal(t, []string{"crash: 0, at least 1", "crashes: 0, at least 1"}, s.Missed)
	require.Contains(t, s.Text(), "missed: crashes: 0, at least 1")
}

func TestRoundsWithoutAVerdictAreCountedAndNoPass(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) { return RoundResult{}, errBroken }}
	c := settings(t, kind)
	c.NotRun = []NotRun{{"fuzz", "there is no go command"}}
	c.Minimums = Minimums{"a": 1}
	s, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.EqualValues(t, 10, s.State.Kinds["a"].Inconclusive)
	require.Equal(t, []string{"a: 10 of 10 rounds have no verdict, the last: broken", "a: 0, at least 1"}, s.Missed)
	require.Contains(t, s.Text(), "a without a verdict, the last: broken")
	require.Contains(t, s.Text(), "not run: fuzz: there is no go command")
}

// Most rounds of one kind failed: what the other did does not make up for it.
func TestAKindWhoseRoundsMostlyHaveNoVerdictIsNoPass(t *testing.T) {
	t.Parallel()
	for broken, missed := range map[int][]string{
		2: {},
		3: {"b: 3 of 5 rounds have no verdict, the last: broken"},
	} {
		kind := &scripted{name: "b"}
		kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
			if len(kind.specs) <= broken {
				return RoundResult{}, errBroken
			}
			return RoundResult{}, nil
		}
		c := settings(t, &scripted{name: "a"}, kind)
		c.Minimums = Minimums{"b": 1}
		m, err := run(t, c)
		require.EqualValues(t, 5, m.State.LegDone.Kinds["b"].Rounds)
		require.Equal(t, missed, m.Missed)
		require.Equal(t, len(missed) == 0, m.Passed)
		require.Equal(t, len(missed) == 0, err == nil)
	}
}

// Enough was done for its minimums, and still an interrupted campaign did not do what it was to do.
func TestAnInterruptedCampaignIsNoPass(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		cancel()
		return RoundResult{}, nil
	}})
	c.For, c.RoundFor, c.Minimums = 8*time.Hour, 2*time.Second, Minimums{"rounds": 1}
	s, err := Open(c)
	require.NoError(t, err)
	m, err := s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictNone, m.Verdict)
	require.Equal(t, []string{"ended early: interrupted, 2s of 8h0m0s"}, m.Missed)
	require.NoError(t, s.Close())
	written, err := ReadSummary(c.Out)
	require.NoError(t, err)
	require.False(t, written.Passed)
	require.Equal(t, m.Missed, written.Missed)

	merged, err := Merge([]string{c.Out}, t.TempDir(), Minimums{"rounds": 1})
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictNone, merged.Verdict)
	require.Equal(t, []string{c.Out + ": ended early: interrupted, 2s of 8h0m0s"}, merged.Missed)
}

// A campaign that cannot keep what it found ends with an error, and no view of it says that it passed.
func TestACampaignThatEndsWithAnErrorIsNoPass(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		return RoundResult{Found: []Found{{Class: "x", Detail: "y"}}}, nil
	}})
	require.NoError(t, os.WriteFile(filepath.Join(c.Out, findingsFolder), nil, 0o666)) // in the place of the folder
	s, err := run(t, c)
	require.ErrorContains(t, err, "keep a finding")
	require.False(t, s.Passed)
	require.Equal(t, VerdictNone, s.Verdict)
	require.Contains(t, s.Missed[0], "ended early: keep a finding: ")
	require.Contains(t, s.Text(), "soak no verdict: ")
	junit, err := os.ReadFile(filepath.Join(c.Out, "summary.xml"))
	require.NoError(t, err)
	require.NotContains(t, string(junit), `failures="0"`)
}

// The summary is what others read. One that cannot be written whole must not say in another format that it passed.
func TestASummaryThatCannotBeWrittenIsNoPass(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 10 { // something comes in the place of the file
			return RoundResult{}, errors.Join(os.Remove(filepath.Join(c.Out, "summary.txt")), os.Mkdir(filepath.Join(c.Out, "summary.txt"), 0o777))
		}
		return RoundResult{}, nil
	}
	s, err := run(t, c)
	require.ErrorContains(t, err, "write the summary")
	require.False(t, s.Passed)
	written, err := ReadSummary(c.Out)
	require.NoError(t, err)
	require.Equal(t, VerdictNone, written.Verdict)
}

// Somebody may read the folder at any moment: what a former night has passed is not what this one did.
func TestAStartTakesAFormerVerdictAway(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	_, err := run(t, c)
	require.NoError(t, err)
	verdict := ""
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		m, err := ReadSummary(c.Out)
		verdict = m.Verdict
		return RoundResult{}, err
	}
	_, err = run(t, c)
	require.NoError(t, err)
	require.Equal(t, VerdictUnfinished, verdict)
}

// A campaign whose end is not on the disk has not come to it.
func TestAnEndThatIsNotWrittenIsNoPass(t *testing.T) {
	t.Parallel()
	var s *Soak
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	s, err := Open(c)
	require.NoError(t, err)
	written := s.journal.sync
	s.journal.sync = func(f *os.File) error {
		if len(kind.specs) == 10 && s.state.Rounds == 10 {
			return errBroken
		}
		return written(f)
	}
	m, err := s.Run(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, VerdictNone, m.Verdict)
	require.Equal(t, []string{"ended early: sync the journal: broken, 10s of 10s"}, m.Missed)
	require.NoError(t, s.Close())
}

func TestMinimumsAreOfTheLegAndNotOfFormerNights(t *testing.T) {
	t.Parallel()
	broken := false
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		if broken {
			return RoundResult{}, errBroken
		}
		return RoundResult{Counts: Counts{CountCrashes: 10}, Points: Counts{"flush/synced": 1}, Behaviour: []string{PairPrefix + "x > y"}}, nil
	}}
	c := settings(t, kind)
	c.Minimums = Minimums{"rounds": 10, "a": 1, CountCrashes: 100, "failpoints": 1, "pairs": 1}
	first, err := run(t, c)
	require.NoError(t, err)
	require.True(t, first.Passed)
	require.Contains(t, strings.Join(strings.Fields(first.Text()), " "), "minimums of this leg: a 10 of 1, crashes 100 of 100, rounds 10 of 10; of the whole campaign: failpoints 1 of 1, pairs 1 of 1")

	broken = true
	second, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictNone, second.Verdict)
	require.Equal(t, []string{"a: 10 of 10 rounds have no verdict, the last: broken", "a: 0, at least 1", "crashes: 0, at least 100"}, second.Missed)
	require.EqualValues(t, 20, second.State.Rounds)
	require.Contains(t, strings.Join(strings.Fields(second.Text()), " "), "; this leg 10 rounds in 10s")
	require.EqualValues(t, 100, second.State.Counts[CountCrashes], "what was done is still shown")
}

// A leg is a stretch of time and not a process: what was done before a kill counts, also when the journal was folded since.
func TestALegSpansProcessesAndFoldedJournals(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	_, err := run(t, c)
	require.NoError(t, err)
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 14 {
			return RoundResult{}, errBroken
		}
		return RoundResult{Counts: Counts{CountCrashes: 1}}, nil
	}
	s, err := Open(c)
	require.NoError(t, err)
	s.journal.limit = 10 // each round folds it
	require.NoError(t, s.append(Entry{Type: entryStart, For: c.For}))
	for range 4 {
		require.NoError(t, s.round(t.Context()))
	}
	require.NoError(t, s.Close()) // and no end
	c.Minimums = Minimums{"rounds": 10, "a": 9, CountCrashes: 9}
	m, err := run(t, c)
	require.NoError(t, err)
	require.EqualValues(t, 10, m.State.LegDone.Rounds)
	require.EqualValues(t, 6, m.State.StartRounds)
	require.EqualValues(t, 20, m.State.Rounds)
	again, err := ReadState(c.Out)
	require.NoError(t, err)
	require.Equal(t, m.State.LegDone, again.LegDone)
}

func TestAStartThatDoesNoRoundIsNoPass(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	kind := &scripted{name: "a"}
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 5 {
			cancel()
		}
		return RoundResult{}, nil
	}
	c := settings(t, kind)
	s, err := Open(c)
	require.NoError(t, err)
	_, err = s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.NoError(t, s.Close())
	c.For = 2 * time.Second
	m, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, []string{"0 rounds in this start: the time of its leg, 2s, was already over"}, m.Missed)
	require.Len(t, kind.specs, 5)
	m, err = run(t, c)
	require.NoError(t, err, "another leg")
	require.EqualValues(t, 2, m.State.LegDone.Rounds)
}
