package soak

import (
	"bufio"
	"context"
	"errors"
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

// A kind that fails at once takes its share of the time, and not of the journal.
func TestRoundsThatFailAtOnceDoNotSpin(t *testing.T) {
	t.Parallel()
	now := newClock()
	good := &scripted{name: "good", clock: now}
	bad := &scripted{name: "bad", do: func(context.Context, RoundSpec) (RoundResult, error) {
		now.pass(time.Millisecond)
		return RoundResult{}, errBroken
	}}
	c := settings(t)
	c.Kinds, c.Now, c.For, c.RoundFor = []Kind{good, bad}, now.Now, 60*time.Second, time.Second
	var waits []time.Duration
	c.Wait = func(_ context.Context, d time.Duration) {
		waits = append(waits, d)
		now.pass(d)
	}
	m, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Less(t, len(bad.specs), 35, "half of the time is its share")
	require.Greater(t, len(good.specs), 25)
	require.Equal(t, []time.Duration{100, 200, 400, 800, 999, 999}, func() (all []time.Duration) {
		for _, d := range waits[:6] {
			all = append(all, d/time.Millisecond)
		}
		return all
	}())
	require.Contains(t, m.Missed[0], "bad: ")
	require.InDelta(t, 60, m.State.Elapsed.Seconds(), 1)
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wait(ctx, time.Hour)
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
	require.ErrorContains(t, err, "ended early: interrupted, 4s of 10s")
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

// What comes first may take all the time that a restart has left.
func TestAStartThatHasTimeLeftDoesARound(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.Checks = []Preparation{{CheckCorpus, "slow", func(context.Context, uint64) (Check, error) {
		kind.clock.pass(time.Minute)
		return Check{Passed: true}, nil
	}}}
	m, err := run(t, c)
	require.NoError(t, err)
	require.True(t, m.Passed)
	require.EqualValues(t, 1, m.State.Rounds)
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
	require.Contains(t, second.Text(), "; this leg 10 rounds in 10s")
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
	require.Equal(t, []string{"0 rounds in this start: the time of its leg, 2s, was over before"}, m.Missed)
	require.Len(t, kind.specs, 5)
	m, err = run(t, c)
	require.NoError(t, err, "another leg")
	require.EqualValues(t, 2, m.State.LegDone.Rounds)
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
	left, err := ReadState(folder)
	require.NoError(t, err)
	now := newClock()
	s, err := Open(Config{Out: folder, For: left.Leg + time.Second, RoundFor: time.Second, Now: now.Now, Kinds: []Kind{&scripted{name: "quick", clock: now}}})
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

// leaking is a campaign whose open files grow by five with each round of a second.
func leaking(t *testing.T, c *Config) {
	t.Helper()
	files := 0
	c.Measure = func() Sample {
		files += 5
		return Sample{Resident: 1 << 20, Files: files}
	}
}

// The system ends a process for its memory, and nobody asks it at the end what has grown.
func TestALeakIsFoundWhileTheCampaignWorksAndRaisesOnlyItsCount(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.For = time.Hour
	leaking(t, &c)
	said := []string{}
	c.Say = func(line string) { said = append(said, line) }
	ctx, cancel := context.WithCancel(t.Context())
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 5*60 {
			s, err := ReadState(c.Out)
			if len(s.Open()) != 1 || s.Open()[0].Count != 4 {
				err = errors.Join(err, errBroken)
			}
			cancel()
			return RoundResult{}, err
		}
		return RoundResult{}, nil
	}
	s, err := Open(c)
	require.NoError(t, err)
	m, err := s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.NoError(t, s.Close())
	require.Equal(t, "interrupted", m.State.Kinds["a"].Reason, "what was found until then was in the journal")
	require.Equal(t, VerdictViolated, m.Verdict)
	require.Len(t, m.State.Open(), 1)
	require.EqualValues(t, 6, m.State.Open()[0].Count, "once a minute, and at the end")
	require.Len(t, said, 1, "%v", said)
}

func TestALeakOfAProcessThatDiedIsFoundByTheNext(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	c.For = 100 * time.Second
	flat := c.Measure
	leaking(t, &c)
	s, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, s.append(Entry{Type: entryStart, For: c.For}))
	for range 50 {
		require.NoError(t, s.round(t.Context()))
	}
	require.Empty(t, s.state.Open())
	require.NoError(t, s.Close()) // and no end
	c.Measure = flat
	for range 2 {
		m, err := run(t, c)
		require.NoError(t, err)
		require.Len(t, m.State.Open(), 1)
		require.Equal(t, "leak", m.State.Open()[0].Class)
		require.EqualValues(t, 1, m.State.Open()[0].Count, "judged once: who ends in order has judged")
	}
}

func TestTooFewSamplesForALeakAreInEverySummary(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	_, err := run(t, c)
	require.NoError(t, err)
	for name, part := range map[string]string{
		"summary.txt": "whether it grows: too few samples to say, at least 20 of", "summary.md": "whether it grows: too few samples to say, at least 20 of",
		"summary.json": `"too_few_samples": true`, "summary.xml": `<skipped message="whether it grows: too few samples to say`,
	} {
		content, err := os.ReadFile(filepath.Join(c.Out, name))
		require.NoError(t, err)
		require.Contains(t, string(content), part, name)
	}
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
