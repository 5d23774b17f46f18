package soak

import (
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
	c.Of = "a test"
	m, err := run(t, c)
	require.NoError(t, err)
	require.Contains(t, m.Text(), "soak passed: 10 rounds of a test in 10s")
	other := c
	other.Seed = 8
	_, err = Open(other)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "has the seed 7, not 8")
	other = c
	other.Of = "something else"
	_, err = Open(other)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "tests a test, and this one tests something else: choose another folder")
	other = c
	other.Shard = Shard{1, 2}
	_, err = Open(other)
	require.ErrorContains(t, err, "is shard 0/1, not 1/2")
	for _, wrong := range []Config{{}, {Out: c.Out}, {Out: c.Out, Kinds: []Kind{&scripted{name: "a"}, &scripted{name: "a"}}}} {
		_, err = Open(wrong)
		require.ErrorIs(t, err, ErrConfig)
	}
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
		require.Eventually(t, func() bool { return roundsIn(folder) >= before+20 }, 3*time.Minute, time.Millisecond)
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

// roundsIn counts the rounds of a journal that somebody writes: whole lines, for the last may be half written.
func roundsIn(folder string) (n uint64) {
	content, err := os.ReadFile(filepath.Join(folder, journalName))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(content)) {
		if strings.HasSuffix(line, "\n") && strings.Contains(line, `"type":"round"`) {
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

// leaking is a campaign whose open files grow by five with each round of a second.
func leaking(t *testing.T, c *Config) {
	t.Helper()
	files := 0
	c.Measure = func() Sample {
		files += 5
		return Sample{Resident: 1 << 20, Files: files}
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
