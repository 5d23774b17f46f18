package shrink

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

const large = "v1 scenario=log handover=stale arena=128 chunk=200 seed=9; w0: append 3 of 1/2/3, flush, fragments 2+3, advance 1s, abort 1+1 of 100; " +
	"r0: read acked-3 acked, flush, read 3.2 last; r1: reopen, read last 2.+; " +
	"~ r0@read/before-tail#2=2ms, r0@op#1=until:w0@op#3, r1@read/rechecked#1=while:w0#2, w0@flush/trimmed#1=300us"

func parse(t *testing.T, text string) cases.Case {
	t.Helper()
	c, err := cases.Parse(text)
	require.NoError(t, err, text)
	return c
}

// fixpoint takes the first candidate that shows something, again and again.
func fixpoint(t *testing.T, c cases.Case, shows func(cases.Case) bool) cases.Case {
	t.Helper()
	for range 10_000 {
		smaller, found := c, false
		for general := range Candidates(c.General()) {
			if candidate := cases.Of(general); shows(candidate) {
				smaller, found = candidate, true
				break
			}
		}
		if !found {
			return c
		}
		c = smaller
	}
	t.Fatal("no end of steps")
	return c
}

func TestShrinkingEndsWhateverACaseShows(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]func(c cases.Case) bool{
		"v1 scenario=log handover=stale; r1:": func(cases.Case) bool { return true },
		"v1 scenario=log handover=stale; w0: append 1": func(c cases.Case) bool {
			return count(c, cases.Append)+count(c, cases.Fragments) > 0
		},
		"v1 scenario=log handover=stale; w0: flush; r1: read - end": func(c cases.Case) bool {
			return len(c.Threads) == 2 && count(c, cases.Read) == 1 && count(c, cases.Flush) == 1
		},
		"v1 scenario=log handover=stale; r0: reopen; ~ r0@read/before-tail#1=70us": func(c cases.Case) bool {
			return count(c, cases.Reopen) > 0 && slices.ContainsFunc(c.Delays, func(d cases.Delay) bool {
				return d.At.Point == "read/before-tail" && d.For > 0
			})
		},
		"v1 scenario=log handover=stale; w0: fragments 1; r1:; ~ r1@read/rechecked#1=while:w0#1": func(c cases.Case) bool {
			return count(c, cases.Fragments) > 0 && slices.ContainsFunc(c.Delays, func(d cases.Delay) bool { return d.While != nil })
		},
	} {
		got := fixpoint(t, parse(t, large), want)
		require.Equal(t, parse(t, text).String(), got.String())
	}
}

// Faults and the crash are left out like anything else if the case shows the same without them.
func TestShrinkingLeavesOutFaultsAndTheCrash(t *testing.T) {
	t.Parallel()
	const mishaps = "v1 scenario=log handover=snapshot; w0: append 2, flush; r0: read - end; " +
		"! w0@flush/sync-error#1=EIO, disk write * #1 = ENOSPC/40, r0@read/io-error#1=EIO; crash any model=weak"
	has := func(fault string) func(cases.Case) bool {
		return func(c cases.Case) bool {
			return slices.ContainsFunc(c.Faults, func(f cases.Fault) bool { return f.String() == fault })
		}
	}
	for want, shows := range map[string]func(cases.Case) bool{
		"v1 scenario=log handover=snapshot; r0:":                                func(cases.Case) bool { return true },
		"v1 scenario=log handover=snapshot; w0:; ! w0@flush/sync-error#1=EIO":   has("w0@flush/sync-error#1=EIO"),
		"v1 scenario=log handover=snapshot; r0:; ! disk write * #1 = ENOSPC/40": has("disk write * #1 = ENOSPC/40"),
		"v1 scenario=log handover=snapshot; r0:; crash any model=weak":          func(c cases.Case) bool { return c.Crash != nil },
		"v1 scenario=log handover=snapshot; r0:; ! r0@read/io-error#1=EIO; crash any model=weak": func(c cases.Case) bool {
			return c.Crash != nil && has("r0@read/io-error#1=EIO")(c)
		},
	} {
		require.Equal(t, want, fixpoint(t, parse(t, mishaps), shows).String())
	}
}

func count(c cases.Case, kind cases.Kind) (n int) {
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			if o.Kind == kind {
				n++
			}
		}
	}
	return n
}

func TestCandidatesAreWellFormedAndNeverTheCaseItself(t *testing.T) {
	t.Parallel()
	c := parse(t, large)
	seen := map[string]bool{}
	for candidate := range Candidates(c.General()) {
		text := candidate.String()
		require.NotEqual(t, large, text)
		require.False(t, seen[text], text)
		seen[text] = true
		require.Equal(t, text, parse(t, text).String())
	}
	require.Greater(t, len(seen), 60)
	require.Equal(t, large, c.String(), "the case is as it was")
}
