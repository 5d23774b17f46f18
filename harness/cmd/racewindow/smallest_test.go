package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// A stress that had found something ended with exit code 3, and told nothing of it. No other test may search meanwhile.
func TestAFindingIsToldAlthoughTheSearchForItsSmallestCaseHangs(t *testing.T) {
	code, told := 0, false
	ends := endProcess
	endProcess = func(with int) { code = with }
	defer func() { endProcess = ends }()
	before := sched.OnHang(nil)
	var progress strings.Builder
	searchSmallest(&progress, "Durability", func() {
		require.Equal(t, "found Durability; its smallest case is searched for, for up to 10s\n", progress.String())
		hung := sched.OnHang(nil)
		hung("no thread has come to a failpoint")
		require.True(t, told)
		require.Equal(t, exitViolated, code)
	}, func() { told = true })
	require.Nil(t, sched.OnHang(before), "what was set before is set again")
}
