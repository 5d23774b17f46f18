package object

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/storage/disk"
)

// A journal keeps bytes in the order in which they came, in one file.
type journal struct {
	mu       sync.Mutex
	file     disk.File
	end      int64
	buffered []byte
	failed   error // of the disk, of one that wedges
	flaw     flaw
}

// note keeps an error of the disk.
func (j *journal) note(err error) error {
	if j.flaw == wedges {
		j.failed = errors.Join(j.failed, err)
	}
	return err
}

type flaw uint8

const (
	sound      flaw = iota
	forgets         // to sync what it calls durable
	buffers         // keeps what it calls durable in memory until there are two of them
	unopenable      // cannot be opened when its file has three bytes
	rewrites        // empties the file and writes it anew when it is opened
	wedges          // refuses what changes it after the disk has failed: no flaw
	swallows        // what the disk says of a write that has failed
	dies            // by a panic, if a write fails
	settles         // syncs when it is closed: no flaw
	bursts          // panics before it syncs what it has written, always: no flaw, because it does not return
)

func openJournal(d disk.Disk, f flaw) (*journal, error) {
	j := &journal{flaw: f}
	file, err := d.Open("journal")
	if err != nil {
		if file, err = d.Create("journal"); err == nil {
			err = d.SyncDir(".")
		}
	}
	if err != nil {
		return nil, err
	}
	j.file = file
	if j.end, err = file.Size(); err != nil {
		return nil, err
	}
	for j.end > 0 { // what was not written is a zero
		all := j.all()
		if all == nil {
			return nil, errors.New("the journal cannot be read")
		}
		if all[j.end-1] != 0 {
			break
		}
		j.end--
	}
	switch {
	case f == unopenable && j.end == 3:
		return nil, errors.New("three bytes are too much")
	case f == rewrites && j.end > 0:
		all := j.all()
		if err := errors.Join(file.Truncate(0), file.Sync()); err != nil {
			return nil, err
		}
		if _, err := file.WriteAt(all, 0); err != nil {
			return nil, err
		}
	}
	return j, file.Sync()
}

