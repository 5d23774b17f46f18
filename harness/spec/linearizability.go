package spec

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// Verdict says what is known about a history. The zero value is not a pass.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota
	Satisfied
	Violated
)

// A Judgement is a verdict with its evidence.
type Judgement struct {
	Verdict Verdict
	// Order explains a history that is right. For one that is not, Order is the longest order that explains a part of it.
	Order []int
	// Stuck are the operations that could come next after that order, with what each does there alone. None of them did that
	// in the history.
	Stuck []Stuck
	// Reason says why the verdict is Unknown.
	Reason string
}

// A Stuck operation cannot extend an order.
type Stuck struct {
	Operation int
	// Alone is what it does after that order, executed alone.
	Alone Response
}

// Linearizability judges the histories of one program against sequential executions of it. Only one goroutine at a time may
// use it.
type Linearizability struct {
	// Order says which order an explanation must keep.
	Order Order
	// Limit bounds the sequential executions for one history; if they are not enough, the verdict is Unknown. Default
	// 200,000.
	Limit int
	// Prefix says that a crash loses only the last operations: an operation survives only if those survive that must come
	// before it. Without it, a crash may lose any volatile operation. (With real time this is buffered durable
	// linearizability, Izraelevitz et al., DISC 2016.)
	Prefix bool
	// Same says which operations are the same call: those of one number. Of calls that may have taken effect or not, the one that
	// could do so first then comes first, because an order with the other one explains no more. Nil for none.
	Same []int

	client []int
	tree   tree
	known  map[string]*Judgement
	// hopeless are the histories for which as many executions were not enough.
	hopeless map[string]int
}

// NewLinearizability returns a judge for a program whose operation i belongs to client[i].
func NewLinearizability(client []int, alone Sequential) *Linearizability {
	return &Linearizability{client: client, tree: tree{execute: alone}, known: map[string]*Judgement{}, hopeless: map[string]int{}}
}

const defaultLimit = 200_000

// Check judges a history. An error is the subject's fault: its sequential execution failed, or differed when repeated.
func (l *Linearizability) Check(h History) (*Judgement, error) {
	if len(h) != len(l.client) {
		return nil, fmt.Errorf("a history of %d operations of a program that has %d", len(h), len(l.client))
	}
	if len(h) > MaxOperations {
		return &Judgement{Reason: fmt.Sprintf("%d operations: at most %d can be judged", len(h), MaxOperations)}, nil
	}
	must := h.before(l.Order, l.client)
	key := l.key(h, must)
	if known := l.known[key]; known != nil {
		return known, nil
	}
	if l.hopeless[key] >= l.limit() {
		return l.tooMany(), nil
	}
	s := search{l: l, h: h, must: must, limit: l.tree.executions + l.limit(), sooner: make([]set, len(h))}
	for i, e := range h {
		switch e.Outcome {
		case OK, Durable:
			s.needed = s.needed.with(i)
		case Volatile:
			s.volatile = s.volatile.with(i)
		case Pending:
			s.pending = s.pending.with(i)
		case Indeterminate:
			s.open = s.open.with(i)
		}
	}
	s.findSooner()
	j, err := s.judge()
	switch {
	case err != nil:
		return nil, err
	case j.Verdict != Unknown:
		l.known[key] = j
	default:
		l.hopeless[key] = l.limit()
	}
	return j, nil
}

func (l *Linearizability) tooMany() *Judgement {
	return &Judgement{Reason: fmt.Sprintf("no order was found in %d sequential executions", l.limit())}
}

// Executions returns how many orders have been executed sequentially so far.
func (l *Linearizability) Executions() int { return l.tree.executions }

func (l *Linearizability) limit() int {
	if l.Limit == 0 {
		return defaultLimit
	}
	return l.Limit
}

// key returns equal keys for histories that the search cannot tell apart.
func (l *Linearizability) key(h History, must []set) string {
	var key []byte
	for i, e := range h {
		key = append(key, byte(e.Outcome), byte(e.Crashes))
		key = binary.LittleEndian.AppendUint64(key, uint64(must[i]))
		key = binary.AppendUvarint(key, uint64(len(e.Result)))
		key = append(key, e.Result...)
	}
	return string(key)
}

// A search looks for an order that explains one history.
type search struct {
	l     *Linearizability
	h     History
	must  []set
	limit int
	// needed operations must be in the order, open and volatile ones may be, and pending ones are not: they block at its
	// end.
	needed, pending, open, volatile set
	// sooner are, for each open operation, those that come before it because they are the same call.
	sooner []set
	// hopeful says to continue an order with needed operations first.
	hopeful bool

	order   []int
	longest Judgement
}

// findSooner finds, for each open operation, the other ones that are the same call and could have taken effect whenever it could.
func (s *search) findSooner() {
	if s.l.Same == nil {
		return
	}
	for i := range s.h {
		for j := range s.h {
			if i == j || !s.open.has(i) || !s.open.has(j) || s.l.Same[i] != s.l.Same[j] || s.h[i].Crashes != s.h[j].Crashes {
				continue
			}
			if s.must[j].within(s.must[i]) && (j < i || s.must[i] != s.must[j]) {
				s.sooner[i] = s.sooner[i].with(j)
			}
		}
	}
}

