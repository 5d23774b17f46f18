package crashstress

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// requireInstrumented skips a test that needs failpoints to fire, or fails it where all must run.
func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// cycles is how many a test can afford.
func cycles(n uint64) uint64 {
	if RaceDetector {
		return n / 5
	}
	return n
}

// held runs and requires a verdict without a violation.
func held(t *testing.T, c Config) *Summary {
	t.Helper()
	s, err := Run(context.Background(), c)
	require.NotNil(t, s, "%v", err)
	if s.Violation != nil {
		var text strings.Builder
		require.NoError(t, s.Violation.WriteText(&text, "this test"))
		t.Fatal(text.String())
	}
	require.NoError(t, err)
	return s
}

func TestOneGoroutineAfterManyLossesOfPower(t *testing.T) {
	t.Parallel()
	for _, model := range crash.Models {
		s := held(t, Config{Goroutines: 1, Cycles: cycles(1500), Model: model, Seed: 1})
		require.Equal(t, cycles(1500), s.Cycles)
		require.Positive(t, s.Deaths)
		require.Positive(t, s.AtOperations)
		require.Equal(t, failpoints.Instrumented(), s.AtFailpoints > 0)
		require.Empty(t, s.untested())
	}
}

func TestManyGoroutinesWhilePowerIsLost(t *testing.T) {
	t.Parallel()
	before := runtime.NumGoroutine()
	for _, model := range crash.Models {
		s := held(t, Config{Goroutines: 24, Cycles: cycles(60), Model: model, Seed: 2, Delays: failpoints.Delays{Probability: 0.02}})
		require.Zero(t, s.Deaths)
		require.Less(t, s.AtRest, s.Cycles/2, "most strike while operations are in flight")
	}
	// Parallel tests have goroutines of their own. A leak here would be thousands.
	require.Less(t, runtime.NumGoroutine(), before+200)
}

func TestFaultsBesidesTheLossOfPower(t *testing.T) {
	t.Parallel()
	s := held(t, Config{Goroutines: 1, Cycles: cycles(1500), Faults: 0.6, Model: crash.Weak, Seed: 3})
	require.Positive(t, s.Refused, "a recovery met a fault")
	require.Positive(t, s.tested[stickyPoison])
	require.Positive(t, s.Failures)
	held(t, Config{Goroutines: 16, Cycles: cycles(60), Faults: 0.6, Seed: 3})
}

func TestTheSameSeedGivesTheSameCycles(t *testing.T) {
	t.Parallel()
	c := Config{Goroutines: 1, Cycles: cycles(640), Faults: 0.3, Seed: 4}
	first := held(t, c)
	for range 2 {
		again := held(t, c)
		require.Equal(t, first.counts, again.counts)
		require.Equal(t, first.Distinct, again.Distinct)
	}
}

// The canaries: a disk whose sync does nothing, and one whose directory sync does nothing.
func TestDisksThatLieAreCaught(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*crash.Disk) storage.Disk{"sync": Syncless, "syncdir": nameless} {
		for _, goroutines := range []int{1, 16} {
			for _, model := range crash.Models {
				s, err := Run(context.Background(), Config{Goroutines: goroutines, Cycles: 20000, Wrap: wrap, Model: model, Seed: 5})
				require.NoError(t, err)
				require.NotNil(t, s.Violation, "%s, %d goroutines, %v", name, goroutines, model)
				if s.Violation.Promise == check.Progress.Name { // a client has opened another log of the store, which the disk has damaged
					require.Regexp(t, `^open log other of client \d+ failed: .* is damaged at byte`, s.Violation.Detail)
					continue
				}
				require.Contains(t, []string{check.Durability.Name, check.RecoveryIdempotence.Name}, s.Violation.Promise, "%s: %s", name, s.Violation.Detail)
			}
		}
	}
}

// nameless makes no name durable.
func nameless(d *crash.Disk) storage.Disk { return namelessDisk{d} }

type namelessDisk struct{ storage.Disk }

func (namelessDisk) SyncDir(string) error { return nil }

