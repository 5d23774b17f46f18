package sched

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
)

// A fakeTest records what Explore does to a test.
type fakeTest struct {
	testing.TB
	name         string
	logged, errs []string
	cancel       context.CancelFunc
}

func (f *fakeTest) Helper()      {}
func (f *fakeTest) Name() string { return f.name }
func (f *fakeTest) Context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	if f.name == "TestOver" {
		cancel()
	}
	f.cancel = cancel
	return ctx
}
func (f *fakeTest) Logf(s string, a ...any)   { f.logged = append(f.logged, fmt.Sprintf(s, a...)) }
func (f *fakeTest) Errorf(s string, a ...any) { f.errs = append(f.errs, fmt.Sprintf(s, a...)) }
func (f *fakeTest) Fatalf(s string, a ...any) { f.Errorf(s, a...); runtime.Goexit() }

func exploring(name string, o Options, s Scenario) *fakeTest {
	f := &fakeTest{name: name}
	var all sync.WaitGroup
	all.Go(func() { Explore(f, o, s) })
	all.Wait()
	if f.cancel != nil {
		f.cancel()
	}
	return f
}

func raceWord() string {
	if raceEnabled {
		return "-race "
	}
	return ""
}

func TestExploreReportsAFailureThatAPersonUnderstands(t *testing.T) {
	t.Parallel()
	f := exploring("TestCounter/two_threads", Options{Workers: 1}, lostUpdate)
	require.Len(t, f.errs, 1)
	require.Equal(t, `FAIL failed in main: the counter is 1
     1 switch, 1 preemption; found by bounded(1) after 4 schedules
replay: racewindow test `+raceWord()+`-run '^TestCounter$/^two_threads$' -racewindow.replay='a@test/store#1>b'
step  a                                              b
   1  * test/load
   2  * test/store
      ---- preemption: a could have gone on, b goes on ----
   3                                                 * test/load
   4                                                 * test/store
   5                                                 end
      ---- b ended, a goes on ----
`, f.errs[0])
	require.Len(t, f.logged, 3)
	require.Equal(t, "found, and being made smaller: failed in main: the counter is 1\nreplay: racewindow test "+raceWord()+"-run '^TestCounter$/^two_threads$' -racewindow.replay='a@test/store#1>b'", f.logged[2])
	require.Equal(t, "undeclared: 2 of 2 points (test/load, test/store): each conflicts with every other; failpoints.Declare says what it touches", f.logged[1])
	require.Contains(t, f.logged[0], "explored 4 schedules, 3 distinct, 3 partial orders, at 2 points: a failure was found")
}

func TestExplorePassesAndSaysHowMuchItTried(t *testing.T) {
	t.Parallel()
	f := exploring("TestX", Options{Schedules: 500}, locked)
	require.Empty(t, f.errs)
	require.Contains(t, f.logged[0], "at 3 points: the number of schedules is reached")
}

func TestExploreOfNothingFails(t *testing.T) {
	t.Parallel()
	pass := func(x *Execution) { x.Go("a", func(*T) {}) }
	f := exploring("TestX", Options{Schedules: 10}, pass)
	require.Equal(t, []string{"sched.Explore: no thread came to a failpoint, so nothing was explored. Build instrumented:\n    racewindow test -run '^TestX$'"}, f.errs)
	require.Empty(t, exploring("TestX", Options{Schedules: 10, NoFailpoints: true}, pass).errs)

	f = exploring("TestX", Options{}, func(*Execution) {})
	require.Equal(t, []string{"sched.Explore: unusable: the scenario names no thread: call Execution.Go"}, f.errs)
	f = exploring("TestOver", Options{}, lostUpdate)
	require.Equal(t, []string{"sched.Explore: no schedule was executed: interrupted"}, f.errs)
	f = exploring("TestX", Options{Strategy: "no such"}, pass)
	require.Len(t, f.errs, 1)
	require.Contains(t, f.errs[0], `no strategy is called "no such": choose one of bounded, delay-bounded, random, pct, pos, surw`)
}

