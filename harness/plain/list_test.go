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
