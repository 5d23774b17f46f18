// Package planted holds what the measurements of planted bugs share: patches with a header, and exit codes.
package planted

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var (
	// ErrSurvivor is wrapped by the error for a bug that was not found, ErrUsage by the error for a wrong call.
	ErrSurvivor = errors.New("a planted bug was not found")
	ErrUsage    = errors.New("wrong call")
)

// ExitCode is 0 if all bugs were found, 1 if one was not, 2 for a wrong call, 3 for any other error.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrSurvivor):
		return 1
	case errors.Is(err, ErrUsage):
		return 2
	}
	return 3
}

// Read calls each with every patch of a folder, in order of their names.
func Read(folder string, each func(path, text string) error) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.patch"))
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("no patch in %s: go to the module's root", folder)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err == nil {
			err = each(path, string(text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Name is the name of a patch: its file's name without ".patch".
func Name(path string) string { return strings.TrimSuffix(filepath.Base(path), ".patch") }

// Header reads the first lines of a patch, '# WORD: text', into fields. Each word may occur at most once.
func Header(path, text string, fields map[string]*string) error {
	for line := range strings.Lines(text) {
		rest, comment := strings.CutPrefix(line, "# ")
		if !comment {
			return nil
		}
		word, value, ok := strings.Cut(rest, ": ")
		field := fields[word]
		if value = strings.TrimSpace(value); !ok || field == nil || *field != "" || value == "" {
			return fmt.Errorf("%s: header line %q: write '# WORD: text' once, WORD one of %s", path, strings.TrimSpace(line),
				strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		*field = value
	}
	return nil
}
