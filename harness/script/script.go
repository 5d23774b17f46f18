// Package script writes programs for tests.
package script

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// New makes a program in a folder of its own, and returns its path.
func New(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	Write(t, path, text)
	return path
}

// Write makes the file path, which /bin/sh can execute, with text after its first line. The folder must exist.
//
// A file that some process has open for writing cannot be executed ("text file busy"). While os.WriteFile writes, another goroutine may start
// a child, which inherits the open file until it executes its own program. So no child is started meanwhile: https://go.dev/issue/22315.
func Write(t testing.TB, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700)
	syscall.ForkLock.RUnlock()
	require.NoError(t, err)
}