func (j *journal) all() []byte {
	all := make([]byte, j.end)
	if _, err := j.file.ReadAt(all, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return append(all, j.buffered...)
}

func (j *journal) add(ctx context.Context, value uint8, sync bool) error {
	failpoints.Lock(ctx, lock, &j.mu)
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	j.buffered = append(j.buffered, value|1)
	if j.flaw == buffers && len(j.buffered) < 2 {
		return nil
	}
	if _, err := j.file.WriteAt(j.buffered, j.end); err != nil && j.flaw != swallows {
		if j.flaw == dies {
			panic(err)
		}
		return j.note(err)
	}
	failpoints.Yield(ctx, written)
	j.end, j.buffered = j.end+int64(len(j.buffered)), nil
	if sync && j.flaw == bursts {
		panic("burst")
	}
	if sync && j.flaw != forgets {
		return j.note(j.file.Sync())
	}
	return nil
}

// Add is durable when it returns, Put after Flush.
func (j *journal) Add(ctx context.Context, value uint8) error { return j.add(ctx, value, true) }
func (j *journal) Put(ctx context.Context, value uint8) error { return j.add(ctx, value, false) }

func (j *journal) Flush(ctx context.Context) error {
	failpoints.Lock(ctx, lock, &j.mu)
	defer j.mu.Unlock()
	if j.failed != nil {
		return j.failed
	}
	return j.note(j.file.Sync())
}

func (j *journal) All(ctx context.Context) []byte {
	failpoints.Lock(ctx, lock, &j.mu)
	defer j.mu.Unlock()
	return j.all()
}

func (j *journal) Close() error {
	if j.flaw == settles {
		if err := j.file.Sync(); err != nil {
			return err
		}
	}
	return j.file.Close()
}

func journalConfig(f flaw) Config {
	return Config{
		Name: "TestJournal", Type: reflect.TypeFor[*journal](), Prefix: true,
		Open: func(_ context.Context, e *Env) (any, error) { return openJournal(e.Disk(), f) },
		Operations: []Method{
			{Name: "add", Do: (*journal).Add, Durable: OnReturn},
			{Name: "put", Do: (*journal).Put, Durable: "flush"},
			{Name: "flush", Do: (*journal).Flush},
			{Name: "all", Do: (*journal).All},
		},
	}
}

// journals keep their file on Env.Disk.
func journals(t *testing.T, f flaw, change func(*Config)) *Object {
	t.Helper()
	c := journalConfig(f)
	if change != nil {
		change(&c)
	}
	o, err := New(c)
	require.NoError(t, err)
	return o
}

// crashLoadOf is a run of some hundred losses of power.
func crashLoadOf(change func(*CrashLoad)) CrashLoad {
	c := CrashLoad{
		Load:   Load{Goroutines: 60, Programs: 30, Seed: 1, Grace: never, Delays: failpoints.Delays{Probability: 0.2}},
		Cycles: 600, Interrupted: 0.25,
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestPowerIsLostUnderLoadAndARightObjectHolds(t *testing.T) {
	t.Parallel()
	r, err := journals(t, sound, nil).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.Zero(t, r.DataRaces)
	require.GreaterOrEqual(t, r.Cycles, uint64(600))
	require.NotZero(t, r.UnderLoad)
	require.NotZero(t, r.Unsynced)
	require.NotZero(t, r.GoneOn)
	require.NotZero(t, r.Judged)
	require.NotZero(t, r.Interrupted)
	require.Zero(t, r.Abandoned)
	require.Contains(t, r.Canary, "a durable operation that a crash takes was caught within")
	require.Contains(t, r.Canary, "; an object that cannot be opened after a loss of power while it was made was caught within")
}

// An object that takes a second to close was judged for minutes after its eight seconds.
func TestWhatIsLeftLongAfterTheTimeIsNotJudged(t *testing.T) {
	t.Parallel()
	o, c := journals(t, forgets, nil), crashLoadOf(nil)
	c.setDefaults()
	plans, err := o.pool(t.Context(), c.Load)
	require.NoError(t, err)
	l := newCrashLoad(o, c, plans)
	l.until = time.Now()
	require.NoError(t, l.run(t.Context()))
	require.Nil(t, l.result.Finding)
	require.Zero(t, l.result.Judged)
	require.NotZero(t, l.result.Late)
	require.ErrorContains(t, l.enough(t.Context()), "disks was judged before the time was over: give it more time")
}

func TestMoreProgramsAreJudgedAtOnceWhereTheyOnlyWait(t *testing.T) {
	t.Parallel()
	c := crashLoadOf(nil)
	c.setDefaults()
	l := newCrashLoad(journals(t, sound, nil), c, nil)
	var begun, judged sync.WaitGroup
	begun.Add(l.mostJudges())
	require.Equal(t, 30, l.mostJudges(), "as many as there are lanes")
	groups := make([][]*aftermath, l.mostJudges())
	for i := range groups {
		groups[i] = []*aftermath{{}}
		judged.Add(1)
	}
	l.judgeAll(t.Context(), groups, func(*aftermath) {
		begun.Done()
		begun.Wait() // for as many others as there may be
		judged.Done()
	})
	judged.Wait()
	require.Zero(t, l.result.Late)
}

func TestARoundLeavesWhatCanBeJudgedInTheTimeOfARound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		judged     uint64
		took, left time.Duration
		most       uint64
	}{
		{judged: 100, took: 20 * time.Second, left: 2 * time.Second, most: 10},
		{judged: 100, took: 20 * time.Millisecond, left: 2 * time.Second, most: mostAftermaths},
		{judged: 0, took: 4 * time.Second, left: 2 * time.Second, most: 0},
		{judged: 100, took: 20 * time.Second, left: -time.Second, most: 0},
		{judged: 0, took: 0, left: 2 * time.Second, most: mostAftermaths},
	} {
		require.Equal(t, c.most, mostOfRound(c.judged, c.took, c.left), "%+v", c)
	}
}

func TestJudgesThatOnlyWaitAreDoubled(t *testing.T) {
	t.Parallel()
	require.Equal(t, 4, moreJudges(4, 0))
	require.Equal(t, 1, moreJudges(4, 3))
	require.Zero(t, moreJudges(4, 4))
}

func TestWhatIsCalledDurableAndIsNotIsFoundUnderLoad(t *testing.T) {
	t.Parallel()
	r, err := journals(t, forgets, nil).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Durability", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "after a loss of power")
	require.Regexp(t, `(?s)power was lost .* and left .*\w+\(\d+\) .*\(durable\).*opened again, all\(\) gives`, r.Finding.Evidence)
}

// What failed may have happened or not; what returned without an error after that is what it always is. A flush after one that failed
// finds nothing to write, and returns without an error: so one that goes on as if nothing had been is not durable.
func TestADiskThatFailsTellsWhoGoesOnFromWhoWedges(t *testing.T) {
	t.Parallel()
	failing := crashLoadOf(func(c *CrashLoad) { c.Faults = 0.5 })
	r, err := journals(t, wedges, nil).Crash(t.Context(), failing)
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.NotZero(t, r.Faults)
	failing.Cycles = 20_000
	r, err = journals(t, sound, func(c *Config) { c.Operations = c.Operations[1:] }).Crash(t.Context(), failing)
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Contains(t, r.Finding.Evidence, "before that the disk failed: disk sync")
	require.NotEmpty(t, r.Finding.Case.Faults)
	failing.Faults = 1.5
	_, err = journals(t, sound, nil).Crash(t.Context(), failing)
	require.ErrorIs(t, err, ErrLoad)
}

// The fault may have come in an earlier life than the loss of power that shows what it did.
func TestWhatIsDurableAfterCloseSurvivesALossAfterIt(t *testing.T) {
	t.Parallel()
	only := func(c *Config) {
		c.Operations = []Method{{Name: "put", Do: (*journal).Put, Durable: AfterClose}, {Name: "all", Do: (*journal).All}}
	}
	r, err := journals(t, settles, only).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
	require.Contains(t, r.Canary, "a durable operation that a crash takes was caught within")

	atClose := func(c *Config) { c.Operations[1].Durable = AfterClose }
	r, err = journals(t, settles, atClose).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)

	r, err = journals(t, sound, atClose).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.Cycles = 20_000 }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Durability", r.Finding.Violation.Class())
	require.Regexp(t, `power was lost when Close had returned`, r.Finding.Evidence)
}

