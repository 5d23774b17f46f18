package soak

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABugIsOneFindingWhoseCaseBecomesSmaller(t *testing.T) {
	t.Parallel()
	rounds := 0
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		rounds++
		f := Found{Class: "ReadAfterWrite/empty", Detail: "missing", Case: largeCase, Count: 2}
		switch rounds {
		case 1, 2:
		case 3:
			f.Case = smallCase
		case 5:
			f.Class = "another"
		default:
			return RoundResult{}, nil
		}
		return RoundResult{Found: []Found{f}}, nil
	}}
	c := settings(t, kind)
	var said []string
	c.Say = func(line string) { said = append(said, line) }
	s, err := run(t, c)
	require.NoError(t, err)
	require.Equal(t, VerdictViolated, s.Verdict)
	require.EqualValues(t, 10, s.State.Rounds, "the campaign goes on")
	require.Len(t, s.State.Findings, 2)
	f := s.State.Open()[0]
	require.EqualValues(t, 6, f.Count)
	require.EqualValues(t, 3, f.Rounds)
	require.Equal(t, smallCase, f.Case)
	require.Contains(t, f.Round, "number=0", "found first there")
	content, err := os.ReadFile(filepath.Join(c.Out, findingsFolder, f.Fingerprint, "found.case"))
	require.NoError(t, err)
	require.Contains(t, string(content), smallCase)
	require.Contains(t, string(content), "# expect: ReadAfterWrite/empty\n")
	require.Len(t, said, 2, "each is announced once: %v", said)
}

func TestAHarnessThatIsBlindEndsTheCampaign(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.Checks = []Preparation{
		{CheckCanary, "seen", func(context.Context, uint64) (Check, error) { return Check{Passed: true}, nil }},
		{CheckCanary, "unseen", func(context.Context, uint64) (Check, error) { return Check{Detail: "nothing in 10 schedules"}, nil }},
	}
	s, err := run(t, c)
	require.ErrorIs(t, err, ErrChecks)
	require.Empty(t, kind.specs)
	require.Equal(t, VerdictNone, s.Verdict)
	require.Contains(t, strings.Join(s.Missed, "\n"), "canary unseen: nothing in 10 schedules")
	require.Contains(t, s.Text(), "1 of 2 of the canaries found")
}

func TestTheCorpusShowsWhatItSays(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	all, err := Corpus(filepath.Join("..", "..", "testdata", "cases"), ofLog.Find)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 9)
	c := settings(t, &scripted{name: "a"})
	c.Checks = all
	c.Minimums = Minimums{"corpus": 9}
	s, err := run(t, c)
	require.NoError(t, err)
	require.True(t, s.Passed)
	_, err = Corpus(t.TempDir(), ofLog.Find)
	require.ErrorIs(t, err, ErrConfig)
}

func TestACaseOfTheCorpusThatBreaksIsAFinding(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.case"), []byte("# expect: holds\n"+smallCase+"\n"), 0o666))
	c := settings(t, &scripted{name: "a"})
	var err error
	c.Checks, err = Corpus(folder, ofLog.Find)
	require.NoError(t, err)
	s, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictViolated, s.Verdict)
	require.Len(t, s.State.Open(), 1)
	require.Contains(t, s.State.Open()[0].Files, "report.html")
	require.EqualValues(t, 10, s.State.Rounds)
}

func TestAFindingThatIsFixedCountsNoMore(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const fixed = "v1 scenario=log handover=snapshot; w0: append 1, flush; r0: read - end"
	found := 0
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (r RoundResult, _ error) {
		if found++; found == 1 {
			r.Found = []Found{{Class: "x", Case: fixed}, {Class: "ReadAfterWrite/empty", Case: smallCase}}
		}
		return r, nil
	}}
	c := settings(t, kind)
	s, err := run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.Open(), 2)
	s, err = run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.Open(), 1)
	require.Equal(t, smallCase, s.State.Open()[0].Case)
	require.Contains(t, s.Text(), "gone: ")

	// What was gone is tried again at each start, and may be back: here by a journal that says so of a bug that is there.
	print := s.State.Open()[0].Fingerprint
	require.NoError(t, CloseFindings(c.Out, []string{print}))
	s, err = run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.Open(), 1)
	require.Equal(t, print, s.State.Open()[0].Fingerprint)
}

func TestAFindingWithoutACaseIsClosedByHandUntilItIsSeenAgain(t *testing.T) {
	t.Parallel()
	leaks := true
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (r RoundResult, _ error) {
		if leaks {
			r.Found = []Found{{Class: "process death", Shape: "kill: panic", Detail: "it died"}}
		}
		return r, nil
	}}
	c := settings(t, kind)
	s, err := run(t, c)
	require.NoError(t, err)
	print := s.State.Open()[0].Fingerprint
	require.ErrorContains(t, CloseFindings(c.Out, []string{"00000000"}), `has no finding "00000000"`)
	require.ErrorIs(t, CloseFindings(t.TempDir(), []string{print}), ErrConfig, "there is no campaign")
	require.NoError(t, CloseFindings(c.Out, []string{print}))
	require.ErrorIs(t, CloseFindings(c.Out, []string{print}), ErrConfig, "it is closed")
	leaks = false
	s, err = run(t, c)
	require.NoError(t, err)
	require.True(t, s.Passed)
	require.Contains(t, s.Text(), "gone: "+print+" process death: closed by hand")
	leaks = true
	s, err = run(t, c)
	require.NoError(t, err)
	require.False(t, s.Passed)
	require.Len(t, s.State.Open(), 1)
}
