package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rootCounter keeps a number in a file below an os.Root, whose methods name files relative to an open folder.
const rootCounter = `package tally

import (
	"errors"
	"os"
)

// A Tally keeps a number of one digit in a file.
type Tally struct{ root *os.Root }

func New(folder string) (*Tally, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	t := &Tally{root}
	return t, errors.Join(root.MkdirAll("of/it", 0o777), t.settle("of"), t.settle("."))
}

func (t *Tally) Set(n uint8) error {
	f, err := t.root.Create("new")
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{'0' + n%10})
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	_ = t.root.Remove("of/it/old") // there is none the first time
	_ = t.root.Link("of/it/tally", "of/it/old")
	if err := t.root.Rename("new", "of/it/tally"); err != nil {
		return err
	}
	return t.settle("of/it")
}

func (t *Tally) settle(name string) error {
	folder, err := t.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (t *Tally) Get() string {
	kept, _ := t.root.ReadFile("of/it/tally")
	return string(kept)
}

func (t *Tally) Close() error { return t.root.Close() }
`

func TestPowerIsLostUnderFilesOfARoot(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, rootCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	crash := []string{"crash", "--program", "c0: set(1), set(2), get()", "--schedules", "100", "--seed", "1", "."}
	code, output := commandIn(t, folder, crash...)
	require.Equal(t, exitHeld, code, output)

	for is, was := range map[string]string{"return nil": `return t.settle("of/it")`, "error(nil)": "f.Sync()"} {
		writeFile(t, folder, "tally.go", strings.Replace(rootCounter, was, is, 1))
		require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
		code, output = commandIn(t, folder, crash...)
		require.Equal(t, exitViolated, code, output)
		require.Contains(t, output, "FAIL Durability")
	}

	writeFile(t, folder, "tally.go", strings.Replace(rootCounter, `t.root.Link("of/it/tally", `, `t.root.Symlink("tally", `, 1))
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	code, output = commandIn(t, folder, crash...)
	require.Equal(t, exitFailed, code, output)
	require.Contains(t, strings.Join(strings.Fields(output), " "), "what the code does with symlinkat cannot be recorded: it makes a link to a name")
}
