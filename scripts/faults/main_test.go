package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// counts has every promise tested once, except the named ones.
func counts(without ...check.Promise) map[string]uint64 {
	all := map[string]uint64{}
	for _, p := range check.CrashPromises() {
		all[p.Name] = 1
	}
	for _, p := range without {
		all[p.Name] = 0
	}
	return all
}

func TestNoCellIsEmpty(t *testing.T) {
	t.Parallel()
	_, cells, err := cellsOf(counts(check.NoPoison), 0)
	require.NoError(t, err)
	require.Contains(t, cells, "sticky, held 1")
	require.Contains(t, cells, "held 1")
	_, cells, err = cellsOf(counts(check.StickyPoison, check.StableReads), 7)
	require.NoError(t, err)
	require.Contains(t, cells, "none, held 1")
	require.Contains(t, cells, "closed 7")
	for want, c := range map[string]map[string]uint64{
		"Durability was not":   counts(check.NoPoison, check.Durability),
		"Poison was not":       counts(check.NoPoison, check.StickyPoison),
		"StableReads was not":  counts(check.NoPoison, check.StableReads),
		"the fault poisons in": counts(),
	} {
		_, _, err = cellsOf(c, 0)
		require.ErrorContains(t, err, want)
	}
}

func TestARowSaysWhatHeldAndAFaultThatNeverComesIsAnError(t *testing.T) {
	if !failpoints.Instrumented() {
		require.NotEqual(t, "1", os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED"))
		t.Skip("needs the instrumented build: go run ./harness/cmd/racewindow test ./scripts/faults")
	}
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	var table strings.Builder
	require.NoError(t, run(&table, []row{{reads, "r0@read/io-error#1=EIO"}}))
	require.NoError(t, run(&table, []row{{reads, "disk read * #1 = EIO"}}), "faults of the disk are counted before the log is probed")
	require.Contains(t, table.String(), "none, held ")
	require.ErrorContains(t, run(&table, []row{{reads, "r0@read/io-error#9=EIO"}}), "was not tested")
}
