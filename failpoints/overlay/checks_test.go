package overlay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTestsWithChecksAreInstrumentedWithoutAnyMarker(t *testing.T) {
	t.Parallel()
	const with = "package x\n\nimport \"github.com/racewindow/racewindow/harness\"\n\nvar _ = harness.OnReturn\n"
	for _, row := range []struct {
		unit      unit
		source    string
		available bool
		added     bool
	}{
		{unitInternalTest, with, true, true},
		{unitExternalTest, with, true, true},
		{unitInternalTest, with, false, false},
		{unitRegular, with, true, false},
		{unitInternalTest, "package x\n\n// not \"github.com/racewindow/racewindow/harness\"\n", true, false},
	} {
		text := []byte(row.source)
		pf := &packageFiles{
			listed: &listedPackage{Name: "x", ImportPath: "example.test/x", Dir: t.TempDir()},
			files:  []*sourceFile{{path: "x_test.go", unit: row.unit, original: text, content: text}},
		}
		require.NoError(t, (&build{}).instrument(pf, &dispatcher{available: row.available}))
		if !row.added {
			require.Len(t, pf.files, 1)
			continue
		}
		require.Len(t, pf.files, 2)
		require.Equal(t, row.unit, pf.files[1].unit)
		require.Contains(t, string(pf.files[1].content), "_rwfailpoints.RegisterComputed(")
	}
}
