package kill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// forgetsToWake, in the environment, makes a child one whose goroutines wait for one another.
const forgetsToWake = "RACEWINDOW_TEST_FORGETS_TO_WAKE"

func TestMain(m *testing.M) {
	if IsChild() && os.Getenv(forgetsToWake) != "" {
		go endIfDeadlocked()
		var nobody sync.WaitGroup
		nobody.Add(1)
		nobody.Wait()
	}
	if IsChild() {
		os.Exit(Child())
	}
	os.Exit(m.Run())
}

func text(t *testing.T, s *Summary) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, s.WriteText(&b))
	return b.String()
}

func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Kills: 12, Limited: 2, Full: 2, Messages: 300, Seed: 1})
	require.NotNil(t, s, "%v", err)
	require.Nil(t, s.Violation, text(t, s))
	require.NoError(t, err)
	require.Len(t, s.Targets, 3)
	killed, limited, full := s.Targets[0], s.Targets[1], s.Targets[2]
	require.EqualValues(t, 12, killed.Kills)
	require.Positive(t, killed.Checks)
	require.EqualValues(t, 12, killed.Checks+killed.LeftToNext)
	if limited.NotRun == "" {
		require.EqualValues(t, 2, limited.Ended)
		require.Positive(t, limited.Poisoned)
	}
	if full.NotRun == "" {
		require.Positive(t, full.Resumed)
	} else {
		require.Contains(t, text(t, s), "NOT RUN")
	}
	require.Contains(t, text(t, s), ShowsNot)
}

// Its parent would have to guess, from how long it says nothing.
func TestAChildWhoseGoroutinesWaitForOneAnotherSaysSo(t *testing.T) {
	t.Setenv(forgetsToWake, "1")
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Kills: 1, Limited: -1, Full: -1, Seed: 2})
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "all 1 goroutines that are left wait for one another: 1 in kill.TestMain")
}

func TestWhatTheLastChildLeavesIsChecked(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) { // a quarter of the children that are not the last are left to the next
		s, _ := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Kills: 1, Limited: -1, Full: -1, Messages: 20, Seed: seed})
		require.NotNil(t, s)
		require.Nil(t, s.Violation, text(t, s))
		require.EqualValues(t, 1, s.Targets[0].Checks, text(t, s))
		require.Zero(t, s.Targets[0].LeftToNext)
	}
}

// The canary: acknowledged as durable before it is written.
func TestChildrenThatAcknowledgeBeforeTheyWriteAreCaught(t *testing.T) {
	t.Parallel()
	keep := t.TempDir()
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Kills: 40, Limited: -1, Full: -1, Lie: true, Seed: 2, Keep: keep})
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, check.Durability.Name, s.Violation.Promise)
	require.Contains(t, text(t, s), "FAIL Durability")
	if !strings.HasPrefix(s.Violation.Detail, "child") { // then the parent has found it
		_, err = os.Stat(filepath.Join(keep, "disk"))
		require.NoError(t, err, "the files are kept")
	}
}

// A kill cannot show a missing sync: an engine that never syncs loses nothing, because the kernel lives on.
func TestAnEngineThatNeverSyncsPasses(t *testing.T) {
	t.Parallel()
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Kills: 6, Limited: -1, Full: -1, NoSync: true, Messages: 300, Seed: 3})
	require.NoError(t, err)
	require.Nil(t, s.Violation)
}

func TestARunThatDidTooLittleHasNoVerdict(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(context.Background())
	end()
	s, err := Run(ended, Config{Dirs: []string{t.TempDir()}})
	require.ErrorIs(t, err, ErrTooLittle)
	require.Contains(t, text(t, s), "No verdict: ")

	idle := &Summary{Targets: []*Target{{Kind: string(kindKilled), Kills: 10, UnderLoad: 9}}}
	require.ErrorIs(t, idle.tooLittle(Config{}, false), ErrTooLittle, "nothing was durable")
	early := &Summary{Targets: []*Target{{Kind: string(kindKilled), Kills: 10, UnderLoad: 4, Durable: 1, Transactions: 1}}}
	require.ErrorIs(t, early.tooLittle(Config{MinKills: 0.5}, false), ErrTooLittle, "hardly any kill struck under load")
	roomy := &Summary{Targets: []*Target{{Kind: string(kindFull), Durable: 1, Transactions: 1}}}
	require.ErrorIs(t, roomy.tooLittle(Config{}, false), ErrTooLittle, "no disk was full")
	short := &Summary{Targets: []*Target{{Kind: string(kindLimited), Durable: 1, Transactions: 1}}}
	require.ErrorIs(t, short.tooLittle(Config{}, false), ErrTooLittle, "no limit was met")
}

