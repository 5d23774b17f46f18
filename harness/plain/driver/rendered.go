package driver

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
)

// rendered holds stacks and places as text. A search that goes on after its first finding, a shrinker and a replay meet
// the same ones in thousands of executions, and making the text takes ten times as long as an execution.
var rendered = renderings{places: map[uintptr]renderedPlace{}, stacks: map[string]renderedStack{}}

// renderings may be used by one goroutine at a time, so the watchdog does not use them.
type renderings struct {
	places map[uintptr]renderedPlace
	stacks map[string]renderedStack // by their program counters, 8 bytes each
	key    []byte
}

// A renderedPlace is the user's function at a program counter, and the line as a report shows it: " (file.go:12): ".
type renderedPlace struct{ function, line string }

// A renderedStack also says where the user's innermost function is.
type renderedStack struct{ text, site string }

// mostRendered bounds the stacks. Places need no bound: a program has no more of them than instructions.
const mostRendered = 1024

func (r *renderings) at(pc uintptr) renderedPlace {
	at, known := r.places[pc]
	if !known {
		frame := userFrame(pc)
		at = renderedPlace{shortFunction(frame.Function), fmt.Sprintf(" (%s:%d): ", filepath.Base(frame.File), frame.Line)}
		r.places[pc] = at
	}
	return at
}

func (r *renderings) stack(pcs []uintptr) renderedStack {
	r.key = r.key[:0]
	for _, pc := range pcs {
		r.key = binary.LittleEndian.AppendUint64(r.key, uint64(pc))
	}
	s, known := r.stacks[string(r.key)]
	if !known {
		s = renderStack(pcs)
		if len(r.stacks) == mostRendered {
			clear(r.stacks)
		}
		r.stacks[string(r.key)] = s
	}
	return s
}
