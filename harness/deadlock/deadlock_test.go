package deadlock

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

const looking = "goroutine 1 [running]:\nmain.look()\n\t/look.go:1 +0x1\n\n"

// stack is a goroutine in a picture.
func stack(number int, state string, frames ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "goroutine %d [%s]:\n", number, state)
	for i, f := range frames {
		fmt.Fprintf(&b, "%s(0x1, {0x2, 0x3})\n\t/src/engine/file.go:%d +0x1\n", f, i+1)
	}
	return b.String() + "created by main.main in goroutine 1\n\t/main.go:7 +0x1\n\n"
}

// after shows a watch the same picture as often as it wants to see it.
func after(w *Watch, picture string) (d *Deadlock) {
	for range looks {
		d = w.judge([]byte(picture))
	}
	return d
}

func TestOnlyWaitsForOthersAreADeadlock(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{
		"sync.Mutex.Lock": true, "sync.RWMutex.RLock, 3 minutes": true, "sync.Cond.Wait": true, "sync.WaitGroup.Wait (scan)": true, "chan send": true,
		"select (no cases)": true, "semacquire, locked to thread": true, "chan receive (nil chan)": true,
		"chan receive": false, "select": false, // a timer may end them
		"sleep": false, "running": false, "runnable": false, "syscall, 2 minutes": false, "IO wait": false, "GC assist wait": false, "coroutine": false, "anything new": false,
	} {
		other := stack(8, "sync.Mutex.Lock", "sync.runtime_SemacquireMutex", "engine.(*Log).lock")
		require.Equal(t, want, after(&Watch{}, looking+other+stack(7, state, "engine.(*Log).work")) != nil, state)
	}
}

func TestAReceiveIsOfOthersWhereNoTimerEndsIt(t *testing.T) {
	t.Parallel()
	for frame, want := range map[string]bool{
		noTimer + "[...]": true,
		"github.com/racewindow/racewindow/failpoints.ReceiveUntil[...]": false,
		"example.com/words.Wait":    true,
		"example.com/other.Receive": false,
	} {
		w := &Watch{NoTimer: []string{"example.com/words."}}
		picture := looking + stack(7, "select", "runtime.gopark", frame, "engine.(*Log).wait") + stack(8, "chan receive", "example.com/words.hold")
		require.Equal(t, want, after(w, picture) != nil, frame)
	}
}

func TestTestsAndSignalsAreNoPartOfIt(t *testing.T) {
	t.Parallel()
	outside := stack(2, "chan receive", "testing.(*T).Run", "main.main") + stack(3, "syscall", "os/signal.signal_recv", "os/signal.loop")
	require.Nil(t, after(&Watch{}, looking+outside), "nobody works for the run")
	require.NotNil(t, after(&Watch{}, looking+outside+stack(7, "sync.Cond.Wait", "engine.wait")))
}

func TestADeadlockNeedsTheSamePictureAgainAndAgain(t *testing.T) {
	t.Parallel()
	one := looking + stack(7, "sync.Cond.Wait, 1 minutes", "engine.wait")
	w := &Watch{}
	for range looks - 1 {
		require.Nil(t, w.judge([]byte(one)))
	}
	require.Nil(t, w.judge([]byte(looking+stack(7, "sync.Cond.Wait", "engine.elsewhere"))), "it went on")
	for range looks - 1 {
		require.Nil(t, w.judge([]byte(one)))
	}
	require.Nil(t, w.judge([]byte(one+stack(9, "runnable", "engine.work"))), "another one can go on")
	require.NotNil(t, after(w, strings.Replace(one, "1 minutes", "2 minutes", 1)))
	require.Nil(t, w.judge([]byte(one+"goroutine 9 [sync.Con")), "a picture that is cut off")
}

func TestADeadlockSaysWhereHowManyWait(t *testing.T) {
	t.Parallel()
	lock := []string{"internal/sync.runtime_SemacquireMutex", "sync.(*Mutex).Lock", "github.com/racewindow/racewindow/failpoints.Lock", "example.com/engine.(*Log).append"}
	d := after(&Watch{}, looking+stack(7, "sync.Cond.Wait", "engine.wait")+stack(8, "sync.Mutex.Lock", lock...)+stack(10, "sync.Mutex.Lock", lock...))
	require.NotNil(t, d)
	require.Equal(t, "all 3 goroutines that are left wait for one another: 2 in engine.(*Log).append (file.go:4); 1 in engine.wait (file.go:1)", d.String())
	require.Equal(t, 3, strings.Count(d.Stacks, " [sync."))
	many := &Deadlock{Goroutines: 9, Places: strings.Fields("a b c d e f g h")}
	require.Contains(t, many.String(), "e; f; 2 more places")
}

var testPoint = failpoints.WaitPoint("deadlock", "test")

// These two look at the goroutines of this process, so no other test may run beside them.

func TestGoroutinesThatNobodyWakesAreFound(t *testing.T) {
	var group sync.WaitGroup
	group.Add(1)
	never, nobody := make(chan struct{}), make(chan int)
	var ended sync.WaitGroup
	ended.Go(group.Wait)
	ended.Go(func() { nobody <- 1 })
	ended.Go(func() { _, _, _ = failpoints.Receive(context.Background(), testPoint, never) })
	w, d := &Watch{}, (*Deadlock)(nil)
	for until := time.Now().Add(time.Minute); d == nil && time.Now().Before(until); {
		time.Sleep(time.Millisecond) // until all three wait
		d = w.judge(dump(nil))
	}
	require.NotNil(t, d)
	require.Equal(t, 3, d.Goroutines, d.Stacks)
	require.Contains(t, d.Stacks, "receiveWithoutTimer")
	group.Done()
	<-nobody
	close(never)
	ended.Wait()
}

func TestSlowGoroutinesAreNoDeadlock(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	ctx, off := context.WithTimeout(context.Background(), time.Hour)
	blocked := make(chan struct{})
	var group, ended sync.WaitGroup
	group.Add(1)
	ended.Go(group.Wait)
	for _, slow := range []struct {
		name string
		wait func()
		end  func()
	}{
		{"a file", func() { _, _ = read.Read(make([]byte, 1)) }, func() { _, _ = write.Write([]byte{0}) }},
		{"a context's timer", func() { _, _, _ = failpoints.Receive(ctx, testPoint, blocked) }, off},
		{"a deadline", func() {
			_, _, _, _ = failpoints.ReceiveUntil(context.Background(), testPoint, blocked, time.Now().Add(time.Hour))
		}, func() { blocked <- struct{}{} }},
		{"a channel of anybody", func() { <-blocked }, func() { close(blocked) }},
	} {
		var one sync.WaitGroup
		one.Go(slow.wait)
		w := &Watch{}
		for range 3 * looks {
			time.Sleep(time.Millisecond) // so that it waits in most of the pictures
			require.Nil(t, w.judge(dump(nil)), slow.name)
		}
		slow.end()
		one.Wait()
	}
	group.Done()
	ended.Wait()
	require.NoError(t, read.Close())
	require.NoError(t, write.Close())
}