// deafened is a scenario of which only the first of three threads uses a context that the scheduler controls.
func deafened(x *Execution) {
	c := &counter{}
	x.Go("a", func(t *T) { c.increment(t.Context()) })
	x.Go("b", func(*T) { c.increment(context.Background()) })
	x.Go("c", func(*T) { c.increment(context.TODO()) })
}

func TestThreadsThatComeToNoFailpointAreNamed(t *testing.T) {
	t.Parallel()
	for _, strategy := range append(Strategies(), "") {
		f := exploring("TestX", Options{Strategy: strategy, Schedules: 50}, deafened)
		require.Len(t, f.errs, 1, strategy)
		require.Contains(t, f.errs[0], "sched.Explore: threads b, c came to no failpoint in any of ", strategy)
		require.Contains(t, f.errs[0], "Hand the context of the thread's own T to the code under test")
	}
	require.Empty(t, exploring("TestX", Options{Schedules: 50, NoFailpoints: true}, deafened).errs)
	// Whoever comes to one on some schedules only is heard.
	require.Empty(t, explore(t, rarelyLong, Options{Schedules: 100, StepLimit: 10_000}).Silent)
}

func TestAThreadWithTheContextOfAnotherIsToldSo(t *testing.T) {
	t.Parallel()
	other := func(x *Execution) {
		contexts := make(chan context.Context, 1)
		c := &counter{}
		x.Go("a", func(t *T) {
			contexts <- t.Context()
			c.increment(t.Context())
		})
		x.Go("b", func(t *T) {
			failpoints.Yield(t.Context(), pointLoad)
			c.increment(<-contexts)
		})
	}
	main := func(x *Execution) {
		ctx, c := x.Context(), &counter{}
		x.Go("b", func(*T) { c.increment(ctx) })
	}
	for of, s := range map[string]Scenario{"a": other, "main": main} {
		f := exploring("TestX", Options{Strategy: "bounded", Workers: 1}, s)
		require.Len(t, f.errs, 1)
		require.Contains(t, f.errs[0], "thread b came to test/load with the context of thread "+of+": hand each thread's own context", of)
	}
}

// TestExploredNothing is what the child process of TestAReplayThatReachesNothingFails runs.
func TestExploredNothing(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		t.Skip("it explores nothing")
	}
	Explore(t, Options{}, func(x *Execution) { x.Go("a", func(*T) {}) })
}

func TestAReplayThatReachesNothingFails(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"-", "start>a"} {
		output, code := childWith(t, []string{"-test.run=^TestExploredNothing$", "-test.v", "-racewindow.replay=" + text}, "replay")
		require.NotZero(t, code, output)
		require.Contains(t, output, "no thread came to a failpoint in what was replayed")
	}
}

func TestAnInvariantUnderTheRaceDetectorIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	s := func(x *Execution) {
		c := &counter{}
		x.Go("a", func(t *T) { c.increment(t.Context()) })
		x.Invariant(func() error { return nil })
	}
	f := exploring("TestX", Options{Schedules: 10}, s)
	if !raceEnabled {
		require.Empty(t, f.errs)
		return
	}
	require.Len(t, f.errs, 1)
	require.Contains(t, f.errs[0], "Execution.Invariant looks at what threads share between two steps, which would be a data race in this build: run without -race, or say in Finally what must hold")
}

// TestExploredCounter is what the child process of the next test runs.
func TestExploredCounter(t *testing.T) {
	if os.Getenv(childVariable) == "" {
		Explore(t, Options{}, locked)
		return
	}
	Explore(t, Options{}, lostUpdate)
}

func TestTheReplayFlagExecutesOneScheduleOnly(t *testing.T) {
	t.Parallel()
	require.NotNil(t, flag.Lookup("racewindow.replay"))
	for text, want := range map[string][]string{
		"a@test/store#1>b": {"FAIL failed in main: the counter is 1\n", "1 switch, 1 preemption; replayed", "* test/store"},
		"-":                {"replayed: everything held", "---- a ended, b goes on ----", "--- PASS"},
		"a@test/store#9>b": {"FAIL unusable: the schedule's places were not reached: a@test/store#9"},
		"nonsense":         {"-racewindow.replay: not a schedule", "--- FAIL"},
	} {
		output, code := childWith(t, []string{"-test.run=^TestExploredCounter$", "-test.v", "-racewindow.replay=" + text}, "replay")
		for _, w := range want {
			require.Contains(t, output, w, text)
		}
		require.Equal(t, text == "-", code == 0, text)
		require.NotContains(t, output, "explored")
	}
}

