package sched

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// These tests hold that the race detector sees a program under the scheduler as it would without it: no race is hidden by an
// order that only the scheduler made, and none is invented. In a build without -race there is nothing to hold.

func needsDetector(t *testing.T) {
	t.Helper()
	if !raceEnabled {
		t.Skip("needs the race detector: go test -race")
	}
	t.Parallel()
}

// unequal has the detector report a race each time, not only the first.
const unequal = "GORACE=suppress_equal_stacks=0"

// readsTooEarly races only if b looks before a has published.
func readsTooEarly(x *Execution) {
	var mu sync.Mutex
	ready, data := false, 0
	x.Go("a", func(t *T) {
		failpoints.Yield(t.Context(), pointStore)
		data = 1
		failpoints.Lock(t.Context(), pointLock, &mu)
		ready = true
		mu.Unlock()
	})
	x.Go("b", func(t *T) {
		failpoints.Lock(t.Context(), pointLock, &mu)
		published := ready
		mu.Unlock()
		failpoints.Yield(t.Context(), pointLoad)
		if !published {
			_ = data
			data = 2
		}
	})
}

func replayRaces(s Scenario, text string, times int) (races int) {
	schedule, err := ParseSchedule(text)
	if err != nil {
		panic(err)
	}
	r := NewRunner(s, Options{})
	for range times {
		if o := r.Replay(schedule, false); o.Failure != nil && o.Failure.Kind == DataRace {
			races++
		}
	}
	return races
}

func TestARaceThatShowsInOneOrderIsFoundWithItsSchedule(t *testing.T) {
	switch what, schedule, _ := strings.Cut(os.Getenv(childVariable), " "); what {
	case "find":
		r := explore(t, readsTooEarly, Options{Strategy: "bounded", Preemptions: 1})
		fmt.Printf("found %s with %d preemptions by: %s\n", r.Findings[0].Failure.Kind, r.Findings[0].Preemptions, r.Findings[0].Schedule)
		return
	case "replay":
		fmt.Printf("replayed %d of 20\n", replayRaces(readsTooEarly, schedule, 20))
		return
	}
	needsDetector(t)
	output, code := child(t, t.Name(), "find")
	require.NotZero(t, code, output)
	require.Contains(t, output, "WARNING: DATA RACE")
	found := regexp.MustCompile(`found data race with (\d) preemptions by: (.*)`).FindStringSubmatch(output)
	require.NotNil(t, found, output)
	require.Equal(t, []string{"0", "start>b"}, found[1:])
	output, _ = child(t, t.Name(), "replay "+found[2], unequal)
	require.Contains(t, output, "replayed 20 of 20")
	output, code = child(t, t.Name(), "replay ", unequal)
	require.Contains(t, output, "replayed 0 of 20", "in the other order there is no race")
	require.Zero(t, code, output)
}

// handOvers are programs in which two threads write, ordered by nothing but the scheduler's hand-over of the kind of the name.
var handOvers = map[string]struct {
	schedule string
	scenario func(x *Execution, write func())
}{
	"yield": {"a@test/load#1>b", func(x *Execution, write func()) {
		x.Go("a", func(t *T) {
			write()
			failpoints.Yield(t.Context(), pointLoad)
		})
		x.Go("b", func(*T) { write() })
	}},
	"end": {"", func(x *Execution, write func()) {
		x.Go("a", func(*T) { write() })
		x.Go("b", func(*T) { write() })
	}},
	"operation": {"a@op#1>b", func(x *Execution, write func()) {
		x.Go("a", func(t *T) {
			t.Op("one")
			write()
			t.Op("two")
		})
		x.Go("b", func(*T) { write() })
	}},
	"receive": {"", func(x *Execution, write func()) {
		ch := make(chan int, 1)
		x.Go("a", func(t *T) {
			write()
			_, _, _ = failpoints.Receive(t.Context(), pointWait, ch)
		})
		x.Go("b", func(*T) {
			write()
			ch <- 1
		})
	}},
	"lock": {"a@test/load#1>b", func(x *Execution, write func()) {
		var mu sync.Mutex
		x.Go("a", func(t *T) {
			failpoints.Lock(t.Context(), pointLock, &mu)
			failpoints.Yield(t.Context(), pointLoad)
			mu.Unlock()
			write()
		})
		x.Go("b", func(t *T) {
			write()
			failpoints.Lock(t.Context(), pointLock, &mu) // and waits for a
			mu.Unlock()
		})
	}},
	"sleep": {"", func(x *Execution, write func()) {
		for i, name := range []string{"a", "b"} {
			x.Go(name, func(t *T) {
				_ = failpoints.Sleep(t.Context(), pointWait, time.Duration(1+i)*time.Second)
				write()
			})
		}
	}},
	"task": {"", func(x *Execution, write func()) {
		x.Go("a", func(t *T) {
			failpoints.Go(t.Context(), "task", func(context.Context) { write() })
			write()
			_ = failpoints.Sleep(t.Context(), pointWait, time.Second)
		})
	}},
	"sibling tasks": {"", func(x *Execution, write func()) {
		x.Go("a", func(t *T) {
			failpoints.Go(t.Context(), "one", func(context.Context) { write() })
			failpoints.Go(t.Context(), "two", func(context.Context) { write() })
			_ = failpoints.Sleep(t.Context(), pointWait, time.Second)
		})
	}},
}

