package weaken

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// environmentKeep names the variable that holds the folder in which a keeper puts test binaries.
const environmentKeep = "RACEWINDOW_WEAKEN_KEEP"

// A kept is a test binary that was not run: where it lies, and how go test would have run it.
type kept struct {
	Dir       string   // the folder in which it runs
	Arguments []string // without those that only the go command needs
}

// IsKeeper says whether the go command has started this process in place of a test binary (-exec), to keep the binary.
func IsKeeper() bool { return os.Getenv(environmentKeep) != "" && len(os.Args) > 1 }

// Keep keeps the test binary that os.Args names, without running it, and returns the exit code of the process.
func Keep() int {
	if err := keep(os.Getenv(environmentKeep), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "racewindow:", err)
		return 1
	}
	return 0
}

const (
	keptBinary = "test"
	keptCall   = "call.json"
)

func keep(folder, binary string, arguments []string) error {
	into, err := os.MkdirTemp(folder, strings.TrimSuffix(filepath.Base(binary), ".test")+"-")
	if err != nil {
		return err
	}
	if err := copyFile(filepath.Join(into, keptBinary), binary); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	call, err := json.Marshal(kept{dir, withoutOutput(arguments)})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(into, keptCall), call, 0o600)
}

// withoutOutput removes the arguments that shape the output, feed the go command's cache or limit the time.
func withoutOutput(arguments []string) []string {
	return slices.DeleteFunc(slices.Clone(arguments), func(a string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch name {
		case "test.v", "test.timeout", "test.testlogfile", "test.failfast", "test.fullpath":
			return true
		}
		return false
	})
}

// copyFile copies a program.
func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
