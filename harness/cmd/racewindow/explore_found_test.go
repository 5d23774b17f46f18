package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/sched"
)

func TestADataRaceIsToldAtTheLineOfAnAccess(t *testing.T) {
	t.Parallel()
	here := fromHere(mustAbs(t, "box.go"))
	f := &sched.Failure{
		Kind:    sched.DataRace,
		Message: "(*Box).Put writes (box.go:26) what (*Box).Peek reads (box.go:38), and nothing orders the two",
		Stack: "WARNING: DATA RACE\nWrite at 0x00c0000896d0 by goroutine 79:\n  runtime.chansend()\n      /usr/local/go/src/runtime/chan.go:176 +0x0\n" +
			"  example.com/a.(*Box).Put()\n      " + mustAbs(t, "box.go") + ":26 +0x44\n",
	}
	file, line := placeOf(plain.Package{Dir: "/nowhere"}, &drive.PlainFinding{Failure: f})
	require.Equal(t, here, file)
	require.Equal(t, 26, line)
	require.Equal(t, "data race: ", raceWord(&drive.PlainFinding{Failure: f}))
	f.Message = strings.Replace(f.Message, "Put writes (box.go:26)", "Put writes", 1) // the stack of the one is lost
	f.Stack += "Previous read at 0x00c0000896d0 by goroutine 7:\n  example.com/a.(*Box).Peek()\n      /elsewhere/box.go:38\n"
	file, line = placeOf(plain.Package{}, &drive.PlainFinding{Failure: f})
	require.Equal(t, "/elsewhere/box.go", file)
	require.Equal(t, 38, line)
	f.Message = "Go's race detector reported 1 in this execution, see above"
	file, _ = placeOf(plain.Package{}, &drive.PlainFinding{Failure: f})
	require.Empty(t, file, "no place is better than a wrong one")
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	file, err := filepath.Abs(name)
	require.NoError(t, err)
	return file
}
