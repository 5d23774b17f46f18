package deadlock

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// with gives a goroutine of a picture a label.
func with(value, stack string) string {
	return strings.Replace(stack, "]:", fmt.Sprintf(" labels:{\"other\": \"x\", \"run\": %q}]:", value), 1)
}

func TestGoroutinesAreJudgedByTheirLabel(t *testing.T) {
	t.Parallel()
	locked := with("7", stack(7, "sync.Mutex.Lock", "engine.lock"))
	received := with("7", stack(8, "chan receive", "engine.wait"))
	for _, c := range []struct {
		name, picture string
		want          Crowd
	}{
		{"each waits for another one", locked, Stuck},
		{"one may wait for a timer", locked + received, Waits},
		{"one runs", locked + received + with("7", stack(9, "runnable", "engine.work")), Goes},
		{"one sleeps", locked + with("7", stack(9, "sleep", "engine.work")), Goes},
		{"another one may wait for a timer", locked + with("8", stack(9, "select", "engine.work")), Stuck},
		{"another one waits for nobody", locked + with("8", stack(9, "syscall", "engine.work")), Waits},
		{"one without a label runs", locked + stack(9, "running", "engine.work"), Waits},
		{"who waits for the run is outside", locked + stack(9, "select", "sync.wait", "run.(*lane).wait") + stack(10, "runnable", "run.(*lane).wait"), Stuck},
		{"what it calls is not", locked + stack(9, "runnable", "engine.work", "run.(*lane).wait"), Waits},
		{"nobody has the label", with("8", stack(7, "sync.Mutex.Lock", "engine.lock")), Goes},
		{"a picture that is cut off", locked + "goroutine 9 [sync.Con", Waits},
	} {
		l := &Labels{Key: "run", Outside: []string{"run.(*lane).wait"}}
		for range looks {
			l.judge([]byte(looking + c.picture))
		}
		d, crowd := l.Of("7")
		require.Equal(t, c.want, crowd, c.name)
		if crowd != Goes {
			require.Equal(t, strings.Count(c.picture, `"7"`), d.Goroutines, c.name)
		}
	}
}

func TestGoroutinesAreStuckAtTheSamePlaceAgainAndAgain(t *testing.T) {
	t.Parallel()
	l := &Labels{Key: "run"}
	sees := func(times int, others string, functions ...string) Crowd {
		for range times {
			l.judge([]byte(looking + with("7", stack(7, "sync.Mutex.Lock, 2 minutes", functions...)) + others))
		}
		_, crowd := l.Of("7")
		return crowd
	}
	require.Equal(t, Waits, sees(looks-1, "", "engine.lock"))
	require.Equal(t, Waits, sees(5, stack(9, "running", "engine.work"), "engine.lock"), "another one works, which proves nothing")
	require.Equal(t, Stuck, sees(1, "", "engine.lock"))
	require.Equal(t, Waits, sees(looks-1, "", "engine.elsewhere"), "it went on")
	require.Equal(t, Stuck, sees(1, "", "engine.elsewhere"))
}

// This one looks at the goroutines of this process, so no other test may run beside it.
func TestGoroutinesInheritTheLabelByWhichTheyAreFound(t *testing.T) {
	before, was := os.LookupEnv("GODEBUG")
	var group, ended sync.WaitGroup
	group.Add(1)
	pprof.Do(context.Background(), pprof.Labels("run", "7"), func(context.Context) {
		ended.Go(func() { ended.Go(func() { group.Wait() }) })
	})
	l := &Labels{Key: "run", Every: 1}
	crowd, d := Goes, (*Deadlock)(nil)
	for range 1_000_000 {
		if l.Look(); crowd == Stuck {
			break
		}
		d, crowd = l.Of("7")
	}
	require.Equal(t, Stuck, crowd)
	require.Equal(t, 1, d.Goroutines)
	require.Contains(t, d.Where(), "TestGoroutinesInheritTheLabelByWhichTheyAreFound")
	_, crowd = l.Of("8")
	require.Equal(t, Goes, crowd)
	after, is := os.LookupEnv("GODEBUG")
	require.Equal(t, before, after)
	require.Equal(t, was, is)
	group.Done()
	ended.Wait()
}
