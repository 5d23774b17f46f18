package main

import (
	"fmt"

	"github.com/racewindow/racewindow/scripts/mutants/planted"
)

// A mutant is a patch and the fields of its first lines:
//
//	# bug: what is wrong, in one line
//	# resembles: the bug of which system, or the class of bugs, in one line
//	# equivalent: why no promise can break, for a mutant that nothing can find
//	# hint: the only program to search, instead of the course
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
	err = planted.Read(folder, func(path, text string) error {
		m, err := parseMutant(path, text)
		all = append(all, m)
		return err
	})
	return all, err
}

// parseMutant reads the header of a patch.
func parseMutant(path, text string) (mutant, error) {
	m := mutant{Name: planted.Name(path), path: path}
	err := planted.Header(path, text, map[string]*string{"bug": &m.Bug, "resembles": &m.Resembles, "equivalent": &m.Equivalent, "hint": &m.Hint})
	if err == nil && (m.Bug == "" || m.Resembles == "") {
		err = fmt.Errorf("%s: the patch must begin with '# bug: ...' and '# resembles: ...'", path)
	}
	return m, err
}
