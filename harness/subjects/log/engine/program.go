package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// An OperationKind is a kind of call that a client makes.
type OperationKind uint8

const (
	// OpAppend appends one transaction in one call.
	OpAppend OperationKind = iota
	// OpFragments builds a transaction from fragments and commits it.
	OpFragments
	// OpAbort builds a transaction from fragments and aborts it.
	OpAbort
	// OpFlush flushes.
	OpFlush
	// OpRead reads.
	OpRead

	// Those that follow are of the log of this module alone; with another engine a client appends or reads instead.

	// OpDurable appends one transaction, and returns when it is durable.
	OpDurable
	// OpPlaced appends one transaction at a given position.
	OpPlaced
	// OpSpent commits a transaction in fragments, and uses it again.
	OpSpent
	// OpTaken appends at a position that is taken, which must be refused.
	OpTaken
	// OpEnded appends and reads with a context that has ended.
	OpEnded
	// OpWatermarks asks how far the log is visible and durable.
	OpWatermarks
	// OpAgain asks for the log that is open.
	OpAgain
	// OpOther appends to another log of the store.
	OpOther
	// Kinds is how many there are.
	Kinds
)

// String names the kind as reports print it.
func (k OperationKind) String() string {
	return [...]string{
		"append", "append in fragments", "abort", "flush", "read",
		"durable append", "append at a position", "ended transaction", "refused append", "ended context", "watermarks", "log asked for again", "append to another log",
	}[k]
}

// OperationKinds lists all kinds.
func OperationKinds() (all []OperationKind) {
	for k := range Kinds {
		all = append(all, k)
	}
	return all
}

// writing and watching are the operations of this module's log alone: those for clients that append, and those for clients that
// read.
var (
	writing  = []OperationKind{OpDurable, OpDurable, OpPlaced, OpSpent, OpTaken, OpEnded, OpWatermarks, OpAgain, OpOther}
	watching = []OperationKind{OpWatermarks, OpWatermarks, OpEnded, OpAgain}
)

// Own says whether only the log of this module has the kind.
func (k OperationKind) Own() bool { return k > OpRead }

// Appends says whether the kind appends a transaction that stays.
func (k OperationKind) Appends() bool {
	switch k {
	case OpAppend, OpFragments, OpDurable, OpPlaced, OpSpent:
		return true
	}
	return false
}

// A ReadShape says how the bounds of a read follow from what is known when it begins. The engine assigns the numbers of
// transactions, so a program cannot name them.
type ReadShape uint8

const (
	// ReadTail reads from Back transactions before the newest acknowledged one to the end.
	ReadTail ReadShape = iota
	// ReadBetween does the same with an upper bound between two existing offsets: after an acknowledged transaction and before
	// the next.
	ReadBetween
	// ReadOn reads from after the record that the client read last, to the end.
	ReadOn
	// ReadOld reads a window of Length transactions from anywhere.
	ReadOld
	readShapes
)

// An Operation is one call of a client, without timing.
type Operation struct {
	Kind OperationKind
	// Records of an append, at least 1.
	Records int
	// Shape, Back and Length say what a read asks for. Point is the place of an old window, 0 to 1.
	Shape        ReadShape
	Back, Length uint64
	Point        float64
}

// A Mix gives the weights with which a client draws kinds of operations.
type Mix struct {
	Append, Fragments, Abort, Flush, Read int
	// Writing and Watching are the weights of the operations of this module's log alone, for clients that append and for clients
	// that read.
	Writing, Watching int
	// MaxRecords bounds a transaction; default 1.
	MaxRecords int
}

// A Program draws the operations of one client, one after the other, from a seed.
type Program struct {
	mix    Mix
	random *rand.Rand
}

// NewProgram returns the program of a client. Its operations follow from seed and client alone.
func NewProgram(mix Mix, seed uint64, client uint32) (*Program, error) {
	if mix.total() <= 0 {
		return nil, fmt.Errorf("program of client %d: the mix %+v has no operation", client, mix)
	}
	return &Program{mix: mix, random: rand.New(rand.NewPCG(seed, uint64(client)))}, nil
}

func (m Mix) total() int {
	return m.Append + m.Fragments + m.Abort + m.Flush + m.Read + m.Writing + m.Watching
}

// Next draws the next operation.
func (p *Program) Next() Operation {
	m := p.mix
	at := p.random.IntN(m.total())
	for _, choice := range []struct {
		kind   OperationKind
		weight int
	}{{OpAppend, m.Append}, {OpFragments, m.Fragments}, {OpAbort, m.Abort}, {OpFlush, m.Flush}, {OpRead, m.Read}} {
		if at < choice.weight {
			return p.draw(choice.kind)
		}
		at -= choice.weight
	}
	if at < m.Writing {
		return p.draw(writing[p.random.IntN(len(writing))])
	}
	return p.draw(watching[p.random.IntN(len(watching))])
}

func (p *Program) draw(kind OperationKind) Operation {
	op := Operation{Kind: kind}
	switch kind {
	case OpRead:
		op.Shape = ReadShape(p.random.IntN(int(readShapes)))
		// Exponential, so that most reads are of the newest records and some go further back.
		op.Back = uint64(math.Exp2(p.random.Float64() * 5))
		op.Length = uint64(math.Exp2(p.random.Float64() * 4))
		op.Point = p.random.Float64()
	case OpFlush, OpWatermarks, OpAgain:
	default:
		op.Records = 1 + p.random.IntN(max(1, p.mix.MaxRecords))
	}
	return op
}
