package soak

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
	c, err := KillCanary(blind, time.Millisecond)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, c.Passed)
	require.Contains(t, c.Detail, "nothing was found within 1ms, the last run has no verdict: the child could not do the round")
	require.Equal(t, "liar", blind.specs[0].Variant)
}

func TestTheCanariesOfPropertiesAndFuzzingMustBeFound(t *testing.T) {
	t.Parallel()
	p, err := NewProperties(script(t, `case "$*" in *-test.list*) echo TestEveryPromiseHolds;; *'^TestBadHandoversAreFoundAndShrunk$/^recheckliteral$'*) echo '--- PASS: x';; *) exit 1;; esac`), "", "")
	require.NoError(t, err)
	c, err := PropertiesCanary(p, time.Second)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, c.Passed, c.Detail)
	p.Binary = script(t, "echo '--- FAIL: nothing was found'; exit 1")
	c, err = PropertiesCanary(p, time.Second)[0].Run(t.Context(), 1)
	require.NoError(t, err)
	require.False(t, c.Passed)
	require.Contains(t, c.Detail, "the search for a known-bad hand-over failed")

	f, err := NewFuzz("go", "../..", t.TempDir(), "")
	require.NoError(t, err)
	require.Equal(t, "harness/soak/fuzzcanary.FuzzCanary", f.canary)
	require.NotContains(t, f.Targets, f.canary, "no round of a campaign draws it")
	c, err = FuzzingCanary(f, time.Minute)[0].Run(t.Context(), 1)
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
	c, err := KillCanary(kind, time.Minute)[0].Run(context.Background(), 1)
	require.NoError(t, err)
	require.True(t, c.Passed)
	require.True(t, limited)
}
