package plain

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// The runtime, the packages whose operations are points and the driver count them each for itself.
func TestTheDriverNamesTheOperationsAsTheRuntimeNumbersThem(t *testing.T) {
	t.Parallel()
	source, err := own.ReadFile("driver/operations.go")
	require.NoError(t, err)
	names := map[int]string{}
	for _, found := range regexp.MustCompile(`(?m)^\t(\d+):\s+\{name: "([^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		number, err := strconv.Atoi(found[1])
		require.NoError(t, err)
		names[number] = found[2]
	}
	require.Greater(t, len(names), 40, "the test has looked at something")
	first := regexp.MustCompile(`\bracewindow(\w+) = (\d+) \+ iota\n`)
	for _, file := range []string{"sync/racewindow.go", "sync/atomic/racewindow.go", "os/racewindow.go"} {
		text := string(runtime.Added()[file])
		found := first.FindStringSubmatchIndex(text)
		require.NotNil(t, found, file)
		number, err := strconv.Atoi(text[found[4]:found[5]])
		require.NoError(t, err)
		block, _, _ := strings.Cut(text[found[2]:], "\n)")
		for i, line := range strings.Split(block, "\n") {
			operation, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "racewindow"), " ")
			require.Equal(t, operation, strings.TrimPrefix(names[number+i], "Map."), "operation %d of %s", number+i, file)
			delete(names, number+i)
		}
	}
	for number, name := range map[int]string{1: "waits", 3: "go", 4: "Gosched", 5: "send", 6: "receive", 7: "close", 8: "select", 9: "select.case", 80: "sleep", 81: "timer", 82: "ticker", 83: "AfterFunc", 84: "deadline"} {
		require.Equal(t, name, names[number], "of the runtime itself")
		delete(names, number)
	}
	require.Empty(t, names, "operations that nothing has")
}

func TestWhatEntersATestBinaryImportsTheStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	files := Driver()
	require.Greater(t, len(files), 30, "the test has looked at something")
	imported := regexp.MustCompile(`(?m)^\s*(?:import )?(?:\w+ )?"([a-z][\w./-]*\.[a-z]+/[^"]*)"$`)
	for name, content := range files {
		require.Regexp(t, `^(internal/racewindow/\w+/|testing/internal/testdeps/)\w+\.go$`, name)
		require.Empty(t, imported.FindAllStringSubmatch(string(content), -1), name)
		require.NotContains(t, name, "_test.go")
	}
}
