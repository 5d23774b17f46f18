// Problems: what is wrong with a source file, in the form of a compiler error, with the remedy.

package overlay

import (
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
)

// A Problem is a part of a source file that racewindow cannot use, such as a marker that cannot be spliced.
type Problem struct {
	File   string
	Line   int
	What   string
	Remedy string
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d: %s: %s", p.File, p.Line, p.What, p.Remedy)
}

// Problems is every problem of a build, in the order of the files.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// collect adds err to ps if it consists of problems, and says whether it did.
func (ps *Problems) collect(err error) bool {
	var more Problems
	if !errors.As(err, &more) {
		return false
	}
	*ps = append(*ps, more...)
	return true
}

// orNil returns the problems as an error, or nil if there are none. Files inside dir are named relative to it.
func (ps Problems) orNil(dir string) error {
	if len(ps) == 0 {
		return nil
	}
	for i := range ps {
		if rel, err := filepath.Rel(dir, ps[i].File); dir != "" && err == nil && beneath(ps[i].File, dir) {
			ps[i].File = rel
		}
	}
	sort.SliceStable(ps, func(i, j int) bool {
		return ps[i].File < ps[j].File || ps[i].File == ps[j].File && ps[i].Line < ps[j].Line
	})
	return ps
}
