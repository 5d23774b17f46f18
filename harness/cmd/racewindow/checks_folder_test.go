package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTestsThatNameAFolderOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"e.Dir()": true, "e.Disk()": false, "e.Dir(), e.Disk()": false, "": false,
	} {
		folder := t.TempDir()
		writeFile(t, folder, "a_test.go", text)
		writeFile(t, folder, "b.go", "e.Disk()")
		is, err := namesFolderOnly(folder)
		require.NoError(t, err)
		require.Equal(t, want, is, text)
	}
	is, err := namesFolderOnly(t.TempDir() + "/missing")
	require.NoError(t, err)
	require.False(t, is)
}

func TestExactlyTheseTestsAreRun(t *testing.T) {
	t.Parallel()
	require.Equal(t, `^(TestA)$`, exactly([]string{"TestA"}))
	require.Equal(t, `^(TestA|TestB)$/^(of_ints|of\(1\))$`, exactly([]string{"TestA/of_ints", "TestB/of(1)", "TestA/of(1)"}))
}
