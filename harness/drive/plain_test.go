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
