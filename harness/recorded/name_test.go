package recorded_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/recorded"
)

func TestNoTwoFoldersHaveTheSameName(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		path, err := recorded.Make()
		require.NoError(t, err)
		require.NoError(t, os.Remove(path))
		number := filepath.Base(path)
		number = number[:len("racewindow-")+len(fmt.Sprint(os.Getpid()))+len("-000000")]
		require.False(t, seen[number], "%s: names must differ in more than random numbers, which repeat themselves", path)
		seen[number] = true
	}
}

func TestTextsOfTwoFoldersAreEqual(t *testing.T) {
	for range 2 {
		path, err := recorded.Make()
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.Remove(path) })
		_, err = os.Open(filepath.Join(path, "a", "b"))
		require.Equal(t, "open DIR/a/b: no such file or directory", recorded.Placeless(err.Error()))
		require.Equal(t, `Op: "open", Path: "DIR"`, recorded.Placeless(fmt.Sprintf("Op: %q, Path: %q", "open", path)))
	}
	require.Equal(t, "racewindow-17 is mine", recorded.Placeless("racewindow-17 is mine"))
}
