package registry

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// golden compares text with a file of testdata, or rewrites that.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewriteFlag {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "if this is right: racewindow test ./harness/subjects/registry -args -racewindow.rewrite")
}

func TestTheSeedsComparisonOfTheTwoBugsIsWhatIsMeasured(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	if raceoff.Enabled {
		t.Skip("half a million schedules are held to a file, which needs no detector: make test does so without -race")
	}
	var measured []Measured
	for _, b := range Bugs() {
		m, err := Measure(context.Background(), b, 2, 100)
		require.NoError(t, err)
		measured = append(measured, m)
	}
	golden(t, "comparison.md", Table(measured[0], measured[1]))
	for i, f := range measured[0].Bug.Fixes {
		if strings.HasPrefix(f.Name, "checked") || strings.HasPrefix(f.Name, "reorder") && !strings.Contains(f.Name, "concurrent") {
			require.Empty(t, measured[0].Verdicts[i].Findings, f.Name)
		}
	}
}

func TestAComparisonNeedsTheInstrumentedBuild(t *testing.T) {
	t.Parallel()
	if failpoints.Instrumented() {
		t.Skip("this is the instrumented build")
	}
	_, err := Measure(context.Background(), Bug{}, 0, 0)
	require.ErrorIs(t, err, failpoints.ErrNotInstrumented)
}
