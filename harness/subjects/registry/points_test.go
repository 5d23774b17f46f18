package registry

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestDeclarationsAndMarkersInTheSourceAreTheSame(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	marked := map[string]failpoints.Kind{}
	marker := regexp.MustCompile(`(InjectCall\(|WaitPoint\(packagePath, )"([^"]+)"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range marker.FindAllStringSubmatch(string(content), -1) {
			marked[m[2]] = map[bool]failpoints.Kind{true: failpoints.KindYield, false: failpoints.KindWait}[m[1] == "InjectCall("]
		}
	}
	require.Greater(t, len(marked), 20)
	listed := map[string]failpoints.Kind{}
	for _, d := range failpoints.Declarations(packagePath) {
		require.NotEmpty(t, d.Resource, d.Name)
		require.NotEmpty(t, d.Reason, d.Name)
		listed[d.Name] = d.Kind
	}
	require.Equal(t, marked, listed)
}
