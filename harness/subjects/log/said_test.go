package log

import (
	"context"
	"math/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// search explores a program for a number of schedules, and returns what was found.
func search(t *testing.T, text string, schedules int) []sched.Finding {
	t.Helper()
	plan, err := Subject.Plan(parse(t, text).General())
	require.NoError(t, err, text)
	r, err := sched.Search(context.Background(), plan.Scenario, sched.Options{Schedules: schedules, Seed: 1, Workers: 1, RepeatEvery: 20})
	require.NoError(t, err, text)
	require.Zero(t, r.Unknown, text)
	return r.Findings
}

// Each word beside others with which it may collide. (scripts/mutants/defaults has bugs that each check finds.)
func TestTheEngineKeepsItsPromisesWhateverIsSaid(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, program := range []string{
		"tail=56; t0: append 1, append 1; t1: fragments 1+1, appenddurable 1; t2: append 2 of 100",
		"tail=1 flush=56; t0: append 1, append 1, append 1; t1: abort 1+1+1",
		"; t0: appenddurable 1, durable; t1: append 1, flush; t2: visible, appenddurable 2",
		"; t0: appendat next 2, appendat last 1; t1: append 1, appendat next 1; t2: appendat equal 2, abort 1+1",
		"; t0: spent 1+2, read - end; t1: spent 1, flush; t2: abort 1, append 1",
		"chunk=1 segment=1; t0: spent 1, visible; t1: appendat next 1, durable; t2: flush, read - end",
		"; t0: append 1, fragments 1+1, read - end; t1: cancel t0, append 1; t2: append 1, cancel t2, append 1",
		"tail=56; t0: append 1, append 1, append 1; t1: cancel t0, flush; t2: appenddurable 1",
		"; t0: cancel t0, abort 1+1; t1: append 1, read - end",
		"; t0: append 1, close, handle, append 1; t1: append 1, fragments 1+1; t2: read - end, handle, read - end",
		"; t0: append 1, closestore, reopen, read - end; t1: append 1, append 1; t2: handle, flush",
		"; t0: close; t1: closestore; t2: appenddurable 1, reopen, append 1",
		"interval=1s; t0: append 1, other 1, advance 1ms; t1: other 2, append 1",
		"flush=56; t0: append 1, append 1, append 1; t1: flush, append 2",
		"value=8; t0: append 1 of 9, append 1 of 8, fragments 1+1 of 8/9; t1: append 2 of 9/8, appendat next 1 of 9, abort 1 of 9, appendat last 2 of 8/9",
		"values=frames segment=1; t0: append 1 of 600, flush, append 2 of 100, reopen, read - end",
		"sync=no; t0: append 1, flush, reopen, read - end; t1: appenddurable 1",
		"; t0: append 1 of 307200, flush, read - end, reopen, read - end",
	} {
		for _, handover := range Holding() {
			text := "v1 scenario=log handover=" + handover + " " + program
			if program[0] == ';' {
				text = "v1 scenario=log handover=" + handover + program
			}
			for _, f := range search(t, text, 300) {
				t.Errorf("%s; @ %v: %v", text, f.Schedule, f.Failure)
			}
		}
	}
}

// A thread that executes alone does the same on goroutines, where nothing is between two operations.
func TestEachWordIsCarriedOutByGoroutinesToo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, text := range []string{
		"v1 scenario=log handover=snapshot tail=56 value=8; t0: appenddurable 1, durable, appendat next 1, appendat last 1, appendat equal 2, spent 1+1, visible, append 1 of 9, other 1, read - end",
		"v1 scenario=log handover=retain; t0: append 1, close, handle, append 1, closestore, reopen, read - end, cancel t0, append 1, append 1",
		"v1 scenario=log handover=snapshot; t0: append 1, append 1; t1: cancel t0, append 1; t2: close, handle, append 1",
	} {
		for range 5 {
			o, err := Runner{Patience: busy}.Run(context.Background(), parse(t, text))
			require.NoError(t, err, text)
			require.Nil(t, o.Violation, text)
		}
	}
}

