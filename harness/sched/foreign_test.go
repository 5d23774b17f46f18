package sched

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// childVariable tells a child process what to do.
const childVariable = "RACEWINDOW_SCHED_CHILD"

// childHangs is after how long a thread of a child process hangs. One that hangs does so for ever. A thread that only waits for the processor,
// before it comes to where it hangs, must not be taken for it, so this is far longer than a busy machine makes it wait.
const childHangs = 2 * time.Second

// child runs a test of this binary in a process of its own and returns what it printed and its exit code.
func child(t *testing.T, test, what string, environment ...string) (output string, code int) {
	t.Helper()
	return childWith(t, []string{"-test.run=^" + test + "$", "-test.v"}, what, environment...)
}

func childWith(t *testing.T, arguments []string, what string, environment ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], arguments...)
	command.Env = append(append(os.Environ(), childVariable+"="+what), environment...)
	var all bytes.Buffer
	command.Stdout, command.Stderr = &all, &all
	err := command.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return all.String(), command.ProcessState.ExitCode()
}

// strays are scenarios in which a plain goroutine uses a thread's context.
var strays = map[string]Scenario{
	"point": func(x *Execution) {
		x.Go("a", func(t *T) {
			var done sync.WaitGroup
			done.Go(func() { failpoints.Yield(t.Context(), pointLoad) })
			done.Wait()
		})
	},
	"lock": func(x *Execution) {
		x.Go("a", func(t *T) {
			var done sync.WaitGroup
			var mu sync.Mutex
			done.Go(func() {
				failpoints.Lock(t.Context(), pointLoad, &mu)
				mu.Unlock()
			})
			done.Wait()
			failpoints.Yield(t.Context(), pointStore)
		})
	},
	"task": func(x *Execution) {
		x.Go("a", func(t *T) {
			var done sync.WaitGroup
			done.Go(func() { failpoints.Go(t.Context(), "test/load", func(context.Context) {}) })
			done.Wait()
		})
	},
}

func TestAGoroutineThatNobodyToldOfIsAnError(t *testing.T) {
	t.Parallel()
	for name, s := range strays {
		r, err := Search(context.Background(), s, Options{Strategy: "random", Schedules: 10})
		require.ErrorContains(t, err, "a goroutine that the scheduler does not know of came to ", name)
		require.ErrorContains(t, err, "test/load with the context of thread a: start it with failpoints.Go", name)
		require.Equal(t, "a schedule could not be executed", r.Ended)
		require.Empty(t, r.Findings)
		out := NewRunner(s, Options{}).Replay(nil, false)
		require.NotNil(t, out.Failure)
		require.Equal(t, Unusable, out.Failure.Kind)
	}
}

func TestAStrayGoroutineThatComesLaterIsAnErrorToo(t *testing.T) {
	t.Parallel()
	var once sync.Once
	release, came := make(chan struct{}), make(chan struct{})
	n := 0
	_, err := Search(context.Background(), func(x *Execution) {
		n++
		if n == 5 {
			close(release) // the first execution is long over
			<-came
		}
		x.Go("a", func(t *T) {
			once.Do(func() {
				go func() {
					defer close(came)
					<-release
					// The context is that of a thread that has ended.
					failpoints.Lock(t.Context(), pointLoad, &sync.Mutex{})
				}()
			})
			failpoints.Yield(t.Context(), pointLoad)
		})
	}, Options{Strategy: "random", Schedules: 100, Workers: 1, RepeatEvery: -1})
	require.ErrorContains(t, err, "a goroutine that the scheduler does not know of came to test/load with the context of thread a")
	require.Equal(t, 5, n)
}

func TestAThreadThatBlocksUnseenEndsTheProcessWithItsStack(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		_, err := Search(context.Background(), func(x *Execution) {
			x.Go("a", func(t *T) {
				failpoints.Yield(t.Context(), pointLoad)
				blockUnseen(make(chan int))
			})
		}, Options{Strategy: "random", Schedules: 10, Hang: childHangs})
		t.Fatal("the search came back", err)
	}
	t.Parallel()
	output, code := child(t, t.Name(), "hang")
	require.Equal(t, 3, code, output)
	require.Contains(t, output, "racewindow: no thread has come to a failpoint for 2s: thread a blocks where the scheduler cannot see it, or loops, since it passed test/load (fixture_test.go:1).")
	require.Contains(t, output, "failpoints.Lock, Receive, Sleep or Cond")
	require.Contains(t, output, "Code without markers is explored as it is by 'racewindow explore'")
	require.Contains(t, output, "schedule so far: ''")
	require.NotContains(t, output, "sched.(*worker).watch", "only the stack that hangs")
	require.Contains(t, output, "sched.blockUnseen(")
}

