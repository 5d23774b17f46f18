package properties

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// casesFlag is how many cases each property draws.
var casesFlag = flag.Int("racewindow.cases", 150, "how many `cases` each property draws")

// seedFlag lets a run draw other cases.
var seedFlag = flag.Int64("racewindow.seed", 1, "gopter's seed")

// progressFlag is for output that a person follows.
var progressFlag = flag.Bool("racewindow.progress", false, "print a line for each property, and on the way of long ones")

// requireInstrumented skips a test that needs failpoints to fire, or fails it where the environment says that they must.
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

// say prints a line: at once where the test's output is not shown otherwise.
func say(t *testing.T, format string, arguments ...any) {
	t.Helper()
	if !*progressFlag {
		t.Logf(format, arguments...)
		return
	}
	fmt.Printf("%7.1fs  %s: %s\n", time.Since(began).Seconds(), strings.TrimPrefix(t.Name(), "Test"), fmt.Sprintf(format, arguments...))
}

var began = time.Now()

// again is the command that runs a property once more.
func again(t *testing.T) string {
	return fmt.Sprintf("make properties RUN=%s SEED=%d CASES=%d", t.Name(), *seedFlag, *casesFlag)
}

// violated fails the test with a report, which is also written where the environment says.
func violated(t *testing.T, seed int64, report string) {
	t.Helper()
	require.NoError(t, WriteReport(t.Name(), seed, report))
	t.Fatal("\n" + report)
}

// requireHolds runs a search that must find nothing, and reports the shrunk case if it does.
func requireHolds(t *testing.T, s *Search) {
	t.Helper()
	s.Name, s.Seed, s.Again = t.Name(), *seedFlag, again(t)
	s.Progress = func(line string) { say(t, "%s", line) }
	if s.Cases == 0 {
		s.Cases = *casesFlag
	}
	found, err := s.Run()
	require.NoError(t, err, "search again: %s", s.Again)
	if found {
		violated(t, s.Seed, s.Report())
	}
	require.Equal(t, s.Cases, s.Executed)
	say(t, "%d cases held; %d could not come true as they were drawn, and were replaced", s.Executed, s.Unmet)
}
