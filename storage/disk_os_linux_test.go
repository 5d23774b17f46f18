package storage

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPipeInTheStoreIsRefused(t *testing.T) {
	t.Parallel()
	folder, _ := storeIn(t)
	index := filepath.Join(folder, theHandle, indexName)
	require.NoError(t, os.Remove(index))
	require.NoError(t, syscall.Mkfifo(index, 0o666))
	err := openBoth(folder)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "log/index is neither a file nor a folder")
	require.NoError(t, os.Remove(index))
	require.NoError(t, openBoth(folder))
}
