package plain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// These are traps of an exploration of unmodified code that no other test guards against; README.md lists all.

// Atomic functions are instructions in an ordinary build, and calls under -race. The token is the same.
func TestFunctionsOfAtomicsArePointsInEveryBuild(t *testing.T) {
	const lost = "main/TestFunctionsOfAtomics#1@TestFunctionsOfAtomics.Store#1>main/TestFunctionsOfAtomics#2"
	for _, race := range []bool{false, true} {
		s, dir := raced(t, "traps")
		s.Race = race
		s.Run = Exactly("TestFunctionsOfAtomics")
		s.Order = drive.Order{Mode: drive.Explore, Schedules: 100, Seed: 1}
		f := requireFound(t, explored(t, s, dir), "TestFunctionsOfAtomics")
		require.Equal(t, lost, f.Schedule.String(), "with the race detector: %v", race)
		var points []string
		for _, e := range f.Outcome.Events {
			if e.Point && e.Thread == "main/TestFunctionsOfAtomics#1" {
				points = append(points, e.Text)
			}
		}
		require.Equal(t, []string{"TestFunctionsOfAtomics.Load", "TestFunctionsOfAtomics.Store"}, points, "and no atomic of the standard library: %v", race)
	}
}

func TestAFatalErrorOfAMapIsAFinding(t *testing.T) {
	dir := copied(t, "traps")
	s := session(t, dir)
	s.Run = Exactly("TestWritesAMapTwice")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 10, Seed: 1}
	f := requireFound(t, explored(t, s, dir), "TestWritesAMapTwice")
	require.Equal(t, sched.Fatal, f.Failure.Kind)
	require.Equal(t, "fatal error: concurrent map writes", f.Failure.Message)
	require.Contains(t, f.Failure.Site, "TestWritesAMapTwice (traps_test.go:")
}

// A prototype's tokens had at most 4,096 switches.
func TestATokenMayHaveThousandsOfSwitches(t *testing.T) {
	dir := copied(t, "traps")
	s := session(t, dir)
	var switches []string
	for n := 2; n <= 3_000; n++ {
		for who := range 2 {
			switches = append(switches, fmt.Sprintf("main/TestTakesTurns#%d@TestTakesTurns.Swap#%d>main/TestTakesTurns#%d", 1+who, n, 2-who))
		}
	}
	token, err := ParseToken("v1 test=TestTakesTurns; @ " + strings.Join(switches, ", "))
	require.NoError(t, err)
	require.Len(t, token.Schedule, 5_998)
	s.Run = Exactly(token.Test)
	s.Order = drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Times: 5}
	got := explored(t, s, dir)
	require.Len(t, got.findings[token.Test], 1, "%+v", got.ended[token.Test])
	require.Equal(t, 5, got.findings[token.Test][0].Finding.Replayed)
}
