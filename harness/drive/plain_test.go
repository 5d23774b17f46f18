package drive

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A system allows 128 KiB for a variable, and a schedule may be longer.
func TestAnOrderOfAnyLengthFitsIntoTheEnvironment(t *testing.T) {
	t.Parallel()
	for switches, inFile := range map[int]bool{0: false, 100: false, 5000: true} {
		o := &Order{Version: Version, Mode: Replay, Case: strings.Repeat("main@F.Lock#1>main/g#1, ", switches)}
		folder := t.TempDir()
		text, err := o.ForEnvironment(folder)
		require.NoError(t, err)
		require.Less(t, len(text), 128<<10)
		files, err := os.ReadDir(folder)
		require.NoError(t, err)
		require.Equal(t, inFile, len(files) == 1)
		read, err := OfEnvironment(text)
		require.NoError(t, err)
		require.Equal(t, o, read)
	}
	_, err := (&Order{Case: strings.Repeat("x", 1<<20)}).ForEnvironment("/nowhere")
	require.ErrorContains(t, err, "write an order for a test binary")
	_, err = OfEnvironment("@/nowhere/order")
	require.ErrorContains(t, err, Variable)
}

func TestASightingIsALine(t *testing.T) {
	t.Parallel()
	e := Event{Test: "TestX", Text: SightedWords("deadlock", 1), Case: "main@f#1>g"}
	require.Equal(t, "TestX: found deadlock, with 1 switch; it is being made smaller: main@f#1>g", e.Sighting())
	e = Event{Test: "TestX", Text: SightedWords("leak", 900), Case: strings.Repeat("main@f#1>g, ", 900)}
	require.Equal(t, "TestX: found leak, with 900 switches; it is being made smaller", e.Sighting())
}
