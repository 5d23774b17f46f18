package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// servedTally is a counter that changes on a goroutine of its package, which has begun before any test. Another one ticks.
const servedTally = `package tally

import "time"

var jobs = make(chan func())

func init() {
	go serve()
	go tick(time.NewTicker(10 * time.Millisecond))
}

func serve() {
	for job := range jobs {
		job()
	}
}

func tick(t *time.Ticker) {
	for range t.C {
	}
}

type Tally struct{ n int }

func (t *Tally) Add(n uint8) int {
	sum := make(chan int)
	jobs <- func() { t.n += int(n); sum <- t.n }
	return <-sum
}
`

// A judge executes programs alone while clients wait, and needs the goroutines that they have used.
func TestThePackageOfAnObjectMayHaveGoroutinesFromBeforeTheTest(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, servedTally)
	writeFile(t, folder, "tally_test.go", `package tally_test

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestServed(t *testing.T) {
	harness.Check(t, harness.Subject[*tally.Tally]{
		Open: func(context.Context, harness.Env) (*tally.Tally, error) { return new(tally.Tally), nil },
		Ops:  harness.Ops{"add": (*tally.Tally).Add},
	})
}
`)
	code, output := commandIn(t, folder, "explore", "--seed", "1", "--schedules", "2000", ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "canary: a result that is dropped was found")

	writeFile(t, folder, "tally.go", strings.Replace(servedTally, "jobs <- func() { t.n += int(n); sum <- t.n }",
		"jobs <- func() { sum <- t.n }\n\tnow := <-sum\n\tjobs <- func() { t.n = now + int(n); sum <- t.n }", 1))
	code, output = commandIn(t, folder, "explore", "--seed", "1", "--schedules", "2000", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "FAIL Linearizability")
	require.Contains(t, output, "replayed 5 of 5 times")
	require.Contains(t, output, "init/serve#1")
}
