package log

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
)

// The corpus has a case for every bug that was found, and schedules in which a fix must hold. A file says what it expects: "holds",
// or the class of the failure.
func TestTheCorpusShowsWhatItSays(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "cases", "*.case"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 13)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			c, err := ParseFile(string(content))
			require.NoError(t, err)
			_, rest, found := strings.Cut(string(content), "# expect: ")
			require.True(t, found, "a line '# expect: holds', or the class of a failure")
			want, _, _ := strings.Cut(rest, "\n")
			if c.Crash != nil && raceoff.Enabled {
				t.Skip("a crash needs a build without -race: make test runs that too")
			}
			program := c.Clone()
			program.Switches = nil
			s, err := program.Scenario()
			require.NoError(t, err)
			r := sched.NewRunner(s, sched.Options{})
			for range 20 {
				out, got := r.Replay(c.Switches, false), "holds"
				if out.Failure != nil {
					got = out.Failure.Class()
				}
				require.Equal(t, want, got, "%v", out.Failure)
			}
		})
	}
}
