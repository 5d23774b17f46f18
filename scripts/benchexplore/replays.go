package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
)

// failing are tests that fail in some schedule, to measure what a replay of it takes.
var failing = []string{"TestLog", "TestCond", "TestLockOrder", "TestFeed"}

// inProcess is how many replays in one process are averaged.
const inProcess = 2000

// A replay is the processor time of one replay: in a process that is started for it (fresh), and in a process that has
// executed others (again).
type replay struct{ fresh, again time.Duration }

// replays prints how long replays take.
func (s *settings) replays(ctx context.Context, builds []string) error {
	head := fmt.Sprintf("%-24s %12s %12s", "replays", "fresh", "in process")
	if s.against != "" {
		head += fmt.Sprintf(" %12s %12s", s.against, "")
	}
	fmt.Printf("\n%s\n", head)
	for _, name := range failing {
		row := fmt.Sprintf("%-24s", name)
		all := make([][]replay, len(builds))
		for range s.rounds {
			for i, build := range builds {
				r, err := replayed(ctx, test{modules[0], name}, build)
				if err != nil {
					return err
				}
				all[i] = append(all[i], r)
			}
		}
		for _, of := range all {
			fresh, again := medians(of)
			row += fmt.Sprintf(" %10.1fms %10.1fus", fresh.Seconds()*1e3, again.Seconds()*1e6)
		}
		fmt.Println(row)
	}
	return nil
}

// replayed finds a schedule that fails, and measures its replays.
func replayed(ctx context.Context, t test, build string) (r replay, err error) {
	without := mode{name: "plain"}
	events, _, err := execute(ctx, without, t, build, drive.Order{Mode: drive.Explore, Schedules: 4000}, "")
	if err != nil {
		return r, err
	}
	at := slices.IndexFunc(events, func(e drive.Event) bool { return e.Event == drive.Found })
	if at < 0 {
		return r, fmt.Errorf("%s does not fail in 4,000 schedules", t.name)
	}
	order := drive.Order{Mode: drive.Replay, Case: events[at].Case, Times: 1}
	if _, r.fresh, err = execute(ctx, without, t, build, order, ""); err != nil {
		return r, err
	}
	order.Times += inProcess
	events, used, err := execute(ctx, without, t, build, order, "")
	if err != nil {
		return r, err
	}
	for _, e := range events {
		if e.Event == drive.Found && e.Finding.Replayed != order.Times {
			return r, fmt.Errorf("%s fails in %d of %d replays of %s", t.name, e.Finding.Replayed, order.Times, order.Case)
		}
	}
	r.again = max(0, used-r.fresh) / inProcess
	return r, nil
}

func medians(all []replay) (fresh, again time.Duration) {
	var first, others []time.Duration
	for _, r := range all {
		first, others = append(first, r.fresh), append(others, r.again)
	}
	slices.Sort(first)
	slices.Sort(others)
	return first[len(all)/2], others[len(all)/2]
}
