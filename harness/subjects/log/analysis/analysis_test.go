package analysis

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

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

func TestWhatStressFindsHasASmallestCase(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, c := range []struct{ handover, program, want string }{
		{"stale", "w0: append 1, append 2, append 1; f0: flush; r0: read 1.+ end", "flush"},
		{"recheck", "w0: append 1, append 1; f0: flush; r0: read - end", "read/rechecked"},
		{"recheckliteral", "w0: append 3, append 1; f0: flush; r0: read - end", "w0: append 1, read - end"},
		{"fallback", "w0: append 1, append 1, append 1; f0: flush; r0: read - 1.+", "append 1, append 1, read - 1.+"},
		{"stale", "", "flush"}, // nothing is known: programs are drawn
	} {
		r, err := Minimal(context.Background(), c.handover, c.program, "ReadAfterWrite/empty", 10*time.Minute) // schedules end it before
		require.NoError(t, err)
		require.NotNil(t, r, c.handover)
		require.Contains(t, r.Case, c.want)
		require.Equal(t, r.Replays, r.Replayed)
	}
	r, err := Minimal(context.Background(), "snapshot", "w0: append 1; f0: flush; r0: read - end", "ReadAfterWrite/empty", 100*time.Millisecond)
	require.NoError(t, err)
	require.Nil(t, r, "there is none")
}

func TestAStatementSaysWhatWasExecuted(t *testing.T) {
	t.Parallel()
	held := Statement{Text: "it holds", Handover: "snapshot", Program: "w0: append 1", True: true, Holds: true, Schedules: 7, Bound: 2, MaxSteps: 9}
	require.Equal(t, "shown     snapshot       it holds\n                         all 7 schedules with at most 2 preemptions of 'w0: append 1', at most 9 choices each", held.String())
	held.Complete = true
	require.Contains(t, held.String(), "all 7 schedules that there are of")
	broken := Statement{Text: "it breaks", Handover: "stale", Case: "v1 x"}
	require.True(t, strings.HasPrefix(broken.String(), "NOT SHOWN stale"))
	require.Contains(t, broken.String(), "v1 x")
}

// A class that begins with the name of a promise quotes that promise. Any other class is printed as it is.
func TestWhatIsToldQuotesThePromiseOfTheLog(t *testing.T) {
	t.Parallel()
	for class, promise := range map[string]string{
		"ReadAfterWrite/empty": "ReadAfterWrite", "Durability/lost": "Durability", "StickyPoison": "StickyPoison",
	} {
		r := WithoutExecution(class, "it is gone", "racewindow soak", "child 3")
		require.Equal(t, promise, r.Promise)
		require.NotEmpty(t, r.Sentence, class)
		require.Equal(t, class, r.Class)
	}
	r := WithoutExecution("leak", "goroutines: 100 more", "", "")
	require.Equal(t, "leak", r.Promise)
	require.Empty(t, r.Sentence)
}

// If not all schedules of a statement were executed, it is neither shown nor refuted.
func TestAStatementThatWasNotExhaustedIsUnjudged(t *testing.T) {
	t.Parallel()
	require.True(t, Statement{Holds: true}.Unjudged())
	require.False(t, Statement{Holds: true, True: true, Exhausted: true}.Unjudged())
	require.False(t, Statement{Holds: true, Exhausted: true}.Unjudged(), "it holds, though it must not: that is a verdict")
	require.False(t, Statement{Case: "v1 x"}.Unjudged())
}
