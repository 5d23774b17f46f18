package storage

// Before recovery writes frames again that nothing proves to be durable, it reads them again. For that it needs the start of a
// frame at or before them. Only the whole scan tells what is durable, so it marks frames on its way.

// markBytes is the least distance of two marks: how much rewrite may read before the first frame that it writes.
const markBytes = 64 << 10

// sawDurable takes note that a frame calls a position durable, and drops the marks that are not needed any more.
func (r *recovered) sawDurable(position uint64) {
	if position <= r.durable {
		return
	}
	for r.durable = position; len(r.marks) > 1 && r.marks[1] <= r.durable; {
		r.marks = r.marks[1:]
	}
}

// frameBefore is the last mark in g at or before position, or else the start of g: at both, the scan has found a frame.
// (In a crafted file, the position that a frame calls durable need not be the start of a frame.)
func (r *recovered) frameBefore(g *segment, position uint64) uint64 {
	for n := len(r.marks) - 1; n >= 0 && r.marks[n] > g.start; n-- {
		if r.marks[n] <= position {
			return r.marks[n]
		}
	}
	return g.start
}
