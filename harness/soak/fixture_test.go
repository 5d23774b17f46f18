package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// childVariable makes this test binary a campaign, or what a campaign starts.
const childVariable = "RACEWINDOW_SOAK_TEST"

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "endless": // a campaign whose rounds take no time, until somebody kills it
		s, err := Open(Config{Out: os.Getenv("RACEWINDOW_SOAK_OUT"), For: 1 << 60, RoundFor: time.Second, Seed: 5, Kinds: []Kind{&scripted{name: "quick"}}})
		if err == nil {
			_, err = s.Run(context.Background())
		}
		fmt.Println(err)
		os.Exit(3)
	case "panic":
		panic("index 7 out of range of 0xc000123")
	case "round": // stands for racewindow soak --round
		var file string
		for i, argument := range os.Args {
			if argument == "--result" {
				file = os.Args[i+1]
			}
		}
		fmt.Println("did it")
		if err := WriteResult(file, RoundResult{Counts: Counts{CountOperations: 3}}); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(2)
}

func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// A clock is moved by the rounds.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A scripted kind does what a function says, in no time.
type scripted struct {
	name     string
	variants []string
	do       func(ctx context.Context, spec RoundSpec) (RoundResult, error)
	clock    *clock

	mu    sync.Mutex
	specs []RoundSpec
}

func (k *scripted) Name() string { return k.name }

func (k *scripted) Variants() []string {
	if k.variants == nil {
		return []string{"all"}
	}
	return k.variants
}

func (k *scripted) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	k.mu.Lock()
	k.specs = append(k.specs, spec)
	k.mu.Unlock()
	if k.clock != nil {
		k.clock.pass(spec.For)
	}
	if k.do == nil {
		return RoundResult{Counts: Counts{CountOperations: 10}}, nil
	}
	return k.do(ctx, spec)
}

// ofLog knows the log, and of two of its promises that they break by turns.
var ofLog = Subjects{Find: cases.Only(log.Subject), Promise: func(class string) (name, sentence, family string) {
	switch name, _, _ = strings.Cut(class, "/"); name {
	case "ReadAfterWrite", "Order", "MonotonicReads":
		return name, "a read yields what was there", "reads"
	}
	return "", "", ""
}}

// parse reads a case of the log.
func parse(t *testing.T, text string) cases.Case {
	t.Helper()
	c, err := ofLog.parse(text)
	require.NoError(t, err)
	return c
}

// settings of a campaign of ten rounds, a second each.
func settings(t *testing.T, kinds ...*scripted) Config {
	t.Helper()
	c := Config{Out: t.TempDir(), For: 10 * time.Second, RoundFor: time.Second, Seed: 7, Measure: func() Sample { return Sample{Resident: 1 << 20} }}
	c.Subjects = ofLog
	now := newClock()
	for _, k := range kinds {
		k.clock = now
		c.Kinds = append(c.Kinds, k)
	}
	c.Now = now.Now
	return c
}

// run opens a campaign and works until it ends.
func run(t *testing.T, c Config) (*Summary, error) {
	t.Helper()
	s, err := Open(c)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	return s.Run(context.Background())
}

var errBroken = errors.New("broken")

// Cases of one shape, the second one smaller.
const (
	largeCase = "v1 scenario=log handover=stale; w0: append 4, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"
	smallCase = "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"
)
