package weaken

import (
	"fmt"
	"strings"
)

// A Kind says what a place does.
type Kind string

// The kinds of places. A weakened sync is not made and reports success; a weakened checksum comparison finds it right; a
// weakened error check sees no error.
const (
	Sync     Kind = "sync"
	SyncDir  Kind = "directory sync"
	Checksum Kind = "checksum"
	Check    Kind = "error check"
)

// A Place is one place of the sources that can be weakened.
type Place struct {
	Number   int    `json:"number"`   // the number of its switch, from 1
	File     string `json:"file"`     // relative to the module's root, with slashes
	Line     int    `json:"line"`     // from 1
	Function string `json:"function"` // such as (*Log).flush
	Kind     Kind   `json:"kind"`
	Text     string `json:"text"`             // the code, on one line; for a check, the operation whose error it checks
	Same     int    `json:"same,omitempty"`   // which of several places with equal names it is, from 2; 0 for the first
	Package  string `json:"package"`          // its import path
	Reason   string `json:"reason,omitempty"` // why no test needs to notice it, from the list of known places
}

// Name names the place without its line, so that the name survives edits elsewhere: "log.go (*Log).flush: sync:
// l.file.Sync()".
func (p *Place) Name() string {
	name := fmt.Sprintf("%s %s: %s: %s", p.File, p.Function, p.Kind, p.Text)
	if p.Same > 0 {
		name += fmt.Sprintf(" #%d", p.Same)
	}
	return name
}

// number numbers the places, and tells apart those with equal names.
func number(places []*Place) {
	seen := map[string]int{}
	for i, p := range places {
		p.Number = i + 1
		name := p.Name()
		seen[name]++
		if n := seen[name]; n > 1 {
			p.Same = n
		}
	}
}

// oneLine shortens code to one line of at most 60 characters.
func oneLine(code string) string {
	const most = 60
	words := []rune(strings.Join(strings.Fields(code), " "))
	if len(words) > most {
		words = append(words[:most-1], '…')
	}
	return string(words)
}