// The watermark that names what no read yields, and the scan that shows what was refused, are judged by themselves here: the engine
// does neither.
func TestARefusedAppendThatIsThereIsAViolation(t *testing.T) {
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; t0: append 1; t1: append 1")
	r := &run{c: c, board: check.NewSmallBoard(3, 4), refused: newNumbers(2)}
	r.countAppends()
	r.values = check.Values{Length: r.valueBytes, MaxBytes: DefaultValueBytes}
	client := check.NewClient(1, r.board, r.values)
	record := r.values.Record(client.Invoke(1, false))
	record.Offset = storage.Offset{Tx: 1}
	s := check.NewScan(r.board, r.values, false)
	require.Nil(t, s.Record(record))
	require.Nil(t, r.refusedAre(s))
	r.refused[1].Store(1)
	v := r.refusedAre(s)
	require.NotNil(t, v)
	require.Equal(t, check.Refusals, v.Promise)
}

// Only what is known to have been appended in one piece counts as unflushed: of a transaction in parts a flush may have taken some.
func TestTheUnflushedBytesAreAtLeastThose(t *testing.T) {
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; t0: append 2 of 0/3, fragments 1+1, append 1")
	r := &run{c: c, acked: newNumbers(6)}
	r.countAppends()
	for i, records := range []uint16{2, 2, 1} {
		r.acked[i+1].Store(pack(check.Identity{Client: 0, Sequence: uint32(i) + 1, Count: records}))
	}
	require.EqualValues(t, 48+48+56, r.unflushed(0, 4))
	require.EqualValues(t, 56, r.unflushed(1, 4))
	require.EqualValues(t, 48+48, r.unflushed(0, 3), "the bounds are exclusive")
	require.Zero(t, r.unflushed(3, 5), "nobody knows of transaction 4")
}

// The frames within a value are frames: where a log begins they are its first record.
func TestValuesOfFramesHoldIntactFrames(t *testing.T) {
	t.Parallel()
	ctx, disk := context.Background(), storage.MemoryDisk()
	values := check.Values{Seed: 3, Length: func(check.Identity) int { return 100 }, Frames: true}
	value := values.Record(check.Identity{Sequence: 1, Count: 1}).Value
	open := func() (*storage.Store, *storage.Log) {
		store, err := storage.Open(ctx, "memory", storage.Options{Disk: disk, FlushInterval: -1})
		require.NoError(t, err)
		l, err := store.Log(ctx, "copy")
		require.NoError(t, err)
		return store, l
	}
	store, _ := open()
	require.NoError(t, store.Close(ctx))
	file, err := disk.Open("copy/0000000000000000.seg")
	require.NoError(t, err)
	_, err = file.WriteAt(value[3:43], 64) // the first one is aligned as the value lies in a log
	require.NoError(t, err)
	store, l := open()
	require.Equal(t, "1.0", l.Visible(ctx).String())
	require.NoError(t, store.Close(ctx))
}

// Whatever is drawn can be written down, read again, made smaller and refused with a reason, and nothing else.
func TestDrawnCasesAreWellFormedAndBecomeSmaller(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(4))
	for range 400 {
		g, err := Subject.Draw(random, cases.Shape{Threads: 3, Operations: 3, Small: true})
		require.NoError(t, err)
		g.Faults = Subject.DrawFaults(random, g, 2)
		c := Of(g)
		require.NoError(t, c.Check(), "%v", c)
		require.Equal(t, c.Clone(), parse(t, c.String()))
		for smaller := range shrink.Candidates(g) {
			require.NoError(t, smaller.Check())
		}
	}
}

func TestAFaultIsDrawnForEachThingThatARecoveryDoes(t *testing.T) {
	t.Parallel()
	random, kinds := rand.New(rand.NewSource(4)), map[string]bool{}
	c := parse(t, "v1 scenario=log handover=snapshot; t0: append 1, reopen")
	for range 500 {
		for _, f := range DrawFaults(random, c, 2) {
			kinds[f.Kind()] = true
		}
	}
	for _, kind := range openingFaults {
		require.True(t, kinds["disk "+kind+" EIO"], kind)
	}
}

func TestCalmProgramsEndNobodysCalls(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(4))
	for range 500 {
		c := Draw(random, cases.Shape{Calm: true})
		require.False(t, c.says(Cancel, Close, CloseStore, Handle), "%v", c)
	}
}

func TestTheSmallestCaseOfAWordIsAPlainerOne(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"t0: appenddurable 2": "t0: append 2", "t0: appendat next 2": "t0: append 2", "t0: spent 1+1": "t0: fragments 1+1", "t0: appendat last 2": "t0: appendat last 1",
	} {
		var all []string
		for c := range smaller(parse(t, "v1 scenario=log handover=snapshot; "+text)) {
			all = append(all, c.String())
		}
		require.True(t, slices.Contains(all, "v1 scenario=log handover=snapshot; "+want), "%s: %v", text, all)
	}
}
