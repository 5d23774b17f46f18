package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// strategies are the columns. The portfolio has no name.
var strategies = []string{"random", "pct", "pos", "surw", "guided", "bounded", "delay-bounded", ""}

func title(strategy string) string {
	if strategy == "" {
		return "portfolio"
	}
	return strategy
}

// titles are the columns that follow from the seeds alone; those of plain goroutines do not.
func titles() (all []string) {
	for _, strategy := range strategies {
		all = append(all, title(strategy))
	}
	return all
}

// A measured is how many executions it took to show the bug, for each seed that found it.
type measured struct {
	after        []int
	seeds, limit int
}

// median counts a seed that found nothing as one that needed all executions that it was given.
func (m measured) median() int {
	all := slices.Clone(m.after)
	for len(all) < m.seeds {
		all = append(all, m.limit)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (m measured) String() string {
	switch {
	case len(m.after) == 0:
		return fmt.Sprintf("none in %d", m.limit)
	case m.seeds == 1:
		return strconv.Itoa(m.after[0])
	case len(m.after) == m.seeds:
		return fmt.Sprintf("%d, %d", m.median(), slices.Max(m.after))
	case 2*len(m.after) <= m.seeds:
		return fmt.Sprintf("over %d (%d of %d)", m.limit, len(m.after), m.seeds)
	}
	return fmt.Sprintf("%d (%d of %d)", m.median(), len(m.after), m.seeds)
}

// searched searches a program with one worker, once for each seed.
func searched(ctx context.Context, r row, strategy string, c config) (m measured, err error) {
	m = measured{seeds: c.seeds, limit: c.schedules}
	if strategy == "bounded" || strategy == "delay-bounded" {
		m.seeds = 1 // it makes no random choice, so every seed gives the same result
	}
	for seed := range m.seeds {
		o := sched.Options{Strategy: strategy, Preemptions: 2, Schedules: c.schedules, Seed: uint64(seed), Workers: 1, RepeatEvery: -1}
		found, err := sched.Search(ctx, r.scenario, o)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return m, err
		}
		if len(found.Findings) > 0 {
			m.after = append(m.after, int(found.Findings[0].After)+1)
		}
	}
	return m, nil
}

// ranFreely executes a program with goroutines until it shows its bug, once for each seed.
func ranFreely(ctx context.Context, r row, sleeps bool, c config) (m measured, err error) {
	m = measured{seeds: c.freeSeeds}
	for seed := range c.freeSeeds {
		random, began := seeded(uint64(seed)), time.Now()
		for n := 1; n <= c.schedules && time.Since(began) < c.freeFor; n++ {
			shows, err := r.freely(ctx, sleeps, random.Uint64())
			if err = errors.Join(err, ctx.Err()); err != nil {
				return m, err
			}
			m.limit = max(m.limit, n)
			if shows {
				m.after = append(m.after, n)
				break
			}
		}
	}
	return m, nil
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func geometricMean(all []float64) float64 {
	sum := 0.0
	for _, x := range all {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(all)))
}
