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

// listen catches what the package says and whether it would have ended the process.
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
	t.Setenv(environment, "example.org/a/one=pause;x="+StoragePackage+"/x")
	require.True(t, EnvironmentEnables())
	Register("example.org/a", "one", KindYield, "a.go", 1)
	Register(StoragePackage, "register/one", KindYield, "a.go", 2)
	require.Empty(t, *codes, "a setting that pingcap's runtime obeys is refused")
	t.Setenv(environment, "x=1;"+StoragePackage+"/register/two=pause")
	Register(StoragePackage, "register/one", KindYield, "a.go", 2)
	require.Equal(t, []int{2}, *codes)
	require.Len(t, *messages, 1)
	require.Contains(t, (*messages)[0], "GO_FAILPOINTS names "+StoragePackage+"/register/two")
	require.Contains(t, (*messages)[0], "remove it")
	t.Setenv(environment, "")
	require.False(t, EnvironmentEnables())
	t.Setenv(environment+"_HTTP", "127.0.0.1:0")
	require.True(t, EnvironmentEnables())
}

// None of the engine's markers obeys the environment, and the first one that is registered refuses for all.
func TestTheRefusalNamesWhatTheEnvironmentNames(t *testing.T) {
	plain(t)
	messages, codes := listen(t)
	t.Setenv(environment, "x=1; "+StoragePackage+"/read/metadata-loaded=return(1)")
	refuseEnvironment(StoragePackage, "append/before-buffer")
	require.Equal(t, []int{2}, *codes)
	require.Contains(t, (*messages)[0], "GO_FAILPOINTS names "+StoragePackage+"/read/metadata-loaded, which")
	require.NotContains(t, (*messages)[0], "append/before-buffer")
}

func TestAPlainProcessWarnsOfAnEnvironmentThatItCannotObey(t *testing.T) {
	plain(t)
	messages, codes := listen(t)
	t.Setenv(environment, "x=1; example.org/a/one=pause;example.org/a/two=pause")
	WarnEnvironment("example.org/b")
	require.Empty(t, *messages)
	WarnEnvironment("example.org/a")
	require.Len(t, *messages, 1, "one warning is enough")
	require.Contains(t, (*messages)[0], "example.org/a/one")
	require.Contains(t, (*messages)[0], "racewindow build")
	require.Empty(t, *codes, "a warning ends nothing")

	instrumented = true
	WarnEnvironment("example.org/a")
	require.Len(t, *messages, 1, "an instrumented process has refused already")
}
