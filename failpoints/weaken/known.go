package weaken

import (
	"errors"
	"fmt"
	"strings"
)

// because separates a place from its reason in a list of known places.
const because = " because "

// A Known is an entry of a list of known places: a place that no test needs to notice, and why.
type Known struct {
	Name, Reason string
	Line         int // in the list, from 1
}

// ParseKnown reads a list of known places: one a line, NAME because REASON, where NAME is what Place.Name returns. It
// ignores empty lines and lines that begin with #. The error names each line that is wrong.
func ParseKnown(text string) (known []Known, err error) {
	seen := map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, is := strings.Cut(line, because)
		switch name = strings.TrimSpace(name); {
		case !is || name == "" || strings.TrimSpace(reason) == "":
			err = errors.Join(err, fmt.Errorf("line %d: %q is not NAME because REASON", i+1, line))
			continue
		case seen[name] > 0:
			err = errors.Join(err, fmt.Errorf("line %d: %s is already in line %d", i+1, name, seen[name]))
			continue
		}
		seen[name] = i + 1
		known = append(known, Known{name, strings.TrimSpace(reason), i + 1})
	}
	return known, err
}

// Excuse gives places the reasons of a list. The error names each entry that fits no place.
func Excuse(places []*Place, known []Known) (err error) {
	byName := map[string]*Place{}
	for _, p := range places {
		byName[p.Name()] = p
	}
	for _, k := range known {
		if p := byName[k.Name]; p != nil {
			p.Reason = k.Reason
			continue
		}
		err = errors.Join(err, fmt.Errorf("line %d: there is no place %s: repair the entry, or remove it", k.Line, k.Name))
	}
	return err
}