func TestAViolationIsSeenAgainInItsLogAndItsDiskIsKept(t *testing.T) {
	t.Parallel()
	c := Config{Goroutines: 1, Cycles: 2000, Wrap: Syncless, Seed: 6}
	s, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	c.FirstLog = s.Violation.Log
	again, err := Run(context.Background(), c)
	require.NoError(t, err)
	require.Equal(t, s.Violation, again.Violation)
	require.EqualValues(t, 1, again.Logs)

	folder := t.TempDir()
	require.NoError(t, s.Violation.WriteDisk(folder))
	files := 0
	for _, path := range s.Violation.image.Paths() {
		if strings.HasSuffix(path, "/") {
			continue
		}
		files++
		want, _ := s.Violation.image.Bytes(path)
		got, err := os.ReadFile(filepath.Join(folder, "disk", path))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), path)
	}
	t.Logf("%d files", files)

	var text strings.Builder
	require.NoError(t, s.Violation.WriteText(&text, "the command"))
	for _, part := range []string{"FAIL Durability", check.Durability.Sentence, "again: the command", "disk     ordered", "log ", "cycle "} {
		require.Contains(t, text.String(), part)
	}
	data, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(data), `"promise":"Durability"`)
	require.Contains(t, string(data), `"cycles":`)
}

func TestAReaderThatMissesARecordIsAViolationToo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	stale, err := storage.HandoverByName("stale")
	require.NoError(t, err)
	s, err := Run(context.Background(), Config{Handover: stale, Cycles: 20_000, Seed: 7, Delays: failpoints.Delays{Probability: 0.05}})
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	// The reads and watermarks of clients that run freely: whichever of them misses a record first breaks a promise of its own.
	require.Contains(t, []string{
		check.ReadAfterWrite.Name, check.MonotonicReads.Name, check.Order.Name, check.TransactionAtomicity.Name, check.NamedIsRead.Name, check.OtherLog.Name,
	}, s.Violation.Promise, s.Violation.Detail)
}

func TestARunThatDidTooLittleHasNoVerdict(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(context.Background())
	end()
	for name, c := range map[string]struct {
		ctx    context.Context
		config Config
	}{
		"interrupted":          {ended, Config{Goroutines: 1, Seed: 8, Cycles: 1 << 40}},
		"(--min-distinct)":     {context.Background(), Config{Goroutines: 1, Cycles: 100, MinDistinct: 1, Seed: 8}},
		"(--min-unsynced)":     {context.Background(), Config{Goroutines: 1, Cycles: 100, MinUnsynced: 1, Seed: 8}},
		"no cycle was":         {context.Background(), Config{Goroutines: 1, Duration: 1, Seed: 8}},
		"of 1000000000 cycles": {context.Background(), Config{Goroutines: 1, Duration: 20 * time.Millisecond, Cycles: 1e9, Seed: 8}},
	} {
		s, err := Run(c.ctx, c.config)
		require.ErrorIs(t, err, ErrTooLittle, name)
		require.ErrorContains(t, err, name)
		require.Equal(t, err.Error(), s.Failure)
		var text strings.Builder
		require.NoError(t, s.WriteText(&text))
		require.Contains(t, text.String(), "No verdict: ")
		require.NotContains(t, text.String(), "No promise violated")
	}
}

func TestSettingsThatContradictThemselvesAreRefused(t *testing.T) {
	t.Parallel()
	for message, c := range map[string]Config{
		"-1 goroutines":       {Goroutines: -1},
		"at least 1 each":     {Workers: -1},
		"must be positive":    {Duration: -1},
		"0 to 1048576":        {MaxValueBytes: -1},
		"1 to 1024":           {MaxRecords: -1},
		"faults in a share":   {Faults: 2},
		"a share is at most":  {Interrupted: 1.5},
		"model 9":             {Model: 9},
		"at most 65536, 1048": {Workers: 1 << 30},
		"of memory would be":  {Workers: 1 << 16, Goroutines: 1 << 16},
		"delay probability 7": {Delays: failpoints.Delays{Probability: 7}},
	} {
		s, err := Run(context.Background(), c)
		require.Nil(t, s)
		require.ErrorIs(t, err, ErrConfig, message)
		require.ErrorContains(t, err, message)
	}
}

// A cycle of sixty thousand clients takes a minute: an interruption does not wait for it.
func TestAnInterruptionEndsACycleInTheMiddle(t *testing.T) {
	t.Parallel()
	l := newLife(Config{Goroutines: 2, Operations: 1 << 10}.withDefaults(), 0, func(*crash.Image) {})
	l.stopped = func() bool { return true }
	require.Nil(t, l.run(context.Background(), func() bool { return l.cycle == 0 }))
	require.LessOrEqual(t, l.counts.Operations, uint64(2), "nothing but the append after the recovery")
}

