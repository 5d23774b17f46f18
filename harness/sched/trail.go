package sched

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A Trail records a worker's choices in memory that outlives its process, such as a mapped file. If the process ends in
// the middle of an execution, another process can read the memory and repeat the execution.
//
// The memory holds, as little-endian numbers, how many executions have begun (8 bytes), how many choices the last one has
// made (8 bytes), and these choices (2 bytes each): the thread that went on or, with the highest bit set, the way that
// was picked.
type Trail struct{ memory []byte }

const (
	trailHead = 16
	trailWay  = 1 << 15
)

// TrailSize returns how many bytes a trail needs for that many choices.
func TrailSize(choices int) int { return trailHead + 2*choices }

// NewTrail records choices in memory to which nobody else writes. Choices for which there is no room are only counted.
func NewTrail(memory []byte) *Trail { return &Trail{memory} }

func (t *Trail) begin() {
	binary.LittleEndian.PutUint64(t.memory, binary.LittleEndian.Uint64(t.memory)+1)
	binary.LittleEndian.PutUint64(t.memory[8:], 0)
}

//go:norace
func (t *Trail) add(choice uint16) {
	n := binary.LittleEndian.Uint64(t.memory[8:])
	if at := TrailSize(int(n)); at+2 <= len(t.memory) {
		binary.LittleEndian.PutUint16(t.memory[at:], choice)
	}
	binary.LittleEndian.PutUint64(t.memory[8:], n+1)
}

// ErrTrail says that memory does not hold what a Trail has written, or had no room for all choices.
var ErrTrail = errors.New("not a whole trail of an execution")

// ParseTrail reads a trail's memory. It returns how many executions have begun, and a strategy that repeats the choices of the
// last one. After these choices it makes no more switches.
func ParseTrail(memory []byte) (executions uint64, again Strategy, err error) {
	if len(memory) < trailHead {
		return 0, nil, ErrTrail
	}
	n := binary.LittleEndian.Uint64(memory[8:])
	if n > uint64(len(memory)-trailHead)/2 {
		return 0, nil, ErrTrail
	}
	r := &retrace{choices: make([]uint16, n)}
	for i := range r.choices {
		r.choices[i] = binary.LittleEndian.Uint16(memory[TrailSize(i):])
	}
	return binary.LittleEndian.Uint64(memory), r, nil
}

// retrace repeats the choices of a trail.
type retrace struct {
	choices []uint16
	at      int
}

func (*retrace) Name() string  { return "retrace" }
func (*retrace) End(int, bool) {}
func (r *retrace) Begin() bool { r.at = 0; return true }

func (r *retrace) next() (choice uint16, any bool) {
	if r.at >= len(r.choices) {
		return 0, false
	}
	r.at++
	return r.choices[r.at-1], true
}

// Next makes the default choice where the trail does not fit: only the end must be the same, and a trail of another
// process may be off by a step.
func (r *retrace) Next(c *Choice) int {
	choice, any := r.next()
	if i := slices.IndexFunc(c.Enabled, func(e Candidate) bool { return uint16(e.Thread) == choice }); any && i >= 0 {
		return i
	}
	return c.Default()
}

// Pick is Next among ways.
func (r *retrace) Pick(c *Choice) int {
	choice, any := r.next()
	if way := int(choice &^ trailWay); any && choice&trailWay != 0 && way < len(c.Enabled) {
		return way
	}
	return 0
}