// A panic breaks a promise, and is no operation that must survive. One that comes because the power is gone is neither.
func TestAPanicBeforeTheLossOfPowerIsFound(t *testing.T) {
	t.Parallel()
	r, err := journals(t, dies, nil).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)

	r, err = journals(t, dies, nil).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.Faults, c.Cycles = 1, 20_000 }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "NoPanic", r.Finding.Violation.Class(), r.Finding.Evidence)
	require.Contains(t, r.Finding.Violation.Stack(), "(*journal).add")
	require.Contains(t, r.Finding.Evidence, "before that the disk failed: ")
}

// An operation that panics, also when it is executed alone, has not returned. So what it did need not be durable.
func TestAnOperationThatPanicsNeedNotBeDurable(t *testing.T) {
	t.Parallel()
	r, err := journals(t, bursts, nil).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.NoCanary = true }))
	require.NoError(t, err)
	require.Nil(t, r.Finding, "%+v", r.Finding)
}

func TestAFindingTellsTheFaultsOfEveryLife(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, nil)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: flush()", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	write, sync := cases.Fault{Disk: "write journal #1 = EIO"}, cases.Fault{Disk: "sync journal #1 = EIO"}
	first := &aftermath{plan: p, where: "after write journal", image: &disks.Image{}, faults: []cases.Fault{sync, write}}
	second := &aftermath{plan: p, where: "after sync journal", image: &disks.Image{}, faults: []cases.Fault{write}, before: first}
	require.Equal(t, []cases.Fault{write, sync}, second.allFaults())
	second.history = make(spec.History, 1)
	require.Regexp(t, `(?s)^power was lost after sync journal.*before that the disk failed: disk write.*`+
		`before that it was lost after write journal.*before that the disk failed: disk sync`, second.told())
}