func TestAnExplorationOfWhichEachScheduleWasGivenUpFails(t *testing.T) {
	t.Parallel()
	f := exploring("TestSpinning", Options{Strategy: "bounded", StepLimit: 50}, func(x *Execution) {
		x.Go("a", func(t *T) {
			for {
				failpoints.Yield(t.Context(), pointLoad)
			}
		})
	})
	require.NotEmpty(t, f.errs)
	require.Contains(t, strings.Join(f.errs, "\n"), "nothing was judged: step limit: unknown: no end after 100 choices")
}

func TestATimelineFitsOnAScreen(t *testing.T) {
	t.Parallel()
	for threads := 1; threads < 14; threads++ {
		out := NewRunner(func(x *Execution) {
			for i := range threads {
				x.Go(fmt.Sprintf("thread-with-a-long-name-%d", i), func(t *T) {
					for range 20 {
						t.Op("an operation, and what it does, and\nwhat it is for " + strings.Repeat("long ", 30))
						failpoints.Yield(t.Context(), pointLoad)
					}
				})
			}
		}, Options{}).Run(newRandom(Parameters{}), true)
		require.Nil(t, out.Failure)
		lines := strings.Split(strings.TrimSuffix(timeline(out.Events), "\n"), "\n")
		require.Len(t, lines, timelineLines)
		for _, line := range lines {
			require.LessOrEqual(t, utf8.RuneCountInString(line), timelineColumns, line)
		}
	}
	require.Empty(t, timeline(nil))
}

// A thread that spins until others are done starves them when schedules are enumerated, so nothing was judged: that is no pass.
func TestExploreFailsWhereTheBoundSaysNothing(t *testing.T) {
	t.Parallel()
	beside := func(x *Execution) {
		lostUpdate(x)
		done := false
		x.Go("waiter", func(t *T) {
			for !done {
				failpoints.Yield(t.Context(), pointLock)
			}
		})
	}
	for _, strategy := range []string{"bounded", "delay-bounded"} {
		f := exploring("TestX", Options{Strategy: strategy, Preemptions: 2, StepLimit: 300}, beside)
		require.Len(t, f.errs, 1)
		require.Contains(t, f.errs[0], "sched.Explore: nothing was judged: step limit: unknown: no end after 600 choices")
		require.Contains(t, f.errs[0], "the bound could not be exhausted: schedules "+Within(0, strategy)+" were given up after 300 choices, so that bound says nothing")
	}
}

// On which disk it was that a loss of power left stands in the line that replays the schedule.
func TestTheReplayLineNamesTheDiskOfACrash(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("an invariant looks at what threads write: not under -race")
	}
	s := func(x *Execution) {
		d := crash.New()
		x.Go("writer", func(t *T) {
			f, err := d.Create("a")
			require.NoError(t, err)
			_, err = f.WriteAt([]byte("whole"), 0)
			require.NoError(t, err)
			failpoints.Yield(t.Context(), pointStore) // the fault: it says so before the sync
			require.NoError(t, f.Sync())
		})
		x.Invariant(func() error {
			return d.Try(crash.Ordered, 100, func(after *crash.Disk) error {
				if entries, _ := after.List("."); len(entries) == 1 {
					return errors.New("a name without content")
				}
				return nil
			})
		})
	}
	f := exploring("TestX", Options{Schedules: 10}, s)
	require.Len(t, f.errs, 1)
	require.Regexp(t, `FAIL invariant in writer: power is lost and leaves disk \d+ of \d+ \(ordered\): a name without content\n`, f.errs[0])
	require.Regexp(t, `replay: racewindow test -run '\^TestX\$' -racewindow.replay='-' # disk \d+ of \d+ \(ordered\)\n`, f.errs[0])
}