// A sync that never returns must not hang the run.
func TestACycleThatHangsEndsTheRunWithItsStacks(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	wrap := func(d *crash.Disk) storage.Disk { return stuck{d, release} }
	s, err := Run(context.Background(), Config{Goroutines: 1, Cycles: 10, Wrap: wrap, Grace: 300 * time.Millisecond})
	var hang *HangError
	require.ErrorAs(t, err, &hang)
	require.Contains(t, hang.Stacks, "crashstress")
	require.NotEmpty(t, s.Failure)
}

type stuck struct {
	storage.Disk
	release chan struct{}
}

func (s stuck) SyncDir(string) error {
	<-s.release
	return os.ErrClosed
}

// A forgetful disk never wakes who waits for its sync of a folder.
type forgetful struct {
	storage.Disk
	woken chan struct{}
}

var forgetfulSync = failpoints.WaitPoint("crashstress", "forgetful/sync")

func (f forgetful) SyncDir(string) error {
	_, _, _ = failpoints.Receive(context.Background(), forgetfulSync, f.woken)
	return os.ErrClosed
}

// No other test may run beside this one: it looks at the goroutines of the process.
func TestACycleWhoseGoroutinesWaitForOneAnotherBreaksAPromise(t *testing.T) {
	woken := make(chan struct{})
	wrap := func(d *crash.Disk) storage.Disk { return forgetful{d, woken} }
	s, err := Run(context.Background(), Config{Goroutines: 2, Cycles: 10, Wrap: wrap, Grace: 10 * time.Minute})
	close(woken)
	require.NoError(t, err)
	require.NotNil(t, s.Violation)
	require.Equal(t, "Progress", s.Violation.Promise)
	require.Contains(t, s.Violation.Detail, "a cycle never ends: all ")
	require.Contains(t, s.Violation.Detail, "crashstress.forgetful.SyncDir")
	require.Contains(t, s.Violation.Stacks, "receiveWithoutTimer")
	var text strings.Builder
	require.NoError(t, s.Violation.WriteText(&text, "again"))
	require.NotContains(t, text.String(), "power was lost")
	folder := t.TempDir()
	require.NoError(t, s.Violation.WriteDisk(folder))
	require.NoDirExists(t, filepath.Join(folder, "disk"), "which disk it was is not known")
}

func TestWhatACrashTookDoesNotComeBack(t *testing.T) {
	t.Parallel()
	l := newLife(Config{Goroutines: 2}.withDefaults(), 0, func(*crash.Image) {})
	l.settled, l.base = 3, []uint32{5, 5}
	last := map[uint32]uint32{}
	require.Nil(t, l.checkOrder(storage.Offset{Tx: 3}, check.Identity{Client: 0, Sequence: 4}, last))
	require.Nil(t, l.checkOrder(storage.Offset{Tx: 4}, check.Identity{Client: 0, Sequence: 6}, last))
	v := l.checkOrder(storage.Offset{Tx: 5}, check.Identity{Client: 1, Sequence: 5}, last)
	require.Equal(t, check.NoPhantom, v.Promise)
	v = l.checkOrder(storage.Offset{Tx: 5}, check.Identity{Client: 0, Sequence: 6}, last)
	require.Equal(t, check.PrefixRecovery, v.Promise)
}

func TestNoSmallestCaseForAnEngineThatKeepsItsPromises(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	r, err := Minimal(context.Background(), "snapshot", check.Durability.Name, crash.Ordered, true, 500*time.Millisecond)
	require.Nil(t, r)
	if RaceDetector {
		require.ErrorContains(t, err, "without -race")
		return
	}
	require.NoError(t, err)
}

func BenchmarkCycle(b *testing.B) {
	s, err := Run(context.Background(), Config{Goroutines: 1, Cycles: uint64(max(b.N, 100)), MinDistinct: -1, MinUnsynced: -1, Seed: 9})
	if err != nil || s.Violation != nil {
		b.Fatal(err, s.Violation)
	}
	b.ReportMetric(s.Rate, "cycles/s")
}
