package soak

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestACampaignLastsAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.Minimums = Minimums{"rounds": 10, CountOperations: 100, "a": 10}
	s, err := run(t, c)
	require.NoError(t, err)
	require.True(t, s.Passed)
	require.EqualValues(t, 10, s.State.Rounds)
	require.Equal(t, 10*time.Second, s.State.Elapsed)
	require.Equal(t, "the time is over", s.State.Ended)
	for i, spec := range kind.specs {
		require.EqualValues(t, i, spec.Number)
		require.Equal(t, SeedOf(7, spec.Number), spec.Seed)
		require.Equal(t, time.Second, spec.For)
	}
	for _, name := range []string{"summary.txt", "summary.json", "summary.md", "summary.xml"} {
		require.FileExists(t, filepath.Join(c.Out, name))
	}
}

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
	require.Equal(t, []string{"a: 0, at least 1"}, s.Missed)
	require.Contains(t, s.Text(), "a without a verdict, the last: broken")
	require.Contains(t, s.Text(), "not run: fuzz: there is no go command")
}

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

func TestAnInterruptedCampaignEndsInOrderAndGoesOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	kind := &scripted{name: "a"}
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 4 {
			cancel()
		}
		return RoundResult{Counts: Counts{CountOperations: 1}}, nil
	}
	c := settings(t, kind)
	c.Minimums = Minimums{CountOperations: 5}
	s, err := Open(c)
	require.NoError(t, err)
	m, err := s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, "interrupted", m.State.Ended)
	require.EqualValues(t, 4, m.State.Rounds)
	require.NoError(t, s.Close())

	c.Seed = 0 // the journal's
	again, err := run(t, c)
	require.NoError(t, err)
	require.EqualValues(t, 10, again.State.Rounds)
	require.Equal(t, 2, again.State.Starts)
	require.Zero(t, again.State.Lost)
	require.Len(t, kind.specs, 10)
}

func TestACampaignThatEndedGoesOnForAsLongAgain(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	_, err := run(t, c)
	require.NoError(t, err)
	s, err := run(t, c)
	require.NoError(t, err)
	require.EqualValues(t, 20, s.State.Rounds)
}

func TestAnotherCampaignIsRefused(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	_, err := run(t, c)
	require.NoError(t, err)
	other := c
	other.Seed = 8
	_, err = Open(other)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "has the seed 7, not 8")
	other = c
	other.Shard = Shard{1, 2}
	_, err = Open(other)
	require.ErrorContains(t, err, "is shard 0/1, not 1/2")
	for _, wrong := range []Config{{}, {Out: c.Out}, {Out: c.Out, Kinds: []Kind{&scripted{name: "a"}, &scripted{name: "a"}}}} {
		_, err = Open(wrong)
		require.ErrorIs(t, err, ErrConfig)
	}
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
	all, err := Corpus(filepath.Join("..", "..", "testdata", "cases"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(all), 9)
	c := settings(t, &scripted{name: "a"})
	c.Checks = all
	c.Minimums = Minimums{"corpus": 9}
	s, err := run(t, c)
	require.NoError(t, err)
	require.True(t, s.Passed)
	_, err = Corpus(t.TempDir())
	require.ErrorIs(t, err, ErrConfig)
}

func TestACaseOfTheCorpusThatBreaksIsAFinding(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.case"), []byte("# expect: holds\n"+smallCase+"\n"), 0o666))
	c := settings(t, &scripted{name: "a"})
	var err error
	c.Checks, err = Corpus(folder)
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

// A kill at any moment loses the round in progress at most, and the next start goes on.
func TestAKilledCampaignGoesOn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	before := uint64(0)
	for start := 1; start <= 3; start++ {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), childVariable+"=endless", "RACEWINDOW_SOAK_OUT="+folder)
		require.NoError(t, command.Start())
		require.Eventually(t, func() bool { return roundsIn(folder) >= before+20 }, 60*time.Second, time.Millisecond)
		_, err := Open(Config{Out: folder, Kinds: []Kind{&scripted{name: "quick"}}})
		require.ErrorIs(t, err, ErrLocked)
		require.NoError(t, command.Process.Kill())
		require.Error(t, command.Wait())
		s, err := ReadState(folder)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Rounds, before+20)
		require.LessOrEqual(t, s.Lost, uint64(start))
		require.Equal(t, start, s.Starts)
		require.EqualValues(t, 10*s.Rounds, s.Counts[CountOperations], "each round counts once")
		before = s.Rounds
	}
	s, err := Open(Config{Out: folder, For: 1, Kinds: []Kind{&scripted{name: "quick"}}})
	require.NoError(t, err)
	m, err := s.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 4, m.State.Starts)
	require.LessOrEqual(t, m.State.Lost, uint64(3))
	require.NoError(t, s.Close())
}

// roundsIn counts the rounds of a journal that somebody writes.
func roundsIn(folder string) (n uint64) {
	file, err := os.Open(filepath.Join(folder, journalName))
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.Contains(lines.Text(), `"type":"round"`) {
			n++
		}
	}
	return n
}

func TestARoundThatKillsItsProcessTwiceIsAFindingAndLeftOut(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	for range deadlyRounds {
		s, err := Open(c)
		require.NoError(t, err)
		require.NoError(t, s.append(Entry{Type: entryStart}))
		require.NoError(t, s.append(Entry{Type: entryBegin, Spec: "v1 kind=a variant=all number=0 seed=1 for=1s"}))
		require.NoError(t, s.Close()) // and no end
	}
	s, err := run(t, c)
	require.NoError(t, err)
	require.EqualValues(t, 2, s.State.Lost)
	require.Len(t, s.State.Open(), 1)
	require.Equal(t, "process death", s.State.Open()[0].Class)
	require.EqualValues(t, 1, kind.specs[0].Number, "the round is left out")
	require.Contains(t, s.Text(), "number=0")
}

func TestALeakIsAFinding(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	c.For = 100 * time.Second
	files := 0
	c.Measure = func() Sample {
		files += 5
		return Sample{Resident: 1 << 20, Files: files}
	}
	s, err := run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.Open(), 1)
	require.Equal(t, "leak", s.State.Open()[0].Class)
	require.Contains(t, s.State.Open()[0].Detail, "open files: GROWS")
}

func TestAFullDiskEndsTheCampaignWithAnError(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	s, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, s.journal.file.Close()) // nothing can be written any more
	_, err = s.Run(t.Context())
	require.ErrorContains(t, err, "write the journal")
	require.Error(t, s.Close())
}