func TestAChildThatCannotWorkIsNoVerdict(t *testing.T) {
	t.Parallel()
	_, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Command: []string{filepath.Join(t.TempDir(), "missing")}})
	require.ErrorContains(t, err, "start a child")
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Handover: "unheard-of", Limited: -1, Full: -1})
	require.True(t, err != nil || s.Violation != nil, "a child that dies at once is noticed")
}

func TestSettingsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for message, c := range map[string]Config{
		"no folder":       {},
		"-1 kills":        {Dirs: []string{"."}, Kills: -1},
		"-1 goroutines":   {Dirs: []string{"."}, Goroutines: -1},
		"-1 messages":     {Dirs: []string{"."}, Messages: -1},
		"values of up to": {Dirs: []string{"."}, MaxValueBytes: 1 << 20},
		"grace -1ns":      {Dirs: []string{"."}, Grace: -1},
		"no such file":    {Dirs: []string{"missing/folder"}},
		"at most 1073741": {Dirs: []string{"."}, Kills: 1 << 40},
	} {
		s, err := Run(context.Background(), c)
		require.Nil(t, s)
		require.ErrorIs(t, err, ErrConfig, message)
		require.ErrorContains(t, err, message)
	}
}

func TestTheLedgerKnowsWhatWasLost(t *testing.T) {
	t.Parallel()
	g := &ledger{invoked: map[uint32]uint32{}}
	require.Nil(t, g.take(message{opened, 0, 0, 0}, 1, 2))
	require.Nil(t, g.take(message{acknowledged, 0, 1<<sequenceBits | 1, 1}, 1, 2))
	require.Nil(t, g.take(message{durable, 0, 0, 1}, 1, 2))
	require.Nil(t, g.take(message{acknowledged, 1, 1<<sequenceBits | 1, 2}, 1, 2))
	v := g.take(message{acknowledged, 0, 1<<sequenceBits | 2, 2}, 1, 2)
	require.Equal(t, check.NoDuplicate, v.Promise)
	require.Nil(t, g.take(message{opened, 0, 0, 1}, 2, 2), "what was not durable may be gone")
	require.Len(t, g.owners, 1)
	v = g.take(message{opened, 0, 0, 0}, 3, 2)
	require.Equal(t, check.Durability, v.Promise)
}

// The second disk is tested after all kills on the first.
func TestAFolderInWhichNothingCanBeMadeIsFoundBeforeTheRun(t *testing.T) {
	t.Parallel()
	err := Config{Dirs: []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")}}.Check()
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "no such file")
	require.NoError(t, Config{Dirs: []string{t.TempDir()}}.Check())
}

// A process that may open no more files proves nothing about the log.
func TestWhatAProcessLacksIsNoViolation(t *testing.T) {
	t.Parallel()
	for _, lacking := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		err := fmt.Errorf("client 1: %w", &os.PathError{Op: "open", Path: "x", Err: lacking})
		require.Equal(t, exitFailed, exitCode(err))
		require.Nil(t, broken("x", err))
		require.ErrorIs(t, starving(err), lacking)
	}
	damage := errors.New("damage")
	require.Equal(t, exitBroken, exitCode(damage))
	require.Equal(t, check.Durability, broken("x", damage).Promise)
	require.NoError(t, starving(damage))
}

func TestAChildThatPanicsBreaksAPromise(t *testing.T) {
	t.Parallel()
	s, err := Run(context.Background(), Config{Dirs: []string{t.TempDir()}, Limited: -1, Full: -1, Command: []string{"sh", "-c", "echo 'panic: no room' >&2; exit 2"}})
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "a child ended with a panic: no room")
}
