// Package check judges what an engine returns, while the run goes on.
//
// A reader checks each record as it comes, against what the acknowledgements alone imply; it believes nothing that the engine
// says about itself. The memory of a check does not grow with the run. The check adds no happens-before edge between the
// goroutines under test: they share only numbers that the race detector does not see.
package check

import "slices"

// A Promise is one guarantee that an engine gives to its users.
type Promise struct {
	Name string
	// Sentence is the documentation's sentence, which reports quote.
	Sentence string
}

// The promises that need no crash. ReadErrors needs a fault, so Promises does not list it.
var (
	ReadAfterWrite       = Promise{"ReadAfterWrite", "a read that starts after an append returned yields its records"}
	Order                = Promise{"Order", "a read yields records in the order in which they were appended, and leaves none out in between"}
	NoDuplicate          = Promise{"NoDuplicate", "a read yields a record at most once, and a record is stored once"}
	NoPhantom            = Promise{"NoPhantom", "a read yields nothing that nobody appended, nothing aborted and nothing outside its bounds"}
	NoCorruption         = Promise{"NoCorruption", "a record comes back byte for byte"}
	TransactionAtomicity = Promise{"TransactionAtomicity", "a transaction is seen as a whole or not at all"}
	MonotonicReads       = Promise{"MonotonicReads", "what a client has read stays readable for it"}
	CleanRecovery        = Promise{"PrefixRecovery", "what was acknowledged before a clean close is there after reopening, and nothing else"}
	ReadErrors           = Promise{"ReadErrors", "a read that cannot yield all that it must ends with an error"}
	Progress             = Promise{"Progress", "every operation ends, without an error that the engine's contract does not name"}
)

// The promises about operations that only some programs have. Only these programs test them.
var (
	DurableAppends    = Promise{"DurableAppends", "a durable append returns when its transaction is durable, which the watermark says too"}
	EndedTransactions = Promise{"EndedTransactions", "a transaction that has ended refuses every call with ErrNoTransaction, and what it committed stays"}
	EndedContexts     = Promise{"EndedContexts", "an append or a read whose context has ended before it began does nothing but return the context's error"}
	Refusals          = Promise{"Refusals", "an append that returned an error has appended nothing; of a durable one alone that is not known"}
	OneLog            = Promise{"OneLog", "a store has one log of a name: one that is open is returned as it is, and every one is listed"}
	OtherLog          = Promise{"OtherLog", "another log of the same store keeps what it acknowledged, whatever happens to the first"}
	NamedIsRead       = Promise{"NamedIsRead", "what Visible and Durable name is the last record of a transaction that every later read may yield"}
	TailLimit         = Promise{"TailLimit", "an append that finds the tail over its limit waits for a flush"}
	FlushBySize       = Promise{"FlushBySize", "when FlushBytes or more are unflushed, a flush comes without being asked for"}
	FlushByTime       = Promise{"FlushByTime", "when a record has been unflushed for FlushInterval, a flush comes without being asked for, after a full disk too"}
)

// Said says whether p is one of SaidPromises or a promise about watermarks. A history of appends and reads cannot show that such a
// promise is broken.
func (p Promise) Said() bool { return p == Watermarks || slices.Contains(SaidPromises(), p) }

// SaidPromises lists them in the order in which reports show them.
func SaidPromises() []Promise {
	return []Promise{DurableAppends, EndedTransactions, EndedContexts, Refusals, OneLog, OtherLog, NamedIsRead, TailLimit, FlushBySize, FlushByTime}
}

// Promises lists them in the order in which reports show them.
func Promises() []Promise {
	return []Promise{
		ReadAfterWrite, Order, NoDuplicate, NoPhantom, NoCorruption,
		TransactionAtomicity, MonotonicReads, CleanRecovery, Progress,
	}
}

// A Verdict is what a run showed about a promise.
type Verdict uint8

const (
	// Unknown is the zero value: nothing was checked. It is never a pass.
	Unknown Verdict = iota
	// Satisfied means that the promise was put to the test and held each time.
	Satisfied
	// Violated means that there is evidence against it.
	Violated
)

// String names the verdict as reports print it.
func (v Verdict) String() string {
	switch v {
	case Satisfied:
		return "satisfied"
	case Violated:
		return "VIOLATED"
	}
	return "unknown"
}
