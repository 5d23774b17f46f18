package weaken_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/weaken"
)

// chancyTest counts its runs in a file, and fails in those that it is given.
const chancyTest = `package store

import ("os"; "slices"; "testing")

type file struct{}

func (f *file) Write(b []byte) (int, error) { return len(b), nil }

func (f *file) Sync() error { return nil }

func TestByChance(t *testing.T) {
	runs, _ := os.ReadFile("runs")
	os.WriteFile("runs", append(runs, 'x'), 0o666)
	New(&file{}).Append(nil)
	if slices.Contains([]int{FAILS}, len(runs)+1) {
		t.Fatal("by chance")
	}
}
`

// twoSyncs has two places.
const twoSyncs = `package store

import "example.com/store/disk"

type Store struct{ file disk.File }

func New(f disk.File) *Store { return &Store{f} }

func (s *Store) Append(r []byte) error { s.file.Sync(); s.file.Write(r); return s.file.Sync() }
`

func TestATestThatFailsByChanceNoticesNothing(t *testing.T) {
	t.Parallel()
	// Run 1 is without a change, run 2 the canary's, run 3 the first place's.
	for name, c := range map[string]struct {
		fails   string
		noticed int
		runs    int
	}{
		"once": {"3", 0, 6},
		// The first place counts as noticed until run 7, of the second, passes. Then it is tried again.
		"twice, and later once":                  {"3, 4, 6", 0, 9},
		"at the first place each time":           {"3, 4, 6, 9, 10, 11, 12, 13", 1, 14},
		"so often that nothing it says can hold": {"3, 5, 7, 9, 11, 13", 0, 14},
		"twice, and then without a change":       {"3, 4, 5", 0, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := module(t, "store", map[string]string{"store.go": twoSyncs, "store_test.go": strings.Replace(chancyTest, "FAILS", c.fails, 1)})
			s, err := run(t, dir, weaken.Config{}, ".")
			require.NoError(t, err)
			require.Equal(t, []string{"TestByChance in ."}, s.ByChance)
			require.Equal(t, c.noticed, s.Noticed)
			require.Equal(t, 2-c.noticed, s.Missed)
			runs, err := os.ReadFile(filepath.Join(dir, "runs"))
			require.NoError(t, err)
			require.Len(t, runs, c.runs)
		})
	}
}

func TestATestThatFailsBecauseOfWhatARunHasLeftNoticesNothing(t *testing.T) {
	t.Parallel()
	const imports = `import ("os"; "testing"; "time")`
	test := strings.Replace(chancyTest, `import ("os"; "slices"; "testing")`, imports, 1)
	test = test[:strings.Index(test, "func TestByChance")] + `
func TestBegins(t *testing.T) { os.Remove("left"); time.Sleep(2100 * time.Millisecond) }

func TestLeaves(t *testing.T) {
	if _, err := os.Stat("left"); err == nil {
		t.Fatal("something is left of an earlier run")
	}
	os.WriteFile("left", nil, 0o666)
	New(&file{}).Append(nil)
}
`
	s, err := run(t, module(t, "store", map[string]string{"store.go": nothingElse, "store_test.go": test}), weaken.Config{}, ".")
	require.NoError(t, err)
	require.Equal(t, map[string]string{place: "missed"}, verdicts(s))
	require.Empty(t, s.ByChance)
}
