package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A row is one line of the table.
type row struct {
	name, unit string
	// faster says whether a higher or a lower figure is faster.
	faster direction
	// aim is what the engine should reach: a ratio to base, or a figure if absolute is set; 0 for no aim.
	aim      float64
	absolute bool
}

type direction uint8

const (
	share  direction = iota // neither: no ratio is formed
	higher                  // a rate
	lower                   // a time
)

// A measurement is one piece of work that each contestant does in turn. It yields a value for each row.
type measurement struct {
	rows []row
	run  func(ctx context.Context, c contestant, folder string, w work) ([]float64, error)
}

// measurements lists the work, for so many readers and, unless it is 0, so many logs at once.
func measurements(readers []int, logs int) []measurement {
	all := []measurement{
		{[]row{{name: "append, 1 a call", unit: "k/s", faster: higher, aim: 0.55}}, appendSingly},
		{[]row{{name: "append, 64 KiB a call", unit: "k/s", faster: higher, aim: 0.5}}, appendInBatches},
		{[]row{{name: "sync each 64 KiB", unit: "MB/s", faster: higher, aim: 0.9}}, syncEachBatch},
		{[]row{{name: "durable, 1 goroutine", unit: "/s", faster: higher}}, durably(1)},
		{[]row{{name: "durable, 64 goroutines", unit: "/s", faster: higher}}, durably(64)},
	}
	for _, n := range readers {
		all = append(all, measurement{tailRows(n), readTail(n)})
	}
	all = append(all,
		measurement{[]row{{name: "scan", unit: "MB/s", faster: higher, aim: 0.95}}, scanAll},
		measurement{[]row{{name: "reopen after close", unit: "ms", faster: lower, aim: 5, absolute: true}}, reopenAfterClose},
		measurement{[]row{{name: "reopen after a crash", unit: "ms", faster: lower, aim: 0.9}}, reopenAfterCrash},
	)
	if logs > 0 {
		all = append(all, measurement{logRows(logs), manyLogs(logs)})
	}
	return all
}

// named keeps the measurements that have a row whose name contains text.
func named(text string, all []measurement) []measurement {
	return slices.DeleteFunc(all, func(m measurement) bool {
		return !slices.ContainsFunc(m.rows, func(r row) bool { return strings.Contains(r.name, text) })
	})
}

// A figure is the result of a row: a value for each contestant and each round. A contestant that does not offer the row has no
// values.
type figure struct {
	row
	value  int
	rounds [][]float64 // by contestant
}

// takeTurns makes each contestant do the work once per round. Each round begins with another contestant.
func takeTurns(ctx context.Context, m measurement, those []contestant, w work, folder string, rounds int) ([]figure, error) {
	figures := make([]figure, len(m.rows))
	for k, r := range m.rows {
		figures[k] = figure{row: r, value: w.value, rounds: make([][]float64, len(those))}
	}
	for round := range rounds {
		for turn := range those {
			i := (turn + round) % len(those)
			values, err := inFolder(folder, func(folder string) ([]float64, error) { return m.run(ctx, those[i], folder, w) })
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case errors.Is(err, errNotOffered):
				continue
			case err != nil:
				return nil, fmt.Errorf("%s, %d B, %s: %w", m.rows[0].name, w.value, those[i].name, err)
			}
			for k, v := range values {
				figures[k].rounds[i] = append(figures[k].rounds[i], v)
			}
		}
	}
	return figures, nil
}

func inFolder(parent string, f func(folder string) ([]float64, error)) (values []float64, err error) {
	folder, err := os.MkdirTemp(parent, "turn-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	return f(folder)
}

// ratio is how many times as fast as another a contestant is: the median of the rounds' ratios, 0 if there is none.
func (f figure) ratio(of, to int) float64 {
	var ratios []float64
	for i := range min(len(f.rounds[of]), len(f.rounds[to])) {
		switch {
		case f.faster == higher && f.rounds[to][i] > 0:
			ratios = append(ratios, f.rounds[of][i]/f.rounds[to][i])
		case f.faster == lower && f.rounds[of][i] > 0:
			ratios = append(ratios, f.rounds[to][i]/f.rounds[of][i])
		}
	}
	return median(ratios)
}

// best is the fastest of some contestants, -1 if none has a figure.
func (f figure) best(among []int) int {
	found := -1
	for _, i := range among {
		if median(f.rounds[i]) <= 0 || f.faster == share {
			continue
		}
		mine := median(f.rounds[i])
		if found < 0 || f.faster == higher && mine > median(f.rounds[found]) || f.faster == lower && mine < median(f.rounds[found]) {
			found = i
		}
	}
	return found
}

// median is 0 for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// spread is half of the way from the smallest value to the largest, as a share of the median.
func spread(values []float64) float64 {
	middle := median(values)
	if middle == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / 2 / middle
}
