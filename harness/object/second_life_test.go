package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// A ledger appends values to a file. Opening it stops at the first record that is torn, and forgets to cut it off if careless is set: so
// what is appended then cannot be found again.
type ledger struct {
	env      *Env
	values   []uint8
	end      int64
	careless bool
	unsynced bool
}

// A record is longer than a sector, so that a part of it may reach the disk: the value, and its complement at the end.
const recordOfLedger = 600

func openLedger(e *Env, careless bool) (*ledger, error) {
	l := &ledger{env: e, careless: careless}
	f, err := e.Disk().Open("ledger")
	if err != nil {
		if f, err = e.Disk().Create("ledger"); err != nil {
			return nil, err
		}
		return l, errors.Join(f.Close(), e.Disk().SyncDir("."))
	}
	defer f.Close()
	for record := make([]byte, recordOfLedger); ; l.end += recordOfLedger {
		n, _ := f.ReadAt(record, l.end)
		if n == recordOfLedger && record[0]^record[recordOfLedger-1] == 0xff {
			l.values = append(l.values, record[0])
			continue
		}
		switch {
		case n == 0:
		case careless:
			l.end += int64(n)
		default:
			err = errors.Join(f.Truncate(l.end), f.Sync())
		}
		return l, err
	}
}

// Append appends a value. What a ledger loses that is not synced, it loses in any life.
func (l *ledger) Append(ctx context.Context, value uint8) error {
	record := make([]byte, recordOfLedger)
	record[0], record[recordOfLedger-1] = value, ^value
	f, err := l.env.Disk().Open("ledger")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(record, l.end); err != nil {
		return err
	}
	failpoints.Yield(ctx, written)
	l.end += recordOfLedger
	l.values = append(l.values, value)
	if l.unsynced {
		return nil
	}
	return f.Sync()
}

func (l *ledger) All() string { return fmt.Sprint(l.values) }

func (l *ledger) Close() {}

func (l *ledger) Sync() {}

// ledgers are durable when Append returns, or if synced is set when Sync does.
func ledgers(t *testing.T, careless, synced bool) *plan {
	t.Helper()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	durable := OnReturn
	if synced {
		durable = "sync"
	}
	o, err := New(Config{
		Name: "TestLedger", Type: reflect.TypeFor[*ledger](), Prefix: true,
		Open: func(_ context.Context, e *Env) (any, error) { return openLedger(e, careless) },
		Operations: []Method{
			{Name: "sync", Do: (*ledger).Sync},
			{Name: "append", Do: (*ledger).Append, Durable: durable},
			{Name: "all", Do: (*ledger).All},
		},
	})
	require.NoError(t, err)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: append(1), append(2); crash any", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	return p
}

// A recovery that leaves a torn record is right as long as nothing is written after it.
func TestARecoveryThatOnlyASecondLifeShowsToBeWrongIsFound(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	for _, careless := range []bool{true, false} {
		p := ledgers(t, careless, false)
		r := p.newRun(p.object.newEnv(p.settings), reflect.Value{}).mortal()
		l, err := openLedger(r.env, careless)
		require.NoError(t, err)
		r.status[0].Store(underWay)
		r.history[0] = spec.Entry{Outcome: spec.Pending, Invoked: 1}
		torn := make([]byte, recordOfLedger)
		torn[0], torn[recordOfLedger-1] = 1, 0xff^1
		f, err := r.env.disk.Open("ledger")
		require.NoError(t, err)
		_, err = f.WriteAt(torn, l.end)
		require.NoError(t, err)

		wrong := 0
		for _, image := range r.env.disk.At(disks.Ordered).Enumerate(100) {
			a := cases.Aftermath{Disk: disks.Crash(image), Model: disks.Ordered}
			second := &secondLife{ends: p.endsOfSecondLife(), most: imagesOfSecondEnd}
			require.NoError(t, r.recoverInto(second, a, r.withoutPower(notClosed)), "the recovery itself is right")
			require.Len(t, second.left, 2, "it ends after each append")
			if err := r.judgeSecondLife(second, a); err != nil {
				wrong++
				var v *Violation
				require.ErrorAs(t, err, &v)
				require.Equal(t, "SecondLife", v.Class())
				require.ErrorContains(t, err, "after the crash, operations on the object that was opened, and a second crash, no order explains")
			}
		}
		require.Equal(t, careless, wrong > 0, "%d second lives were wrong", wrong)
	}
}

