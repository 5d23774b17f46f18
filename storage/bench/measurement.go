package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// A row is one line of the table.
type row struct {
	name, unit string
	// faster says whether a higher or a lower figure is faster.
	faster direction
	// aim is what the engine should reach: a ratio, or a figure if absolute is set; 0 for no aim.
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

// The aims come from an engine of 260 lines that had no transactions and no recovery, so they show what is possible.
var measurements = []measurement{
	{[]row{{name: "append, one a call, no sync", unit: "k/s", faster: higher, aim: 0.5}}, appendSingly},
	{[]row{{name: "append, 64 KiB a call, no sync", unit: "k/s", faster: higher, aim: 0.5}}, appendInBatches},
	{[]row{{name: "sync each 64 KiB", unit: "MB/s", faster: higher, aim: 0.78}}, syncEachBatch},
	{[]row{{name: "durable append, 1 goroutine", unit: "/s", faster: higher}}, durably(1)},
	{[]row{{name: "durable append, 64 goroutines", unit: "/s", faster: higher}}, durably(64)},
	{tailRows("1 reader"), readTail(1)},
	{tailRows("2 readers"), readTail(2)},
	{[]row{{name: "scan of a flushed log", unit: "MB/s", faster: higher, aim: 0.95}}, scanAll},
	{[]row{{name: "reopen", unit: "ms/100 MB", faster: lower}}, reopen},
}

// A figure is the result of a row.
type figure struct {
	row
	value        int
	base, engine float64 // medians over the rounds
	ratio        float64 // median of the rounds' ratios: how many times as fast as base
}

// met says whether the aim was reached; ok is false if there is no aim.
func (f figure) met() (met, ok bool) {
	switch {
	case f.aim == 0:
		return false, false
	case !f.absolute:
		return f.ratio >= f.aim, true
	case f.faster == lower:
		return f.engine <= f.aim, true
	}
	return f.engine >= f.aim, true
}

// takeTurns makes each contestant do the work once per round. Each round begins with another contestant.
func takeTurns(ctx context.Context, m measurement, w work, folder string, rounds int) ([]figure, error) {
	taken := make([][len(contestants)][]float64, len(m.rows))
	for round := range rounds {
		for turn := range contestants {
			i := (turn + round) % len(contestants)
			values, err := inFolder(folder, func(folder string) ([]float64, error) { return m.run(ctx, contestants[i], folder, w) })
			if err != nil {
				return nil, fmt.Errorf("%s, %d B, %s: %w", m.rows[0].name, w.value, contestants[i].name, err)
			}
			for k, v := range values {
				taken[k][i] = append(taken[k][i], v)
			}
		}
	}
	var figures []figure
	for k, r := range m.rows {
		figures = append(figures, summarise(r, w.value, taken[k][0], taken[k][1]))
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

func summarise(r row, value int, base, engine []float64) figure {
	f := figure{row: r, value: value, base: median(base), engine: median(engine)}
	var ratios []float64
	for i := range base {
		switch r.faster {
		case higher:
			ratios = append(ratios, engine[i]/base[i])
		case lower:
			ratios = append(ratios, base[i]/engine[i])
		}
	}
	f.ratio = median(ratios)
	return f
}

// median is 0 for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
