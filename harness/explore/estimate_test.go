package explore

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

func TestAnExhaustiveSearchIsEstimatedBeforeItBegins(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c := parse(t, "v1 scenario=log handover=snapshot; w0: append 1, flush; r0: read - end")
	var told *Estimate
	config := Config{
		Subject: log.Subject, Program: &c, Exhaustive: true, Estimate: true, Search: sched.Options{Seed: 1, Strategy: "bounded", Preemptions: 2, Workers: 1},
		Estimated: func(e Estimate, _ Config) { told = &e },
	}
	s, err := Run(context.Background(), config)
	require.NoError(t, err)
	require.Equal(t, Held, s.Verdict, s.Because)
	require.Equal(t, told, s.Estimate)
	require.Len(t, s.Estimate.Bounds, 3)
	require.InEpsilon(t, float64(s.Statistics.Schedules), s.Estimate.Schedules, 0.5, "%+v", s.Estimate)
	require.Positive(t, s.Estimate.Duration)
	require.Contains(t, s.Lines(config), "estimate: "+s.Estimate.Words(config))
}

func TestAnExhaustiveSearchIsReducedWhereTheSubjectDeclares(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a search under -race is not reduced")
	}
	t.Parallel()
	const up = "up to the order of steps that share nothing by what their points declare"
	for text, reduces := range map[string]bool{
		"w0: append 1, flush; r0: read - end": true,
		"w0: append 1, close; r0: read - end": false,
	} {
		c := parse(t, "v1 scenario=log handover=snapshot; "+text)
		config := Config{Subject: log.Subject, Program: &c, Exhaustive: true, Search: sched.Options{Seed: 1, Strategy: "bounded", Preemptions: 1, Workers: 1}}
		all, err := Run(context.Background(), config)
		require.NoError(t, err)
		config.Search.Reduced, config.Estimate = true, true
		less, err := Run(context.Background(), config)
		require.NoError(t, err)
		for _, s := range []*Summary{all, less} {
			require.Equal(t, Held, s.Verdict, s.Because)
			require.NotEmpty(t, s.Claims)
		}
		require.NotContains(t, all.Claims[len(all.Claims)-1], up)
		require.Equal(t, reduces, less.Estimate.Reduced)
		if !reduces {
			require.Equal(t, all.Claims, less.Claims)
			continue
		}
		require.Contains(t, less.Claims[len(less.Claims)-1], "with at most one preemption, "+up)
		require.Less(t, less.Statistics.Schedules, all.Statistics.Schedules)
		require.Equal(t, all.Statistics.PartialOrders, less.Statistics.PartialOrders)
	}
}

func TestAnEstimateIsSaidInWords(t *testing.T) {
	t.Parallel()
	of := func(n, e float64, d time.Duration) Estimate {
		return Estimate{Bounds: sched.Space{{Bound: 2, Schedules: n, Error: e, Descents: 200}}, Schedules: n, Duration: d}
	}
	for want, e := range map[string]Estimate{
		"about 48000 schedules with at most 2 preemptions, about 3s (from 200 descents, with a standard error of 5 %)":                         of(48_419, 2400, 3*time.Second),
		"about 7 schedules with at most 2 preemptions, about 1ms (from 200 descents, with a standard error of less than 1 %)":                  of(7, 0, time.Millisecond),
		"about 2.4e+18 schedules with at most 2 preemptions, about 12 years (from 200 descents, no more than a guess)":                         of(2.4e18, 4e18, 100_000*time.Hour),
		"about 1.0e+300 schedules with at most 2 preemptions, longer than anybody can wait (from 200 descents, with a standard error of 50 %)": of(1e300, 5e299, math.MaxInt64),
	} {
		require.Equal(t, want, e.Words(Config{}))
	}
	reduced := of(7, 0, time.Millisecond)
	reduced.Reduced = true
	require.Equal(t, "about 7 schedules with at most 2 preemptions, about 1ms (from 200 descents, with a standard error of less than 1 %)"+
		"; this counts every order of steps that share nothing, of which the search executes one", reduced.Words(Config{}))
	require.Contains(t, of(7, 0, time.Hour).Words(Config{Search: sched.Options{Strategy: "delay-bounded"}}), "at most 2 delays, about 1 hours")
}
