package registry

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTableOfPointsIsThatOfTheSource(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var marked []string
	marker := regexp.MustCompile(`(?:InjectCall\(|WaitPoint\(packagePath, )"([^"]+)"`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range marker.FindAllStringSubmatch(string(content), -1) {
			marked = append(marked, m[1])
		}
	}
	content, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(\S+/\S+) +\S`).FindAllStringSubmatch(string(content), -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(marked)
	slices.Sort(listed)
	require.Greater(t, len(marked), 20)
	require.Equal(t, slices.Compact(marked), listed)
}
