package plain

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTestsOfAPackageAreToldApartByWhatTheyUse(t *testing.T) {
	t.Parallel()
	p := Package{Dir: t.TempDir()}
	require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "a_test.go"), []byte(`package p

import "github.com/racewindow/racewindow/harness"

func subject() harness.Subject[int] { return harness.Subject[int]{} }
func check(t *testing.T)            { harness.Check(t, subject()) }

func TestDirect(t *testing.T)    { harness.Check(t, harness.Subject[int]{}) }
func TestIndirect(t *testing.T)  { check(t) }
func TestElsewhere(t *testing.T) { suite.Run(t, subject()) }
func TestOrdinary(t *testing.T)  {}
`), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(p.Dir, "b_test.go"), []byte(`package p

import . "github.com/racewindow/racewindow/harness"

func TestDot(t *testing.T) { Check(t, Subject[int]{}) }
`), 0o600))
	require.NoError(t, p.read([]string{"a_test.go", "b_test.go"}))
	require.Equal(t, []string{"TestDirect", "TestIndirect"}, p.Checks)
	require.Equal(t, []string{"TestElsewhere", "TestOrdinary", "TestDot"}, p.Tests)
	require.Equal(t, []string{"TestOrdinary"}, p.Strangers)
}

// Its package alone does not build then; the others are explored.
func TestASyntaxErrorIsAMatterOfItsPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":         "module example.com/m\n\ngo 1.25\n",
		"bad/a_test.go":  "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { for {\n",
		"good/a_test.go": "package good\n\nimport \"testing\"\n\nfunc TestGood(t *testing.T) {}\n",
		"none/a_test.go": "package none\n\nfunc f() { for {\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	all, err := List(t.Context(), dir, nil, nil, []string{"./bad", "./good"})
	require.NoError(t, err)
	require.Equal(t, []string{"TestBad"}, all[0].Tests)
	require.Equal(t, []string{"TestGood"}, all[1].Tests)
	err = session(t, dir).Explore(t.Context(), all[0])
	require.ErrorContains(t, err, "the tests of example.com/m/bad cannot be built:\n")
	require.ErrorContains(t, err, "a_test.go:5:")

	_, err = List(t.Context(), dir, nil, nil, []string{"./good", "./none"})
	require.ErrorContains(t, err, "expected '}'", "nobody knows which tests it has")
	_, err = List(t.Context(), dir, nil, nil, []string{"good"})
	require.ErrorContains(t, err, "; did you mean ./good?")
	_, err = List(t.Context(), dir, nil, nil, []string{"good/a_test.go"})
	require.ErrorContains(t, err, "files were named: name their package, "+filepath.Join(dir, "good"))
}

func TestWhatTestsAreBuiltFromIsListed(t *testing.T) {
	t.Parallel()
	linked, err := Linked(t.Context(), copied(t, "classics"), nil, nil, []string{"."})
	require.NoError(t, err)
	require.Contains(t, linked, "example.com/classics")
	require.Contains(t, linked, "sync/atomic")
	require.NotContains(t, linked, "example.com/other")
	require.IsIncreasing(t, linked, "each once")
}
