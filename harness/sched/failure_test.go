package sched

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// failing executes a thread's body once.
func failing(t *testing.T, body func(t *T)) *Failure {
	t.Helper()
	out := NewRunner(func(x *Execution) { x.Go("a", body) }, Options{}).Replay(nil, false)
	require.NotNil(t, out.Failure)
	return out.Failure
}

var absent map[int]int

type classed struct{ error }

func (classed) Class() string { return "of its own" }

func TestOneAssertionIsOneClassWhateverItsTextHas(t *testing.T) {
	t.Parallel()
	n := 0
	for name, body := range map[string]func(t *T){
		"Fatalf":  func(t *T) { n++; t.Fatalf("attempt %d of %p", n, new(int)) },
		"Errorf":  func(t *T) { n++; t.Errorf("attempt %d", n) },
		"Fail":    func(t *T) { n++; t.Fail(fmt.Errorf("attempt %d", n)) },
		"FailNow": func(t *T) { t.FailNow() },
		"require": func(t *T) { n++; require.Equal(t, -1, n) },
		"assert":  func(t *T) { n++; assert.NoError(t, fmt.Errorf("attempt %d", n)) },
		"panic":   func(*T) { n++; panic(fmt.Sprint("attempt ", n)) },
		"nil map": func(*T) { n++; absent[n] = n },
		"index":   func(*T) { n++; _ = []int{}[n] },
	} {
		one, two := failing(t, body), failing(t, body)
		require.Equal(t, one.Class(), two.Class(), name)
		require.Regexp(t, `^(failed|panic) in sched\.TestOneAssertionIsOneClassWhateverItsTextHas\.func\d+ \(failure_test\.go:\d+\)$`, one.Class(), name)
	}
	own := failing(t, func(t *T) { t.Fail(fmt.Errorf("with more text: %w", classed{errors.New("x")})) })
	require.Equal(t, "of its own", own.Class())
}

func TestTwoAssertionsAreTwoClassesThoughTheirTextIsEqual(t *testing.T) {
	t.Parallel()
	var classes []string
	for _, body := range []func(t *T){
		func(t *T) { t.Fatalf("no") },
		func(t *T) { t.Fatalf("no") },
		func(t *T) { require.Fail(t, "no") },
		func(t *T) { require.Fail(t, "no") },
		func(t *T) { t.Fail(errors.New("no")) },
		func(*T) { panic("no") },
		func(*T) { panic("no") },
	} {
		classes = append(classes, failing(t, body).Class())
	}
	for i := range classes {
		require.NotContains(t, classes[:i], classes[i])
	}
}

// twoBugs has a frequent failure, and a rare one that only two preemptions show.
func twoBugs(x *Execution) {
	c, flag := &counter{}, &counter{}
	x.Go("a", func(t *T) {
		var seen []int
		for range 3 {
			failpoints.Yield(t.Context(), pointLoad)
			seen = append(seen, flag.load())
		}
		if seen[0] == 0 && seen[1] == 1 && seen[2] == 2 {
			t.Fatalf("RARE: saw each state of the flag")
		}
		c.increment(t.Context())
	})
	x.Go("b", func(t *T) {
		for n := range 2 {
			failpoints.Yield(t.Context(), pointStore)
			flag.store(n + 1)
		}
		c.increment(t.Context())
	})
	x.Finally(func(t *T) {
		if n := c.load(); n != 2 {
			t.Fatalf("COMMON: the counter is %d", n)
		}
	})
}

func TestTwoBugsAreTwoFindingsAndShrinkingDoesNotSlipFromOneToTheOther(t *testing.T) {
	t.Parallel()
	r := explore(t, twoBugs, Options{Strategy: "bounded", Preemptions: 3, All: true})
	require.Len(t, r.Findings, 2)
	shrunk := 0
	for seed := range uint64(200) {
		r := explore(t, twoBugs, Options{Strategy: "random", Workers: 1, Seed: seed, Schedules: 500})
		require.NotEmpty(t, r.Findings)
		if f := r.Findings[0]; f.Failure.Message[:4] == "RARE" {
			shrunk++
			small := NewRunner(twoBugs, Options{}).Shrink(f.Schedule)
			require.Equal(t, f.Failure.Message, small.Failure.Message)
		}
	}
	require.Positive(t, shrunk)
}