// TestHangingExploration is what the child process of the next test runs.
func TestHangingExploration(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("it hangs")
	}
	Explore(t, Options{Strategy: "bounded", Preemptions: 1, Workers: 1}, func(x *Execution) {
		var mu sync.Mutex
		for _, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				failpoints.Yield(t.Context(), pointLoad)
				mu.Lock()
				defer mu.Unlock()
				failpoints.Yield(t.Context(), pointStore)
			})
		}
	})
}

func TestAnExplorationThatHangsNamesTheMarkerAndTheScheduleAndHangsAgainByIt(t *testing.T) {
	t.Parallel()
	hangs := []string{
		"for 2s: thread b blocks where the scheduler cannot see it, or loops, since it passed test/load (fixture_test.go:1).",
		"-racewindow.hang=1m",
		"schedule so far: 'a@test/store#1>b'\n",
		"replay: racewindow test " + raceWord() + "-run '^TestHangingExploration$' -racewindow.replay='a@test/store#1>b'\n",
		"sync.(*Mutex).Lock",
	}
	for _, replayed := range [][]string{nil, {"-racewindow.replay=a@test/store#1>b"}} {
		output, code := childWith(t, append([]string{"-test.run=^TestHangingExploration$", "-racewindow.hang=" + childHangs.String()}, replayed...), "hang")
		require.Equal(t, 3, code, output)
		for _, words := range hangs {
			require.Contains(t, output, words)
		}
	}
}

func TestAHangWhileAThreadIsEndedNamesTheFailureThatWasFound(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		_, err := Search(context.Background(), brokenBeside(func(t *T) {
			defer blockUnseen(make(chan int))
			_, _, _ = failpoints.Receive(t.Context(), pointWait, make(chan int))
		}), Options{Strategy: "bounded", Hang: childHangs})
		t.Fatal("the search came back", err)
	}
	t.Parallel()
	output, code := child(t, t.Name(), "hang")
	require.Equal(t, 3, code, output)
	require.Contains(t, output, "thread worker blocks where the scheduler cannot see it")
	require.Contains(t, output, "A failure had been found before, and the thread was being ended: failed in checker: the invariant is broken")
}

// Between two steps many disks may be recovered from. That takes long, and is no thread that hangs.
func TestWhatGoesOnBetweenTwoStepsIsNoThreadThatHangs(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		done := raceoff.Number{}
		r, err := Search(context.Background(), func(x *Execution) {
			x.Progress(done.Load)
			if !UnderRaceDetector() {
				x.Invariant(func() error {
					for range 12 {
						time.Sleep(childHangs / 10)
						done.Add(1)
					}
					return nil
				})
			}
			x.Go("a", func(*T) {})
		}, Options{Strategy: "random", Schedules: 1, Hang: childHangs})
		require.NoError(t, err)
		require.EqualValues(t, 1, r.Statistics.Schedules)
		return
	}
	t.Parallel()
	output, code := child(t, t.Name(), "hang")
	require.Zero(t, code, output)
}

//go:noinline
func blockUnseen(ch chan int) { <-ch }

func TestAThreadThatWaitsForAStrayGoroutineEndsTheProcessWithBoth(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		_, err := Search(context.Background(), func(x *Execution) {
			x.Go("a", func(t *T) {
				answer := make(chan int)
				go func() {
					failpoints.Yield(t.Context(), pointLoad)
					answer <- 1
				}()
				blockUnseen(answer)
			})
		}, Options{Strategy: "random", Schedules: 10, Hang: childHangs})
		t.Fatal("the search came back", err)
	}
	t.Parallel()
	output, code := child(t, t.Name(), "hang")
	require.Equal(t, 3, code, output)
	require.Contains(t, output, "racewindow: a goroutine that the scheduler does not know of came to test/load with the context of thread a")
	require.Contains(t, output, "sched.blockUnseen(")
}

func TestThreadsThatAScheduleCouldNotNameAreRefused(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"two threads are named \"a\"":   {"a", "b", "a"},
		"a thread is named \"a b\": a":  {"a b"},
		"a thread is named \"\": a":     {""},
		"the scenario names no thread:": nil,
	} {
		_, err := Search(context.Background(), func(x *Execution) {
			for _, name := range names {
				x.Go(name, func(*T) {})
			}
		}, Options{Schedules: 3})
		require.ErrorContains(t, err, want)
	}
	_, err := Search(context.Background(), func(x *Execution) {
		x.Go("a", func(t *T) { failpoints.Go(t.Context(), "not a name", func(context.Context) {}) })
	}, Options{Schedules: 3})
	require.ErrorContains(t, err, "a/not a name: the name of this task cannot stand in a schedule")
}
