package check

import (
	"fmt"

	"github.com/racewindow/racewindow/storage"
)

// The promises about a loss of power.
var (
	Durability          = Promise{"Durability", "what was acknowledged as durable survives any crash"}
	PrefixRecovery      = Promise{"PrefixRecovery", "what is recovered is a prefix of what was appended, in append order"}
	RecoveryIdempotence = Promise{"RecoveryIdempotence", "recovering twice, or after a crash while recovering, gives what recovering once gives"}
	StickyPoison        = Promise{"StickyPoison", "after a failed write or sync every append and flush fails until the log is opened again"}
	AppendAfterRecovery = Promise{"AppendAfterRecovery", "a recovered log takes appends, and yields them"}
	DamageReported      = Promise{"DamageReported", "damage to what was durable is reported, and never taken for the end of the log"}
	NoPoison            = Promise{"NoPoison", "a full disk and a failed read poison nothing: when there is room again the log takes appends and flushes"}
	Watermarks          = Promise{"Watermarks", "what is durable is visible, and neither goes back"}
	StableReads         = Promise{"StableReads", "a read that is under way yields what was there when it began, whatever happens meanwhile"}
	NoLeak              = Promise{"NoLeak", "a log that was closed, or that could not be opened, leaves no file open"}
)

// CrashPromises lists them in the order in which reports show them.
func CrashPromises() []Promise {
	return []Promise{
		Durability, PrefixRecovery, RecoveryIdempotence, StickyPoison, AppendAfterRecovery, DamageReported, NoPoison, Watermarks, StableReads, NoLeak,
	}
}

// Expected is what a crash may leave of a run.
type Expected struct {
	// Values are the values of the run.
	Values Values
	// Durable is the highest transaction that must be there.
	Durable uint64
	// Owner returns the append that was acknowledged as a transaction. If none was, the transaction may be any append that was
	// invoked.
	Owner func(tx uint64) (Identity, bool)
	// Invoked is the last transaction that a client has begun to append.
	Invoked func(client uint32) uint32
}

// A Recovered checks what a log holds after a crash: a prefix of what was appended, in whole transactions, byte for byte, and
// at least what was durable. Its memory is a number for each transaction.
type Recovered struct {
	Expected
	next     storage.Offset // the offset that must come next
	current  Identity       // of the newest record
	seen     map[uint64]bool
	scratch  []byte
	Records  int
	Complete uint64 // transactions
}

// NewRecovered makes a check of one recovered log.
func NewRecovered(e Expected) *Recovered {
	return &Recovered{Expected: e, next: storage.Offset{Tx: 1}, seen: map[uint64]bool{}}
}

func (c *Recovered) violation(p Promise, at storage.Offset, format string, arguments ...any) *Violation {
	return &Violation{Promise: p, Detail: "after the crash " + fmt.Sprintf(format, arguments...), At: at}
}

// Record checks the next record of a read of the whole log.
func (c *Recovered) Record(r storage.Record) *Violation {
	id, ok := ParseKey(r.Key)
	switch {
	case !ok:
		return c.violation(NoPhantom, r.Offset, "%v holds a record that nobody appended", r.Offset)
	case r.Offset != c.next:
		return c.violation(PrefixRecovery, r.Offset, "%v comes where %v should", r.Offset, c.next)
	case id.Doomed:
		return c.violation(NoPhantom, r.Offset, "%v is a record of an aborted transaction", r.Offset)
	case uint64(id.Index) != r.Offset.Op || id.Index > 0 && (id.Client != c.current.Client || id.Sequence != c.current.Sequence):
		return c.violation(TransactionAtomicity, r.Offset, "%v is record %d of append %d of client %d", r.Offset, id.Index, id.Sequence, id.Client)
	}
	if id.Index == 0 {
		if v := c.begin(r.Offset, id); v != nil {
			return v
		}
	}
	var same bool
	if same, c.scratch = c.Values.intact(r, id, c.scratch); !same {
		return c.violation(NoCorruption, r.Offset, "%v is not byte for byte what was appended", r.Offset)
	}
	c.Records++
	c.current = id
	c.next.Op++
	if id.Index+1 == id.Count {
		c.Complete = r.Offset.Tx
		c.next = storage.Offset{Tx: r.Offset.Tx + 1}
	}
	return nil
}

// begin checks who appended a transaction, at its first record.
func (c *Recovered) begin(at storage.Offset, id Identity) *Violation {
	key := uint64(id.Client)<<32 | uint64(id.Sequence)
	owner, known := c.Owner(at.Tx)
	switch {
	case c.seen[key]:
		return c.violation(NoDuplicate, at, "append %d of client %d is there twice, at %v again", id.Sequence, id.Client, at)
	case known && (owner.Client != id.Client || owner.Sequence != id.Sequence):
		return c.violation(PrefixRecovery, at, "transaction %d is append %d of client %d, but it was acknowledged as append %d of client %d",
			at.Tx, id.Sequence, id.Client, owner.Sequence, owner.Client)
	case !known && id.Sequence > c.Invoked(id.Client):
		return c.violation(NoPhantom, at, "transaction %d is append %d of client %d, which had not begun", at.Tx, id.Sequence, id.Client)
	}
	c.seen[key] = true
	return nil
}

// End checks that nothing durable is missing.
func (c *Recovered) End() *Violation {
	switch {
	case c.next.Op > 0:
		return c.violation(TransactionAtomicity, c.next, "transaction %d ends before its record %d", c.next.Tx, c.next.Op)
	case c.Complete < c.Durable:
		return c.violation(Durability, storage.Offset{}, "transactions %d to %d are gone, which had been made durable", c.Complete+1, c.Durable)
	}
	return nil
}
