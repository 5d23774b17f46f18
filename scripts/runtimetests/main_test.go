package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

func TestAVersionThatCannotBeHadIsAnErrorInACIThatHasDownloadedAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		had  map[string]bool
		ci   bool
		says string
	}{
		{map[string]bool{"go1.0.1": true, "go1.0.2": true}, true, ""},
		{map[string]bool{"go1.0.1": true, "go1.0.2": false}, true, "these were skipped: go1.0.2"},
		{map[string]bool{"go1.0.1": true, "go1.0.2": false}, false, ""},
		{map[string]bool{"": true, "go1.0.2": false}, true, ""}, // the installed version proves nothing about the network
	} {
		if why := lacking(c.had, c.ci); c.says == "" {
			require.Empty(t, why, "%+v", c)
		} else {
			require.Contains(t, why, c.says)
		}
	}
}

func TestAVersionThatIsNotThereIsToldFromAChangeThatDoesNotFit(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	_, err := job{version: "go1.26.999", fit: true}.run(t.Context())
	require.ErrorIs(t, err, errAbsent)
}

// A change may find its place in a version of Go although it is wrong there.
func TestWhatDoesNotCompileDoesNotFit(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library")
	}
	tool, err := runtime.Find(t.Context(), t.TempDir(), nil)
	require.NoError(t, err)
	patch, err := tool.Fit()
	require.NoError(t, err)
	j := job{names: strings.Split(compiled, ","), fit: true}
	patch.Files["sync/atomic/racewindow.go"] = append(patch.Files["sync/atomic/racewindow.go"], "\nvar spoiled int = true\n"...)
	_, err = j.build(t.Context(), tool, patch, os.Environ())
	var wrong *runtime.BuildError
	require.ErrorAs(t, err, &wrong)
	require.Contains(t, wrong.Said, "cannot use true")
}
