package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A mutant is a patch with what its first lines say of it:
//
//	# bug: what is wrong, in one line
//	# resembles: the bug of which system, or the class of bugs, in one line
//	# equivalent: why no promise can break, for a mutant that nothing can find
//	# hint: the one program that is searched instead of the course
//
// The first two are required.
type mutant struct {
	Name       string `json:"name"`
	Bug        string `json:"bug"`
	Resembles  string `json:"resembles"`
	Equivalent string `json:"equivalent,omitempty"`
	Hint       string `json:"hint,omitempty"`

	path string
}

// readMutants reads all patches of a folder, in order of their names.
func readMutants(folder string) (all []mutant, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.patch"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, err := parseMutant(path, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no patch in %s: go to the module's root", folder)
	}
	return all, nil
}

// parseMutant reads the header of a patch.
func parseMutant(path, text string) (mutant, error) {
	m := mutant{Name: strings.TrimSuffix(filepath.Base(path), ".patch"), path: path}
	fields := map[string]*string{"bug": &m.Bug, "resembles": &m.Resembles, "equivalent": &m.Equivalent, "hint": &m.Hint}
	for line := range strings.Lines(text) {
		rest, comment := strings.CutPrefix(line, "# ")
		if !comment {
			break
		}
		word, value, ok := strings.Cut(rest, ": ")
		field := fields[word]
		if value = strings.TrimSpace(value); !ok || field == nil || *field != "" || value == "" {
			return m, fmt.Errorf("%s: header line %q: write '# WORD: text' once, WORD one of bug, resembles, equivalent, hint", path, strings.TrimSpace(line))
		}
		*field = value
	}
	if m.Bug == "" || m.Resembles == "" {
		return m, fmt.Errorf("%s: the patch must begin with '# bug: ...' and '# resembles: ...'", path)
	}
	return m, nil
}
