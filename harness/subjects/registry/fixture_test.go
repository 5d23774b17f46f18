package registry

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
)

var rewriteFlag = flag.Bool("racewindow.rewrite", false, "rewrite the golden files")

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

func parse(t *testing.T, text string) cases.Case {
	t.Helper()
	c, err := cases.Parse(text, cases.Only(Subject))
	require.NoError(t, err)
	require.Equal(t, text, c.String())
	return c
}
