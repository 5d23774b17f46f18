package soak

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/script"
)

// Not parallel: what other tests hold would move the same figures.
func TestALeakOfThisProcessIsSeenInItsSamples(t *testing.T) {
	for _, p := range LeakCanaries() {
		c, err := p.Run(t.Context(), 1)
		require.NoError(t, err)
		require.True(t, c.Passed || c.Skipped, "%s: %s", p.Name, c.Detail)
	}
	flat, err := leakCanary(t.Context(), "goroutines", func() (func(), error) { return func() {}, nil })
	require.NoError(t, err)
	require.False(t, flat.Passed, "nothing leaks: %s", flat.Detail)
	_, err = leakCanary(t.Context(), "heap", func() (func(), error) { return nil, errBroken })
	require.ErrorIs(t, err, errBroken)
}

// A kind whose rounds leak, measured for real: the campaign ends with the findings.
func TestACampaignWhoseRoundsLeakFindsIt(t *testing.T) {
	var back []func()
	defer func() {
		for _, give := range back {
			give()
		}
	}()
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		for _, leak := range []func() (func(), error){leakGoroutine, leakGoroutine, leakMemory, leakMemory} {
			give, err := leak()
			if err != nil {
				return RoundResult{}, err
			}
			back = append(back, give)
		}
		return RoundResult{Counts: Counts{CountOperations: 1}}, nil
	}})
	c.For, c.Measure = leakedSample*time.Second, nil
	s, err := run(t, c)
	require.NoError(t, err)
	require.Equal(t, VerdictViolated, s.Verdict)
	shapes := map[string]bool{}
	for _, f := range s.State.Open() {
		require.Equal(t, "leak", f.Class)
		shapes[f.Shape] = true
	}
	require.True(t, shapes["goroutines"] && shapes["heap"], "%v", shapes)
	require.Contains(t, s.Text(), "goroutines: GROWS")
}

func TestACanaryThatIsNotFoundSaysWhy(t *testing.T) {
	t.Parallel()
	blind := &scripted{name: "kill", do: func(context.Context, RoundSpec) (RoundResult, error) {
		return RoundResult{Inconclusive: "the child could not do the round", Found: []Found{{Class: "Order"}}}, nil
	}}
	c, err := RoundCanary(blind, "liar", 10, time.Nanosecond, "Durability").Run(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, c.Passed)
	require.Contains(t, c.Detail, "nothing was found in 1 rounds, and then the last resort ended it, 1ns (--canary-within): the machine is slow, or busy; the last one has no verdict: the child could not do the round")
	require.Len(t, blind.specs, 1)
	c, err = RoundCanary(blind, "liar", 10, time.Hour, "Durability").Run(t.Context(), 1)
	require.NoError(t, err)
	require.Contains(t, c.Detail, "nothing was found in 12 rounds; the last one has no verdict: the child could not do the round")
	require.Equal(t, "liar", blind.specs[0].Variant)
}

func TestTheCanariesOfPropertiesAndFuzzingMustBeFound(t *testing.T) {
	t.Parallel()
	p, err := NewProperties(script.New(t, `case "$*" in *-test.list*) echo TestEveryPromiseHolds;; *'^TestBadHandoversAreFoundAndShrunk$/^recheckliteral$'*) echo '--- PASS: x';; *) exit 1;; esac`), ofTest)
	require.NoError(t, err)
	p.Bad = "^TestBadHandoversAreFoundAndShrunk$/^recheckliteral$"
	c, err := PropertiesCanary(p, time.Second)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, c.Passed, c.Detail)
	p.Binary = script.New(t, "echo '--- FAIL: nothing was found'; exit 1")
	c, err = PropertiesCanary(p, time.Second)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, c.Passed)
	require.Contains(t, c.Detail, "the search did not find the known bug")

	f, err := NewFuzz("go", "../..", t.TempDir(), "")
	require.NoError(t, err)
	require.Equal(t, "harness/soak/fuzzcanary.FuzzCanary", f.canary)
	require.NotContains(t, f.Targets, f.canary, "no round of a campaign draws it")
	c, err = FuzzingCanary(f, 10*time.Minute)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, c.Passed, c.Detail)
	c, err = FuzzingCanary(&Fuzz{}, time.Minute)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, c.Skipped && !c.Passed)
}

// A canary whose round hangs does not hold the campaign up for ever.
func TestACanarysRoundHasALimit(t *testing.T) {
	t.Parallel()
	limited := false
	kind := &scripted{name: "kill", do: func(ctx context.Context, spec RoundSpec) (RoundResult, error) {
		end, has := ctx.Deadline()
		limited = has && time.Until(end) <= spec.limit()
		return RoundResult{Found: []Found{{Class: "Durability"}}}, nil
	}}
	c, err := RoundCanary(kind, "liar", 10, time.Minute).Run(context.Background(), 1)
	require.NoError(t, err)
	require.True(t, c.Passed)
	require.True(t, limited)
}

// A fuzz canary that ran out of time said "…fuzzcanary:" and nothing.
func TestAChildThatWasEndedSaysHowAndWhatItPrintedLast(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &Fuzz{Go: script.New(t, "kill -KILL $$"), Module: t.TempDir(), Folder: t.TempDir(), canary: "a/b.FuzzCanary", built: map[string]error{}}
	c, err := FuzzingCanary(f, time.Minute)[0].Run(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, "build the fuzz targets of a/b: signal: killed: it printed nothing", c.Detail)

	f.Go = script.New(t, "while [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\ncat > $out <<'END'\n#!/bin/sh\necho 'fuzz: elapsed: 3s, execs: 4711 (1/sec)'\nexec sleep 600\nEND\nchmod +x $out\n")
	heard := make(chan Counts, 1)
	within := 250 * time.Millisecond
	for len(heard) == 0 { // a busy machine takes longer until the child has printed anything
		within *= 2
		f.built = map[string]error{}
		c, err = FuzzingCanary(f, within)[0].Run(withHearer(ctx, func(done Counts) { heard <- done }), 1)
		require.NoError(t, err)
		require.False(t, c.Passed)
	}
	require.EqualValues(t, 4711, (<-heard)[countInputs], "while it went on")
	require.Contains(t, c.Detail, fmt.Sprintf("the last resort ended it, %v (--canary-within)", within))
	require.Contains(t, c.Detail, "after 4711 inputs")
	require.Contains(t, c.Detail, "fuzz: elapsed: 3s, execs: 4711")
	cancel()
	_, err = FuzzingCanary(f, time.Minute)[0].Run(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
}

// The views stood still at what was left before the first canary, with nothing but zeros.
func TestTheViewsShowWhatACanaryDoes(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	var s *Soak
	var during Live
	c.Checks = []Preparation{{CheckCanary, "fuzz/fails", func(ctx context.Context, _ uint64) (Check, error) {
		hearer(ctx)(Counts{countInputs: 4711})
		kind.clock.pass(4 * time.Second)
		during = s.Live()
		return Check{Passed: true, Detail: "found"}, nil
	}}}
	var said []string
	c.Say = func(text string) { said = append(said, text) }
	s, err := Open(c)
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, "canary fuzz/fails", during.Round)
	require.Regexp(t, `^soak: looks for canary fuzz/fails, 4s: fuzz inputs 4,711, 6s left, 0 rounds`, during.Line())
	require.Contains(t, strings.Join(during.Rows(100), "\n"), "looks for  canary fuzz/fails")
	require.Equal(t, 6*time.Second, during.Left)
	require.Contains(t, said, "canary fuzz/fails: found")
	require.NotContains(t, s.Live().Line(), "looks for", "the rounds have begun")
}
