package object

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// A scroll keeps bytes in a file, and in memory from when it is opened.
type scroll struct {
	env  *Env
	held []byte
}

// openScroll opens a scroll. One that trusts takes a failed read for the end of the file, and one that cuts leaves nothing of a file that it
// could not read.
func openScroll(e *Env, trusts, cuts bool) (*scroll, error) {
	f, err := e.Disk().Open("scroll")
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = e.Disk().Create("scroll"); err == nil {
			err = errors.Join(f.Sync(), e.Disk().SyncDir("."))
		}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &scroll{env: e, held: make([]byte, 4096)}
	n, err := f.ReadAt(s.held, 0)
	if err != nil && !errors.Is(err, io.EOF) && !trusts {
		if cuts {
			_ = errors.Join(f.Truncate(0), f.Sync())
		}
		return nil, err
	}
	s.held = bytes.TrimRight(s.held[:n], "\x00") // a length without its bytes
	return s, nil
}

func (s *scroll) Put(value uint8) error {
	f, err := s.env.Disk().Open("scroll")
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{'a' + value%26}, int64(len(s.held)))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		s.held = append(s.held, 'a'+value%26)
	}
	return err
}

func (s *scroll) All() string { return strings.Trim(string(s.held), "\x00") }

func aScroll(t *testing.T, trusts, cuts bool) *Object {
	t.Helper()
	o, err := New(Config{
		Name: "TestScroll", Type: reflect.TypeFor[*scroll](),
		Open:       func(_ context.Context, e *Env) (any, error) { return openScroll(e, trusts, cuts) },
		Operations: []Method{{Name: "put", Do: (*scroll).Put, Durable: OnReturn}, {Name: "all", Do: (*scroll).All}},
	})
	require.NoError(t, err)
	return o
}

// executed executes a case once, and returns its failure and its counts.
func executed(t *testing.T, o *Object, text string) (*sched.Failure, *cases.Crashes) {
	t.Helper()
	c, err := cases.Parse("v1 "+o.Head()+"; "+text, cases.Only(o))
	require.NoError(t, err)
	require.Contains(t, c.String(), text)
	p, err := o.Plan(c)
	require.NoError(t, err)
	return sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure, p.Crashes
}

// An Open that refuses because of a fault is asked again on a disk that works, and must find everything then.
func TestAnOpenMayRefuseBecauseOfAFaultAndLosesNothing(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	for _, each := range []struct {
		trusts, cuts bool
		says         string
	}{
		{},
		{trusts: true, says: "after the crash, when it was opened despite disk read * #1 = EIO at open, no order explains the results"},
		{cuts: true, says: "after the crash, when it was opened again after it had refused because of disk read * #1 = EIO at open, no order explains the results"},
	} {
		o := aScroll(t, each.trusts, each.cuts)
		failure, counts := executed(t, o, "c0: put(1); ! disk read * #1 = EIO at open; crash any")
		require.NotZero(t, counts.Faults.Load())
		if each.says == "" {
			require.Nil(t, failure)
		} else {
			require.NotNil(t, failure, each.says)
			require.Equal(t, "Durability", failure.Class())
			require.ErrorContains(t, failure, each.says)
		}
		failure, _ = executed(t, o, "c0: put(1); crash any")
		require.Nil(t, failure, "without the fault")
	}
}

// What strikes an opening strikes nothing else: an operation has no error, and owes what it owes without faults.
func TestFaultsAtOpenEndWhenTheObjectIsOpen(t *testing.T) {
	t.Parallel()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
	for _, kind := range []string{"open", "read", "any"} {
		failure, counts := executed(t, aScroll(t, false, false), fmt.Sprintf("c0: put(1), put(2); ! disk %s * = EIO at open; crash any", kind))
		require.Nil(t, failure, kind)
		require.Empty(t, counts.Missing(cases.Case{Faults: []cases.Fault{{}}}), kind)
	}
	failure, counts := executed(t, aScroll(t, true, true), "c0: put(1), put(2); ! disk read * = EIO at open")
	require.Nil(t, failure)
	require.Zero(t, counts.Faults.Load(), "no power is lost, so nothing is opened again")
}

func TestAQuarterOfTheFaultsThatAreDrawnAreAFailedReadAtOpen(t *testing.T) {
	t.Parallel()
	o, random := aScroll(t, false, false), rand.New(rand.NewSource(1))
	atOpen, all, others := 0, 0, map[string]bool{}
	for range 1000 {
		for _, f := range o.DrawFaults(random, cases.Case{Crash: &cases.Crash{Any: true}}, 2) {
			require.NotNil(t, f.Rule(), f.String())
			all++
			if f.AtOpen {
				require.Contains(t, f.Disk, "read")
				atOpen++
			} else {
				others[f.Disk] = true
			}
		}
		for _, f := range o.DrawFaults(random, cases.Case{}, 2) {
			require.False(t, f.AtOpen, "nothing is opened again where no power is lost")
		}
	}
	require.InDelta(t, 0.25, float64(atOpen)/float64(all), 0.05)
	require.Len(t, others, 24, "each of six failures of the first, second, third and fourth operation")
}

// Under load, too, a read fails while an object is opened after a loss of power.
func TestAReadFailsAtOpenUnderLoad(t *testing.T) {
	t.Parallel()
	for _, each := range []struct {
		trusts, cuts bool
		says         string
	}{
		{},
		{trusts: true, says: `, when it was opened despite disk read \* #\d = EIO at open, no order explains the results`},
		{cuts: true, says: `, when it was opened again after it had refused because of disk read \* #\d = EIO at open, no order explains the results`},
	} {
		r, err := aScroll(t, each.trusts, each.cuts).Crash(t.Context(), crashLoadOf(func(c *CrashLoad) {
			c.Draw, c.Faults, c.Cycles, c.Interrupted = cases.Shape{Threads: 1, Operations: 3, Small: true}, 1, 3000, 0
		}))
		require.NoError(t, err)
		require.NotZero(t, r.FailedAtOpen)
		if each.says == "" {
			require.Nil(t, r.Finding, "%+v", r.Finding)
			continue
		}
		require.NotNil(t, r.Finding)
		require.Equal(t, "Durability", r.Finding.Violation.Class())
		require.Regexp(t, each.says, r.Finding.Violation.Error())
		require.True(t, r.Finding.Case.Faults[0].AtOpen)
	}
}
