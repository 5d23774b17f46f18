package failpoints

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestABinaryWithoutFailpointsRefusesToBeControlled(t *testing.T) {
	plain(t)
	err := Require("stress", "racewindow build ./...")
	require.ErrorIs(t, err, ErrNotInstrumented)
	require.ErrorContains(t, err, "stress")
	require.ErrorContains(t, err, "racewindow build ./...")
	require.False(t, Instrumented())
	instrumented = true
	require.NoError(t, Require("stress", "racewindow build ./..."))
	require.True(t, Instrumented())
}

// listen records what the package complains about, and whether it would have ended the process.
func listen(t *testing.T) (messages *[]string, codes *[]int) {
	t.Helper()
	messages, codes = &[]string{}, &[]int{}
	oldExit, oldComplain := exit, complain
	exit = func(code int) { *codes = append(*codes, code) }
	complain = func(m string) { *messages = append(*messages, m) }
	t.Cleanup(func() { exit, complain = oldExit, oldComplain })
	return messages, codes
}

func TestAnInstrumentedProcessRefusesAnEnvironmentThatNothingWouldObey(t *testing.T) {
	plain(t)
	messages, codes := listen(t)
	instrumented = true
	t.Setenv(environment, "example.org/a/one=pause; example.org/engine/read/loaded=return(1)")
	require.True(t, EnvironmentEnables())
	CheckEnvironment("example.org/other")
	require.Empty(t, *codes, "a setting that pingcap's runtime obeys is refused")
	CheckEnvironment("example.org/engine")
	require.Equal(t, []int{2}, *codes)
	require.Len(t, *messages, 1)
	require.Contains(t, (*messages)[0], "GO_FAILPOINTS names example.org/engine/read/loaded, which")
	require.Contains(t, (*messages)[0], "remove it")
	t.Setenv(environment, "")
	require.False(t, EnvironmentEnables())
	t.Setenv(environment+"_HTTP", "127.0.0.1:0")
	require.True(t, EnvironmentEnables())
}

func TestAPlainProcessWarnsOfAnEnvironmentThatItCannotObey(t *testing.T) {
	plain(t)
	messages, codes := listen(t)
	t.Setenv(environment, "x=1; example.org/a/one=pause;example.org/a/two=pause")
	CheckEnvironment("example.org/b")
	require.Empty(t, *messages)
	CheckEnvironment("example.org/a")
	require.Len(t, *messages, 1, "one warning is enough")
	require.Contains(t, (*messages)[0], "example.org/a/one")
	require.Contains(t, (*messages)[0], "racewindow build")
	require.Empty(t, *codes, "a warning ends nothing")
}
