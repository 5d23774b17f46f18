package soak

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatARoundCouldNotDoIsShownAsNotRun(t *testing.T) {
	t.Parallel()
	r := RoundResult{NotRun: []NotRun{{"kill: full disk", "mount: operation not permitted"}}}
	c := settings(t, &scripted{name: "kill", do: func(context.Context, RoundSpec) (RoundResult, error) { return r, nil }})
	s, err := run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.NotRun, 1, "however many rounds say it")
	require.Contains(t, s.Text(), "not run: kill: full disk: mount: operation not permitted")
	require.Contains(t, s.Markdown(), "**not run** kill: full disk")
	junit, err := s.junit()
	require.NoError(t, err)
	require.Contains(t, string(junit), `<skipped message="mount: operation not permitted">`)
	again, err := ReadState(c.Out)
	require.NoError(t, err)
	require.Equal(t, s.State.NotRun, again.NotRun)
}

func TestWhatAKilledCampaignHasLeftInItsScratchIsRemoved(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	folder, err := scratchFor(Scratch(c.Out))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "racewindow-kill-1", "log-0"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(c.Out, "mine"), nil, 0o666))
	_, err = run(t, c)
	require.NoError(t, err)
	require.NoDirExists(t, Scratch(c.Out))
	require.FileExists(t, filepath.Join(c.Out, "mine"), "and nothing else")
}

// What a load finds without a case breaks now this promise and now that one, and a panic is met by every kind of round.
func TestOneBugWithoutACaseIsOneFinding(t *testing.T) {
	t.Parallel()
	dies := func(what, message string) Found {
		return ended{code: 2, status: "exit status 2", output: message + "\n\ngoroutine 9 [running]:\npanic({0x1, 0x2})\n\t/go/panic.go:1\nforeign.(*Queue).Put(0xc000)\n\t/q.go:3\n"}.death(what)
	}
	n := 0
	all := []Found{
		{Class: "ReadAfterWrite/empty", Shape: "queue", Count: 1},
		{Class: "ReadAfterWrite/partial", Shape: "queue", Count: 1},
		{Class: "Order/record", Shape: "queue", Count: 1},
		{Class: "MonotonicReads/partial", Shape: "queue", Count: 1},
		dies("stress of a", `panic: key "x" of client w17 is at 0xc0001234`),
		dies("race of b", `panic: key "why" of client r9 is at 0xdeadbeef`),
	}
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		f := all[n%len(all)]
		n++
		return RoundResult{Counts: Counts{CountOperations: 1}, Found: []Found{f}}, nil
	}})
	s, err := run(t, c)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, len(all))
	open := s.State.Open()
	require.Len(t, open, 2, "%v", open)
	require.NotEqual(t, open[0].Class, open[1].Class)
	deaths := open[0]
	if deaths.Class != "process death" {
		deaths = open[1]
	}
	require.Equal(t, `panic: key "…" of client N is at N in foreign.(*Queue).Put`, deaths.Shape)
}
