package history

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A Verdict is what porcupine says about a history.
type Verdict uint8

const (
	// Unknown means that the search took too long. It is never a pass.
	Unknown Verdict = iota
	// Explained means that for each reader some order of the appends and its reads explains every result.
	Explained
	// Unexplained means that for one reader no order does.
	Unexplained
)

// String names the verdict.
func (v Verdict) String() string { return [...]string{"unknown", "explained", "unexplained"}[v] }

// Limits of porcupine's search, which is exponential in the number of overlapping calls.
const (
	MaxCalls = 400
	patience = 2 * time.Second
)

// Judge lets porcupine judge a history. reader is the client whose reads no order explains, -1 for none.
//
// Each reader is judged alone, together with all appends, because the promises do not compare what two readers saw. Of two
// reads during one append, the first may yield its records and the second, by another client, may not. Within one client
// MonotonicReads forbids this, and so does the model, because one of its reads comes after the other.
func Judge(calls []Call) (v Verdict, reader int) {
	if len(calls) > MaxCalls {
		return Unknown, -1
	}
	v = Explained
	for _, reader := range readers(calls) {
		switch porcupine.CheckOperationsTimeout(model(), operations(calls, reader), patience) {
		case porcupine.Illegal:
			return Unexplained, reader
		case porcupine.Unknown:
			v = Unknown
		case porcupine.Ok:
		}
	}
	return v, -1
}

// readers returns the reading clients, or -1 if there are none, so that the appends are judged in any case.
func readers(calls []Call) (all []int) {
	for _, c := range calls {
		if c.Kind == Read && !slices.Contains(all, c.Client) {
			all = append(all, c.Client)
		}
	}
	if len(all) == 0 {
		all = []int{-1}
	}
	return all
}

func operations(calls []Call, reader int) (all []porcupine.Operation) {
	for _, c := range calls {
		if c.Kind == Read && (c.Client != reader || c.End == 0) {
			continue
		}
		o := porcupine.Operation{ClientId: c.Client, Input: c, Output: c, Call: int64(c.Begin), Return: int64(c.End)}
		if c.End == 0 {
			o.Return = math.MaxInt64 // it may take effect at any time, even after all other calls, which means never
		}
		all = append(all, o)
	}
	return all
}

// model is the log as a sequence of transactions, each a list of digests.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return [][]uint64(nil) },
		Step: func(state, input, _ any) (bool, any) {
			log, c := state.([][]uint64), input.(Call)
			if c.Kind == Read {
				return readable(log, c), log
			}
			want := harness.Offset{Tx: uint64(len(log)) + 1, Op: uint64(len(c.Digests)) - 1}
			return c.End == 0 || c.At == want, append(log[:len(log):len(log)], c.Digests)
		},
		Equal: func(a, b any) bool {
			return slices.EqualFunc(a.([][]uint64), b.([][]uint64), slices.Equal[[]uint64])
		},
		DescribeOperation: func(input, _ any) string { return input.(Call).String() },
	}
}

// readable reports whether a read of this log may yield what the call got. If the read's upper bound lies inside a transaction,
// any number of that transaction's last records may be missing: how much of it must come is not known.
func readable(log [][]uint64, c Call) bool {
	i, inside := 0, c.UpTo.Op != math.MaxUint64
	for tx, digests := range log {
		for op, digest := range digests {
			at := harness.Offset{Tx: uint64(tx) + 1, Op: uint64(op)}
			if !c.After.Before(at) || c.UpTo.Before(at) {
				continue
			}
			if i == len(c.Got) {
				if c.Cut || inside && at.Tx == c.UpTo.Tx {
					return true
				}
				return false
			}
			if c.Got[i] != (Seen{at, digest}) {
				return false
			}
			i++
		}
	}
	return i == len(c.Got)
}

// String is the call in a few words.
func (c Call) String() string {
	switch {
	case c.Kind == Read:
		return fmt.Sprintf("read (%v, %v] yields %d", c.After, c.UpTo, len(c.Got))
	case c.End == 0:
		return fmt.Sprintf("append %d, unanswered", len(c.Digests))
	}
	return fmt.Sprintf("append %d as %v", len(c.Digests), c.At)
}
