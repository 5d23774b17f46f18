package runtime

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// make runtime-versions tests the releases that count as tested.
func TestTheTestedReleasesAreThoseThatAreTested(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Makefile")
	require.NoError(t, err)
	listed := regexp.MustCompile(`(?m)^GO_VERSIONS \?= (\S+)$`).FindSubmatch(text)
	require.NotNil(t, listed)
	var known []string
	for _, release := range tested {
		known = append(known, release)
	}
	slices.Sort(known)
	require.Equal(t, strings.Split(string(listed[1]), ","), known)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, release := range known {
		require.Contains(t, string(readme), release)
	}
}
