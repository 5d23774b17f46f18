package history_test

import (
	"math/rand"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
	"github.com/racewindow/racewindow/storage"
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

// walk chooses threads at random, for a number of schedules.
type walk struct{ random *rand.Rand }

func (walk) Name() string               { return "walk" }
func (walk) Begin() bool                { return true }
func (walk) End(int, bool)              {}
func (w walk) Next(c *sched.Choice) int { return w.random.Intn(len(c.Enabled)) }

// The two checkers agree on every execution, of engines that hold and of engines that do not.
func TestTheCheckersAgreeOnTheEngine(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, h := range storage.Handovers() {
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			random, bad, judged := rand.New(rand.NewSource(3)), 0, 0
			for n := 0; n < 60 || !h.Holds() && bad == 0 && n < 3000; n++ { // a bad one until it is caught
				c := cases.Draw(random, cases.Shape{Threads: 3, Operations: 4, Small: true})
				c.Options.Handover = h.Name()
				scenario, recorder, err := c.Recorded()
				require.NoError(t, err)
				runner := sched.NewRunner(scenario, sched.Options{})
				for range 10 {
					out := runner.Run(walk{random}, false)
					found := cases.Violation(out.Failure)
					if out.Failure != nil && (found == nil || !cases.InHistory(out.Failure)) {
						continue // a deadlock or a panic, or a call that is not part of a history: other tests check these
					}
					sentence, err := history.SecondOpinion(recorder.Calls(), nil, found)
					require.NoError(t, err, "%v; @ %v", c, out.Schedule)
					if sentence != "" {
						judged++
					}
					if found != nil {
						bad++
					}
				}
			}
			require.Greater(t, judged, 300)
			if h.Holds() {
				require.Zero(t, bad)
			} else {
				require.Positive(t, bad, "a hand-over that does not hold was caught")
			}
		})
	}
}
