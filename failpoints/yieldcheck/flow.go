package yieldcheck

import (
	"fmt"
	"go/token"

	"golang.org/x/tools/go/ssa"
)

// The flow: at every instruction, on every path, has a point been passed since the last operation?

// A state is what is known at one place in a function.
type state struct {
	reached bool
	// yielded says that a point has been passed since the last operation, on every path.
	yielded bool
	// deferred has a bit for each of the first 64 defer statements of a function, set if it has run on some path. Any
	// further statement counts as run.
	deferred uint64
}

// join returns what is known where two paths meet.
func (s state) join(other state) state {
	switch {
	case !s.reached:
		return other
	case !other.reached:
		return s
	}
	return state{true, s.yielded && other.yielded, s.deferred | other.deferred}
}

// A flow follows one function from one entry.
type flow struct {
	c       *checker
	f       *function
	defers  []*ssa.Defer
	missing func(at ssa.Instruction, e effect) // called for each operation without a point; nil while settle runs
	leaves  bool
}

// settle computes what holds when each function returns. It starts from the best case, and takes back what does not hold.
func (c *checker) settle() {
	for changed := true; changed; {
		changed = false
		for _, f := range c.ordered {
			for entry := range f.leaves {
				left := c.follow(f, entry == 1, nil)
				if left != f.leaves[entry] {
					f.leaves[entry] = left
					changed = true
				}
			}
		}
	}
}

// follow analyses a function until nothing changes, and says whether a point has been passed since the last operation
// whenever it returns.
func (c *checker) follow(f *function, yielded bool, missing func(ssa.Instruction, effect)) bool {
	w := &flow{c: c, f: f}
	for _, block := range f.ssa.Blocks {
		for _, instruction := range block.Instrs {
			if d, ok := instruction.(*ssa.Defer); ok {
				w.defers = append(w.defers, d)
			}
		}
	}
	entries := make([]state, len(f.ssa.Blocks))
	if len(entries) == 0 {
		return yielded
	}
	entries[0] = state{reached: true, yielded: yielded}
	for changed := true; changed; {
		changed = false
		for _, block := range f.ssa.Blocks {
			out := w.block(block, entries[block.Index])
			for _, next := range block.Succs {
				if joined := entries[next.Index].join(out); joined != entries[next.Index] {
					entries[next.Index] = joined
					changed = true
				}
			}
		}
	}
	w.missing, w.leaves = missing, true
	for _, block := range f.ssa.Blocks {
		w.block(block, entries[block.Index])
	}
	return w.leaves
}

// block analyses one block.
func (w *flow) block(block *ssa.BasicBlock, s state) state {
	if !s.reached {
		return s
	}
	for _, instruction := range block.Instrs {
		switch instruction := instruction.(type) {
		case *ssa.Defer:
			s.deferred |= w.bit(instruction)
		case *ssa.RunDefers:
			s.yielded = w.runDefers(s)
		case *ssa.Return:
			w.leaves = w.leaves && s.yielded
		case *ssa.Go:
			if e := w.c.effect(instruction); e.needsPoint() {
				w.tell(instruction, e) // a new goroutine has passed no point
			}
		default:
			s.yielded = w.step(instruction, s.yielded)
		}
	}
	return s
}

func (w *flow) bit(d *ssa.Defer) uint64 {
	for i, each := range w.defers {
		if each == d && i < 64 {
			return 1 << i
		}
	}
	return 0
}

// runDefers runs the deferred calls, the last one first, and those deferred in a loop twice.
func (w *flow) runDefers(s state) bool {
	for i := len(w.defers) - 1; i >= 0; i-- {
		d := w.defers[i]
		if i < 64 && s.deferred&(1<<i) == 0 {
			continue
		}
		before := s.yielded
		s.yielded = w.step(d, s.yielded)
		if inLoop(d.Block()) {
			s.yielded = w.step(d, s.yielded)
		}
		s.yielded = s.yielded && (before || w.c.effect(d).kind != point) // on some path it was not deferred
	}
	return s.yielded
}

// inLoop says whether a block can run again after itself.
func inLoop(block *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var reaches func(from *ssa.BasicBlock) bool
	reaches = func(from *ssa.BasicBlock) bool {
		for _, next := range from.Succs {
			if next == block {
				return true
			}
			if !seen[next] {
				seen[next] = true
				if reaches(next) {
					return true
				}
			}
		}
		return false
	}
	return reaches(block)
}

// step returns whether a point has been passed since the last operation, after one more instruction.
func (w *flow) step(at ssa.Instruction, yielded bool) bool {
	e := w.c.effect(at)
	switch e.kind {
	case point:
		left := true
		for _, body := range e.bodies {
			left = left && body.leaves[1]
		}
		return left
	case operation:
		if !yielded {
			w.tell(at, e)
		}
		return false
	case acquire:
		if !yielded {
			w.tell(at, e)
		}
	case release, pointedOperation, unknown:
		return false
	case call:
		if e.held() && !yielded {
			w.tell(at, e)
		}
		left := !e.maybe || yielded
		for _, callee := range e.callees {
			left = left && callee.leaves[index(yielded)]
		}
		return left
	}
	return yielded
}

func index(yielded bool) int {
	if yielded {
		return 1
	}
	return 0
}

func (w *flow) tell(at ssa.Instruction, e effect) {
	if w.missing != nil {
		w.missing(at, e)
	}
}

// report reports the operations of a function without a point before them.
func (c *checker) report(f *function) {
	missing := 0
	c.follow(f, f.arrives(), func(at ssa.Instruction, e effect) {
		missing++
		if f.atomic != nil {
			return
		}
		pos := c.position(at)
		if c.reported[pos] {
			return
		}
		c.reported[pos] = true
		c.pass.Reportf(pos, "no failpoint before %s on some path: pass one first, or say //racewindow:atomic because …", c.describe(pos, e))
	})
	if f.yielded != nil {
		without := 0
		c.follow(f, false, func(ssa.Instruction, effect) { without++ })
		f.yielded.used = f.yielded.used || f.called && without > missing
	}
}

// position returns the position of an instruction in the source. Instructions that the SSA builder adds have none; for these
// it returns the position of an operand or of the function.
func (c *checker) position(at ssa.Instruction) token.Pos {
	if at.Pos().IsValid() {
		return at.Pos()
	}
	for _, operand := range at.Operands(nil) {
		if *operand != nil && (*operand).Pos().IsValid() {
			return (*operand).Pos()
		}
	}
	return at.Parent().Pos()
}

func (c *checker) describe(pos token.Pos, e effect) string {
	if text := c.texts[pos]; text != "" {
		return fmt.Sprintf("%s (%s)", text, e.what)
	}
	return e.what
}
