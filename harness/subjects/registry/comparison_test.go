package registry

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// golden compares text with a file of testdata, or rewrites that. Lines that begin so are in the file alone.
func golden(t *testing.T, name, text string, without ...string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewriteFlag && len(without) == 0 {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var want strings.Builder
	for line := range strings.Lines(string(content)) {
		if !slices.ContainsFunc(without, func(s string) bool { return strings.HasPrefix(line, s) }) {
			want.WriteString(line)
		}
	}
	require.Equal(t, want.String(), text, "if this is right: racewindow test ./harness/subjects/registry -args -racewindow.rewrite")
}

func TestTheSeedsComparisonOfTheTwoBugsIsWhatIsMeasured(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	seeds, without := 100, []string(nil)
	if raceoff.Enabled { // half a million random schedules
		seeds, without = 0, []string{"| " + randomWalkRow}
	}
	var measured []Measured
	for _, b := range Bugs() {
		m, err := Measure(context.Background(), b, 2, seeds)
		require.NoError(t, err)
		measured = append(measured, m)
	}
	golden(t, "comparison.md", Table(measured[0], measured[1]), without...)
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
