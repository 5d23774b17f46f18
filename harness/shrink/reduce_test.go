package shrink

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// A longCase has many operations, and fails in the first of them or in the last.
type longCase struct {
	program func(operations int) string
	small   string
}

var (
	early = longCase{func(operations int) string {
		n := operations/2 - 3
		return "v1 scenario=log handover=stale; w0: append 1, flush, " + strings.Repeat("append 1, flush, ", n/2) + "flush; r0: read - end, " + strings.Repeat("read last end, ", n) +
			"flush; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"
	}, "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"}
	late = longCase{func(operations int) string {
		n := operations/2 - 3
		return "v1 scenario=log handover=stale; w0: " + strings.Repeat("append 1, flush, ", n/2) + "append 1, flush; r0: " + strings.Repeat("read last end, ", n) +
			fmt.Sprintf("read - end; @ w0@op#%d>r0, r0@read/metadata-loaded#%d>w0", n/2*2+1, n+1)
	}, "v1 scenario=log handover=stale; w0: append 2, flush; r0: read - end; @ w0@op#1>r0, r0@read/between-tail-records#1>w0"}
)

// A long program takes hardly more executions than a short one, because many operations are left out at once.
func TestALongProgramShrinksInFewExecutions(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("with the race detector a schedule takes thirty times as long")
	}
	t.Parallel()
	for _, c := range []longCase{early, late} {
		short, err := Minimize(t.Context(), parse(t, c.program(24)).General(), Limits{})
		require.NoError(t, err)
		long, err := Minimize(t.Context(), parse(t, c.program(1000)).General(), Limits{})
		require.NoError(t, err)
		require.Empty(t, long.Early)
		require.True(t, long.Minimal)
		require.Equal(t, renamed(t, c.small), renamed(t, long.Case.String()))
		require.Equal(t, renamed(t, c.small), renamed(t, short.Case.String()))
		require.Less(t, long.Tries, short.Tries+300)
	}
}

// The switches stand where they stood, however many operations before them are gone.
func TestSwitchesMoveWithTheirOperations(t *testing.T) {
	t.Parallel()
	passes := []pass{{"x", 0}, {"x", 1}, {"y", 1}, {"x", 2}, {"x", 3}}
	for _, c := range []struct {
		was      string
		from, to int
		is       string
	}{
		{"a@x#4>b", 0, 1, "a@x#3>b"},
		{"a@x#4>b", 0, 3, "a@x#1>b"},
		{"a@x#4>b", 3, 4, ""},
		{"a@x#1>b", 1, 4, "a@x#1>b"},
		{"a@y#1>b", 0, 1, "a@y#1>b"},
		{"b@x#4>a", 0, 3, "b@x#4>a"},
		{"a@op#3>b", 0, 2, "a@op#1>b"},
		{"a@op#3>b", 1, 3, "a@op#1>b"},
		{"a@op#3>b", 3, 4, "a@op#3>b"},
		{"a@op#2>b", 0, 2, "start>b"},
		{"a@op#1>b, a@op#2>c", 1, 2, "a@op#1>b"},
		{"a@end>b", 0, 2, "a@end>b"},
	} {
		was, err := sched.ParseSchedule(c.was)
		require.NoError(t, err)
		require.Equal(t, c.is, moved(was, "a", c.from, c.to, passes).String(), "%+v", c)
	}
}

// BenchmarkMinimize makes failures of 10,000 operations as small as they become.
func BenchmarkMinimize(b *testing.B) {
	for name, of := range map[string]longCase{"early": early, "late": late} {
		b.Run(name, func(b *testing.B) {
			c, err := cases.Parse(of.program(10_000))
			require.NoError(b, err)
			for b.Loop() {
				m, err := Minimize(b.Context(), c.General(), Limits{StepLimit: 1 << 18})
				require.NoError(b, err)
				require.True(b, m.Minimal)
				b.ReportMetric(float64(m.Tries), "executions")
			}
		})
	}
}