// What is lost without a first crash too is found there, in fewer words.
func TestWhatANewObjectLosesTooIsNoMatterOfASecondLife(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	p := ledgers(t, false, false)
	open := p.object.Open
	p.object.Open = func(ctx context.Context, e *Env) (any, error) {
		l, err := open(ctx, e)
		l.(*ledger).unsynced = true
		return l, err
	}
	r := p.newRun(p.object.newEnv(p.settings), reflect.Value{}).mortal()
	a := cases.Aftermath{Disk: disks.New(), Model: disks.Ordered}
	second := &secondLife{ends: p.endsOfSecondLife(), most: imagesOfSecondEnd}
	require.NoError(t, r.recoverInto(second, a, r.withoutPower(notClosed)))
	require.NoError(t, r.judgeSecondLife(second, a))
	lost := second.left[0]
	require.Error(t, r.judgeSecondCrash(lost.images[0], p.until(p.afterFirstCrash(second.history), lost.probe)), "something is lost")
}

func TestASecondLifeEndsWhereSomethingIsDurable(t *testing.T) {
	t.Parallel()
	for synced, want := range map[bool][]int{false: {2, 3}, true: nil} {
		p := ledgers(t, false, synced)
		var called []string
		for _, c := range p.probes {
			called = append(called, c.text)
		}
		require.Equal(t, []string{"all()", "sync()", "append(1)", "append(2)"}, called)
		require.Equal(t, want, p.endsOfSecondLife(), "the sync has nothing to sync")
	}
	p := ledgers(t, false, true)
	p.probes = []*Call{p.probes[0], p.probes[2], p.probes[3], p.probes[1]}
	require.Equal(t, []int{3}, p.endsOfSecondLife(), "before the sync nothing is durable")
}

// What a second life has made durable must be there, what it has only done may be, and what came after the second crash, or was lost in
// the first, must not.
func TestWhatASecondCrashMayTakeIsWhatNobodyHasMadeDurable(t *testing.T) {
	t.Parallel()
	lived := func(p *plan) (h spec.History) {
		h = spec.History{{Outcome: spec.Durable, Invoked: 1, Returned: 2}, {}}
		for i := range p.probes {
			h = append(h, spec.Entry{Outcome: spec.OK, Result: "()", Invoked: 3 + 2*i, Returned: 4 + 2*i})
		}
		return h
	}
	outcomes := func(h spec.History) (all []spec.Outcome) {
		for _, e := range h {
			all = append(all, e.Outcome)
			require.Equal(t, e.Outcome != spec.NotInvoked && e.Invoked > 2, e.Crashes == 1)
		}
		return all
	}
	const durable, not, volatile = spec.Durable, spec.NotInvoked, spec.Volatile
	p := ledgers(t, false, true)
	p.probes = []*Call{p.probes[0], p.probes[2], p.probes[3], p.probes[1]} // all, append, append, sync
	require.Equal(t, []spec.Outcome{durable, not, not, durable, durable, not}, outcomes(p.until(lived(p), 3)))
	require.Equal(t, []spec.Outcome{durable, not, not, volatile, not, not}, outcomes(p.until(lived(p), 1)))
	p = ledgers(t, false, false) // all, sync, append, append
	require.Equal(t, []spec.Outcome{durable, not, not, not, durable, not}, outcomes(p.until(lived(p), 2)))
}

// One crash in four has a second life, which ends once, after an operation that the disk chooses; a case with one crash always has it, and
// tries each end.
func TestWhichCrashesHaveASecondLife(t *testing.T) {
	t.Parallel()
	p := ledgers(t, false, false)
	r := p.newRun(p.object.newEnv(p.settings), reflect.Value{}).mortal()
	h := r.withoutPower(notClosed)
	require.Nil(t, r.secondLife(cases.Aftermath{Thorough: true}, h), "the disk is not a record")
	r.env.recorded = new(recorded.Folder)
	r.env.disk = disks.New()
	ends := map[int]int{}
	for salt := range uint64(80) {
		l := r.secondLife(cases.Aftermath{Salt: salt}, h)
		require.Equal(t, salt%4 == 0, l != nil)
		if l != nil {
			require.Len(t, l.ends, 1)
			ends[l.ends[0]]++
		}
		require.Equal(t, []int{2, 3}, r.secondLife(cases.Aftermath{Salt: salt, Thorough: true}, h).ends)
	}
	require.Equal(t, map[int]int{2: 10, 3: 10}, ends)
	require.Nil(t, r.secondLife(cases.Aftermath{Thorough: true}, p.withProbes(h)), "there is no room for another inquiry")
}