func racing(kind string) Scenario {
	return func(x *Execution) {
		shared := 0
		handOvers[kind].scenario(x, func() { shared++ })
	}
}

func TestNoHandOverOrdersTwoThreads(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		for kind, h := range handOvers {
			fmt.Printf("%s: %d of 20\n", kind, replayRaces(racing(kind), h.schedule, 20))
		}
		return
	}
	needsDetector(t)
	output, code := child(t, t.Name(), "all", unequal)
	require.NotZero(t, code)
	for kind := range handOvers {
		require.Contains(t, output, kind+": 20 of 20\n")
	}
}

// ordered are programs that synchronise as they should.
var ordered = map[string]Scenario{
	"mutex": func(x *Execution) {
		var mu sync.Mutex
		shared := 0
		for _, name := range []string{"a", "b", "c"} {
			x.Go(name, func(t *T) {
				for range 3 {
					failpoints.Lock(t.Context(), pointLock, &mu)
					n := shared
					failpoints.Yield(t.Context(), pointStore)
					shared = n + 1
					mu.Unlock()
				}
			})
		}
		x.Finally(func(t *T) {
			if shared != 9 {
				t.Fatalf("%d", shared)
			}
		})
	},
	"atomic": func(x *Execution) {
		var ready atomic.Bool
		data := 0
		x.Go("a", func(t *T) {
			failpoints.Yield(t.Context(), pointStore)
			data = 1
			failpoints.Yield(t.Context(), pointStore)
			ready.Store(true)
		})
		x.Go("b", func(t *T) {
			for range 4 {
				failpoints.Yield(t.Context(), pointLoad)
				if ready.Load() && data != 1 {
					t.Errorf("%d", data)
				}
			}
		})
	},
	"channel": func(x *Execution) {
		values, back := make(chan *int, 2), make(chan *int, 2)
		x.Go("a", func(t *T) {
			for range 3 {
				n := 1
				values <- &n
				failpoints.Yield(t.Context(), pointStore)
				p, _, _ := failpoints.Receive(t.Context(), pointWait, back)
				*p++
			}
			close(values)
		})
		x.Go("b", func(t *T) {
			for {
				p, ok, _ := failpoints.Receive(t.Context(), pointWait, values)
				if !ok {
					return
				}
				*p++
				back <- p
			}
		})
	},
	"cond": func(x *Execution) {
		var mu sync.Mutex
		full := failpoints.Cond{L: &mu}
		var queue []int
		x.Go("put", func(t *T) {
			for i := range 3 {
				failpoints.Lock(t.Context(), pointLock, &mu)
				queue = append(queue, i)
				full.Signal()
				mu.Unlock()
			}
		})
		x.Go("take", func(t *T) {
			for range 3 {
				failpoints.Lock(t.Context(), pointLock, &mu)
				for len(queue) == 0 {
					_ = full.Wait(t.Context(), pointWait)
				}
				queue = queue[1:]
				mu.Unlock()
			}
		})
	},
	"tasks": func(x *Execution) {
		before := 0
		x.Go("a", func(t *T) {
			before = 1
			done := make(chan int, 2)
			for _, name := range []string{"one", "two"} {
				failpoints.Go(t.Context(), name, func(ctx context.Context) {
					failpoints.Yield(ctx, pointLoad)
					done <- before
				})
			}
			for range 2 {
				_, _, _ = failpoints.Receive(t.Context(), pointWait, done)
			}
			before = 2
		})
	},
	"fork and join": func(x *Execution) {
		written := make([]int, 3)
		written[0] = 7
		for i, name := range []string{"a", "b", "c"} {
			x.Go(name, func(t *T) {
				failpoints.Yield(t.Context(), pointStore)
				written[i]++
				failpoints.Yield(t.Context(), pointStore)
				written[i]++
			})
		}
		x.Finally(func(t *T) {
			if written[0]+written[1]+written[2] != 13 {
				t.Fatalf("%v", written)
			}
		})
	},
}

func TestAProgramThatSynchronisesIsNeverReported(t *testing.T) {
	t.Parallel()
	for name, s := range ordered {
		for _, strategy := range []string{"random", "pct"} {
			r := explore(t, s, Options{Strategy: strategy, Schedules: 2000, Seed: 1})
			require.Empty(t, r.Findings, name)
			require.EqualValues(t, 2000, r.Schedules)
			require.Greater(t, r.Distinct, uint64(5), name)
		}
	}
}
