package properties

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/stretchr/testify/require"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// Progress: every operation ends, and a store that is closed leaves no goroutine and no open file behind.

// stacksOf lists the goroutines in whose stacks, or labels, a word occurs.
func stacksOf(word string) string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	var some []string
	for _, one := range strings.Split(all.String(), "\n\n") {
		if strings.Contains(one, word) {
			some = append(some, one)
		}
	}
	return strings.Join(some, "\n\n")
}

var groups atomic.Int64

// leftBehind runs something, and returns the goroutines started in it that still exist after it has returned. It gives those
// that are about to end the time to do so.
func leftBehind(run func(ctx context.Context)) string {
	name := fmt.Sprintf("group-%d.", groups.Add(1))
	pprof.Do(background, pprof.Labels("started-in", name), run)
	left := stacksOf(name)
	for began := time.Now(); left != "" && time.Since(began) < time.Minute; left = stacksOf(name) {
		runtime.Gosched()
	}
	return left
}

func TestAGoroutineThatStaysIsSeen(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	var stays sync.WaitGroup
	name := "group-that-stays."
	pprof.Do(background, pprof.Labels("started-in", name), func(context.Context) { stays.Go(func() { <-end }) })
	require.Contains(t, stacksOf(name), "sync.(*WaitGroup).Go")
	close(end)
	stays.Wait()
	require.Empty(t, leftBehind(func(context.Context) {}))
}

// busyWords says what the clients of busyStep do.
func busyWords(n uint8) string {
	return []string{"append 3", "flush", "commit of fragments", "abort", "read", "read of one record", "close the log", "append durably"}[n%8]
}

// busyStep is a step of one of several clients. A log that another has closed is opened again.
func busyStep(store *storage.Store, n uint8) error {
	l, err := store.Log(background, "log")
	if err != nil {
		return err
	}
	value := storage.Record{Value: make([]byte, n)}
	switch n % 8 {
	case 0:
		_, err = l.Append(background, value, value, value)
	case 1:
		err = l.Flush(background)
	case 2, 3:
		err = fragments(l, value, n%8 == 2)
	case 4:
		_, err = offsets(l.Read(background, storage.Offset{}, storage.End))
	case 5:
		for _, err = range l.Read(background, storage.Offset{}, storage.End) {
			break
		}
	case 6:
		err = l.Close(background)
	case 7:
		if _, err = l.Append(background, value); err == nil {
			err = l.Flush(background)
		}
	}
	if errors.Is(err, storage.ErrClosed) {
		return nil
	}
	return err
}

func fragments(l *storage.Log, value storage.Record, commit bool) error {
	tx, err := l.Begin(background)
	if err != nil {
		return err
	}
	for range 3 {
		if err := tx.Add(background, value); err != nil {
			return err
		}
	}
	if !commit {
		return tx.Abort(background)
	}
	_, err = tx.Commit(background)
	return err
}

func TestAClosedStoreLeavesNoGoroutineAndNoFileBehind(t *testing.T) {
	t.Parallel()
	checkScripts(t, check.Progress.Sentence+"; a closed store has no goroutine and no open file", busyWords, func(h storage.Handover, s []uint8) error {
		disk := &countedDisk{Disk: storage.MemoryDisk()}
		var failed error
		left := leftBehind(func(context.Context) { failed = busyClients(tiny(h, disk), s) })
		switch {
		case failed != nil:
			return failed
		case left != "":
			return fmt.Errorf("goroutines are left:\n%s", left)
		case disk.open.Load() != 0 || disk.opened.Load() == 0:
			return fmt.Errorf("%d of %d files are still open", disk.open.Load(), disk.opened.Load())
		}
		return nil
	})
}

// busyClients has four clients take turns at the steps of a script, all at once, and closes the store.
func busyClients(o storage.Options, s []uint8) error {
	store, err := storage.Open(background, "memory", o)
	if err != nil {
		return err
	}
	const clients = 4
	errs := make([]error, clients)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := c; i < len(s) && errs[c] == nil; i += clients {
				if err := busyStep(store, s[i]); err != nil {
					errs[c] = fmt.Errorf("step %d, %s: %w", i+1, busyWords(s[i]), err)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(append(errs, store.Close(background))...)
}

// An execution that does not end is a violation like any other. The report says where each goroutine stands, and the case is
// not shrunk.
func TestAHangIsAViolation(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c, err := cases.Parse("v1 scenario=log handover=snapshot; w0: append 1, flush; f0: append 2; ~ w0@append/buffered#1=while:f0#1")
	require.NoError(t, err)
	s := &Search{Name: "hang", hang: 50 * time.Millisecond, leisure: time.Hour} // the "while" is waited for until it hangs
	result, err := s.judge(c)
	require.NoError(t, err)
	require.Equal(t, gopter.PropFalse, result.Status)
	require.Equal(t, check.Progress, s.Found.Violation.Promise)
	_, more := s.smaller(c)()
	require.False(t, more)
	report := s.Report()
	require.Contains(t, report, "FAIL Progress")
	require.Contains(t, report, "threads stand in: w0: append 1; f0: append 2")
	require.Contains(t, report, "replay: racewindow replay '"+c.String()+"'")
}

// The report of a property without cases says the same: what gopter shrank, and the command.
func TestAScriptThatBreaksAPropertyIsShrunkAndReported(t *testing.T) {
	t.Parallel()
	p := gopter.DefaultTestParametersWithSeed(1)
	report := func(property gopter.Prop) string {
		result := property.Check(p)
		require.False(t, result.Passed())
		return reportOf("TestX", "no flush", "make properties RUN=TestX", result, func(value any) string { return scriptWords(value.([]uint8), stepWords) })
	}
	text := report(scriptProperty(hangAfter, func(s []uint8) error {
		if i := bytes.IndexAny(s, "\x04\x05\x0c\x0d"); i >= 0 {
			return fmt.Errorf("step %d flushes", i+1)
		}
		return nil
	}))
	require.Regexp(t, `FAIL TestX  "no flush"\n     step 1 flushes\n     shrunk in \d+ steps to: flush  \[\d+\]\n     drawn as: .*flush`, text)
	require.Contains(t, text, "search again: make properties RUN=TestX\n")
	text = report(scriptProperty(hangAfter, func(s []uint8) error { _ = s[3]; return nil }))
	require.Contains(t, text, "panic: runtime error: index out of range [3] with length")
	stay := make(chan struct{})
	text = report(scriptProperty(50*time.Millisecond, func([]uint8) error { <-stay; return nil }))
	close(stay)
	require.Contains(t, text, "it has not ended after 50ms")
	require.Contains(t, text, "shrunk in 0 steps")
}