func TestAnObjectThatCannotBeOpenedAfterACrashIsFound(t *testing.T) {
	t.Parallel()
	r, err := journals(t, unopenable, nil).Crash(t.Context(), crashLoadOf(nil))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.ErrorContains(t, r.Finding.Violation, "three bytes are too much")
}

func TestARecoveryThatLosesPowerMustNotLoseMore(t *testing.T) {
	t.Parallel()
	r, err := journals(t, rewrites, nil).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) { c.PerLog = 1 }))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "RecoveryIdempotence", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "and a second one while the object was opened")
}

func TestWhatCannotLosePowerIsRefused(t *testing.T) {
	t.Parallel()
	_, err := counters(t, true).Crash(t.Context(), crashLoadOf(nil))
	require.ErrorIs(t, err, ErrKeepsNothing)
	require.ErrorContains(t, err, "set Op.Durable")
	_, err = journals(t, sound, func(c *Config) {
		c.Open = func(_ context.Context, e *Env) (any, error) { return openJournal(disk.OS(e.Dir()), sound) }
	}).Crash(t.Context(), crashLoadOf(nil))
	require.ErrorIs(t, err, ErrInFolder)
	require.ErrorContains(t, err, "open it on Env.Disk")
	_, err = journals(t, sound, func(c *Config) {
		c.Open = func(context.Context, *Env) (any, error) { return openJournal(disk.Memory(), sound) }
	}).Crash(t.Context(), crashLoadOf(nil))
	require.ErrorContains(t, err, "does not use Env.Disk")
	right := journals(t, sound, nil)
	for _, change := range []func(*CrashLoad){
		func(c *CrashLoad) { c.Cycles = 0 },
		func(c *CrashLoad) { c.Operations = 5 },
		func(c *CrashLoad) { c.Interrupted = 2 },
		func(c *CrashLoad) { c.PerLog = -1 },
		func(c *CrashLoad) { c.Goroutines = 1 },
		func(c *CrashLoad) { c.Draw = cases.Shape{Threads: 10, Operations: 10} },
	} {
		_, err = right.Crash(t.Context(), crashLoadOf(change))
		require.ErrorIs(t, err, ErrLoad)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = right.Crash(ctx, crashLoadOf(nil))
	require.ErrorContains(t, err, "interrupted")
}

// imageOf is a disk with a journal that holds these bytes.
func imageOf(t *testing.T, content ...byte) *disks.Image {
	t.Helper()
	d := disks.New()
	f, err := d.Create("journal")
	require.NoError(t, err)
	_, err = f.WriteAt(content, 0)
	require.NoError(t, errors.Join(err, f.Sync(), d.SyncDir(".")))
	return d.At(disks.Ordered).Sample(disks.Replay(nil))
}

func TestWhatAnEarlierCrashTookMustNotComeBack(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, nil)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: put(1), add(3)", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	put := spec.Entry{Outcome: spec.Volatile, Result: "nil", Invoked: 1, Returned: 2}
	add := spec.Entry{Outcome: spec.Durable, Result: "nil", Invoked: 3, Returned: 4, Crashes: 1}
	after := func(first, second []byte) error {
		before := &aftermath{plan: p, history: spec.History{put, {}}, image: imageOf(t, first...), where: "first"}
		require.True(t, before.unfinished())
		a := &aftermath{plan: p, history: spec.History{put, add}, image: imageOf(t, second...), where: "second", before: before}
		require.Equal(t, 2, a.crashes())
		_, err := a.judge()
		if err != nil {
			require.Regexp(t, "(?s)power was lost second.*before that it was lost first.*not durable when power was lost.*\\(durable\\).*opened again, all", a.told())
		}
		return err
	}
	require.NoError(t, after([]byte{1}, []byte{1, 3}), "it survived both")
	require.NoError(t, after(nil, []byte{3}), "the first took it")
	require.NoError(t, after([]byte{1}, []byte{3}), "the second did: what is seen is not durable")
	require.ErrorContains(t, after(nil, []byte{1, 3}), "no order explains", "it came back")
	require.ErrorContains(t, after([]byte{1}, []byte{1}), "no order explains", "what was durable is gone")
}
