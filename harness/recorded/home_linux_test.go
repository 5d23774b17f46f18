package recorded_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/recorded"
)

func TestNothingIsLeftOfProcessesWhoseHomeIsRemoved(t *testing.T) {
	home, remove, err := recorded.Home()
	require.NoError(t, err)
	name, path, is := strings.Cut(home, "=")
	require.True(t, is)
	t.Setenv(name, path)
	made, err := recorded.Make()
	require.NoError(t, err)
	require.Equal(t, path, filepath.Dir(made))
	require.Equal(t, "open DIR/a", recorded.Placeless("open "+filepath.Join(made, "a")))
	require.NoError(t, os.WriteFile(filepath.Join(made, "a"), nil, 0o600))
	remove()
	require.NoDirExists(t, path)
	made, err = recorded.Make()
	require.NoError(t, err, "somebody has removed the home, and the process goes on")
	require.NoError(t, os.Remove(made))
}
