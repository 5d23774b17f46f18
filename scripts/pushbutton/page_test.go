package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/pages"
)

// Each module is explored for minutes, so the page's figures are those of one run; its rows are those of the modules as they are pinned.
func TestThePageHasARowForEachPinnedModule(t *testing.T) {
	t.Parallel()
	names := []string{fmt.Sprintf("%d modules", len(subjects))}
	for _, s := range subjects {
		names = append(names, s.module+" "+s.version)
	}
	slices.Sort(names)
	rows, err := pages.Rows("FINDINGS.md", "make pushbutton")
	require.NoError(t, err)
	for i := range rows {
		rows[i] = strings.TrimSuffix(rows[i], " *")
	}
	slices.Sort(rows)
	require.Equal(t, names, rows)
}
