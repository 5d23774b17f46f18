package plain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/script"
)

// noDelve is called as dlv is: exec BINARY --init FILE ... -- ARGUMENTS. It shows the files that it is given, runs the binary as it is, and
// shows the events.
const noDelve = `binary=$2
begin=$4
cat "$begin" "$(dirname "$begin")/racewindow.star"
while [ "$1" != -- ]; do echo "argument: $1"; shift; done
shift
"$binary" "$@" </dev/null
cat "$(dirname "$begin")/events"
`

// scripts/alone has the real one (debugger.txtar).
func TestADebuggerGetsTheBinaryTheScheduleAndWhereToStop(t *testing.T) {
	dir := copied(t, "classics")
	s := session(t, dir)
	token, err := ParseToken("v1 test=TestLog; @ main/testLog#1@(*Log).Flush.Unlock#1>main/testLog#2")
	require.NoError(t, err)
	s.Run = Exactly(token.Test)
	s.Order = drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Test: token.Test, Times: 1, LeaksAlways: true}
	all, err := List(t.Context(), dir, nil, nil, []string{"."})
	require.NoError(t, err)
	program := script.New(t, noDelve)
	commands := filepath.Join(t.TempDir(), "commands")
	require.NoError(t, os.WriteFile(commands, []byte("locals\n"), 0o600))
	var out, said strings.Builder
	d := Debugger{Program: program, Step: 3, Here: `at "x"`, Failure: "it fails", Lines: []string{"/a/b.go:3"}, Commands: commands, Out: &out, Err: &said}
	require.NoError(t, s.Debug(t.Context(), all[0], d))
	require.Empty(t, said.String())
	for _, want := range []string{
		"racewindow.star\nlocals\n", "LINES = [\"/a/b.go:3\"]\nHERE = \"at \\\"x\\\"\"\nFAILURE = \"it fails\"\n", "def main():",
		"argument: --allow-non-terminal-interactive=true\n", "argument: " + dir + "\n",
		`"event":"check"`, `"verdict":"found"`, // the binary has carried the order out
	} {
		require.Contains(t, out.String(), want)
	}
	d.Commands = filepath.Join(dir, "none")
	require.ErrorContains(t, s.Debug(t.Context(), all[0], d), "read the commands for Delve")
	d.Commands, d.Program = "", filepath.Join(dir, "none")
	require.ErrorContains(t, s.Debug(t.Context(), all[0], d), "run "+d.Program)
}
