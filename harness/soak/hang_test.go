package soak

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// The process of a campaign ends when a thread hangs that nobody can stop: the finding is written down before.
func TestAHangIsWrittenDownBeforeTheProcessEnds(t *testing.T) {
	c := settings(t, &scripted{name: "a"})
	hangs, resumed := make(chan struct{}), make(chan struct{})
	c.Kinds = []Kind{&scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		close(hangs)
		<-resumed // only in this test
		return RoundResult{}, nil
	}}}
	s, err := Open(c)
	require.NoError(t, err)
	go func() { _, _ = s.Run(context.Background()) }()
	<-hangs
	report := sched.OnHang(nil)
	require.NotNil(t, report, "a campaign asks to be told")
	report("no thread has come to a failpoint for 30s\nall goroutines: ...")

	m, err := ReadSummary(c.Out)
	require.NoError(t, err)
	require.Equal(t, VerdictViolated, m.Verdict)
	f := m.State.Open()
	require.Len(t, f, 1)
	require.Equal(t, "hang", f[0].Class)
	require.Equal(t, "no thread has come to a failpoint for 30s", f[0].Detail)
	require.Contains(t, f[0].Files, "report.html")
	again, err := ReadState(c.Out)
	require.NoError(t, err)
	require.Empty(t, again.InProgress, "the next start goes on after it")
	require.EqualValues(t, 1, again.Rounds)
	require.Equal(t, "a thread hung", again.Ended)
}