const (
	// manyOpen is from how many operations on, that may have taken effect or not, an order is first looked for that needs few of
	// them, in at most hopefulLimit executions.
	manyOpen     = 3
	hopefulLimit = 200
)

func (s *search) judge() (*Judgement, error) {
	limit := s.limit
	if bits.OnesCount64(uint64(s.open|s.volatile)) >= manyOpen {
		s.hopeful, s.limit = true, min(limit, s.l.tree.executions+hopefulLimit)
		if found, err := s.extend(&s.l.tree.root, 0); err != nil && err != errLimit {
			return nil, err
		} else if found {
			return &Judgement{Verdict: Satisfied, Order: slices.Clone(s.order)}, nil
		}
	}
	s.hopeful, s.limit, s.order = false, limit, s.order[:0]
	s.longest = Judgement{Verdict: Violated}
	found, err := s.extend(&s.l.tree.root, 0)
	switch {
	case err == errLimit:
		return s.l.tooMany(), nil
	case err != nil:
		return nil, err
	case found:
		return &Judgement{Verdict: Satisfied, Order: slices.Clone(s.order)}, nil
	}
	j := s.longest
	return &j, nil
}

// extend continues the order, which leads to node n and contains the operations in done.
func (s *search) extend(n *node, done set) (found bool, err error) {
	var stuck []Stuck
	if s.needed.within(done) {
		if stuck, err = s.woken(n); len(stuck) == 0 || err != nil {
			return err == nil, err
		}
	}
	for _, some := range s.candidates(done) {
		for rest := some; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(uint64(rest))
			if !s.mayFollow(i, done) {
				continue
			}
			if s.l.tree.executions >= s.limit {
				return false, errLimit
			}
			next := n.next[i]
			if next == nil {
				if next, err = s.l.tree.child(n, s.order, i, s.rest(done.with(i))); err != nil {
					return false, err
				}
			}
			if !s.explains(i, next.response) {
				stuck = append(stuck, Stuck{i, next.response})
				continue
			}
			s.order = append(s.order, i)
			if found, err = s.extend(next, done.with(i)); found || err != nil {
				return found, err
			}
			s.order = s.order[:len(s.order)-1]
		}
	}
	if s.longest.Stuck == nil || len(s.order) > len(s.longest.Order) {
		s.longest.Order, s.longest.Stuck = slices.Clone(s.order), stuck
	}
	return false, nil
}

// candidates returns the operations that are not in done, in the order in which to try them.
func (s *search) candidates(done set) [2]set {
	if s.hopeful {
		return [2]set{s.needed &^ done, (s.open | s.volatile) &^ done}
	}
	return [2]set{(s.needed | s.open | s.volatile) &^ done}
}

// rest returns how the order with the operations in done would go on if each response explained the history.
func (s *search) rest(done set) (all []int) {
	for !s.needed.within(done) {
		next := -1
		for _, some := range s.candidates(done) {
			for left := some; left != 0 && next < 0; left &= left - 1 {
				if i := bits.TrailingZeros64(uint64(left)); s.mayFollow(i, done) {
					next = i
				}
			}
		}
		if next < 0 {
			break
		}
		all, done = append(all, next), done.with(next)
	}
	return all
}

// mayFollow says whether operation i may come after those in done and before the rest.
func (s *search) mayFollow(i int, done set) bool {
	missing := s.volatile
	if s.l.Prefix && s.h[i].Outcome != OK { // i was called before the same crash, so it survives only if they do
		missing &= s.h.beforeCrash(s.h[i].Crashes)
	}
	return (s.must[i]&^missing | s.sooner[i]).within(done) && !s.overtaken(i, done)
}

// overtaken says whether a volatile operation i comes too late: done contains an operation that must come after it.
func (s *search) overtaken(i int, done set) bool {
	if !s.volatile.has(i) {
		return false
	}
	for rest := done; rest != 0; rest &= rest - 1 {
		if s.must[bits.TrailingZeros64(uint64(rest))].has(i) {
			return true
		}
	}
	return false
}

// explains says whether an operation with the sequential response r can have done what the history says.
func (s *search) explains(i int, r Response) bool {
	if s.h[i].Outcome == OK && r.Result != s.h[i].Result {
		return false
	}
	return !r.Blocks
}

// woken returns the pending operations that do return when executed alone at the end of the order: their wake-up was lost.
func (s *search) woken(n *node) (all []Stuck, err error) {
	for rest := s.pending; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(uint64(rest))
		next, err := s.l.tree.child(n, s.order, i, nil)
		if err != nil {
			return nil, err
		}
		if !next.response.Blocks {
			all = append(all, Stuck{i, next.response})
		}
	}
	return all, nil
}
