package check

import (
	"iter"

	"github.com/racewindow/racewindow/storage"
)

// Owners are the clients and sequence numbers of a log's transactions; transaction n is at index n-1. The zero Identity means
// that it is not known.
type Owners []Identity

// Of returns who appended a transaction, if that is known.
func (o Owners) Of(tx uint64) (Identity, bool) {
	if tx == 0 || tx > uint64(len(o)) || o[tx-1].Sequence == 0 {
		return Identity{}, false
	}
	return o[tx-1], true
}

// Set records who appended a transaction.
func (o *Owners) Set(tx uint64, client, sequence uint32) {
	o.Resize(max(tx, uint64(len(*o))))
	(*o)[tx-1] = Identity{Client: client, Sequence: sequence}
}

// Resize sets the number of transactions. It forgets those above, and those that it adds are not known.
func (o *Owners) Resize(transactions uint64) {
	if n := int(transactions); n <= len(*o) {
		*o = (*o)[:n]
	} else {
		*o = append(*o, make(Owners, n-len(*o))...)
	}
}

// ReadRecovered checks a read of the whole log after a crash, and returns who appended the transactions that are there. each, if
// it is not nil, is called with the first record of each transaction. err is the error that ended the read early.
func ReadRecovered(c *Recovered, records iter.Seq2[storage.Record, error], each func(storage.Offset, Identity) *Violation) (found Owners, v *Violation, err error) {
	for r, err := range records {
		if err != nil {
			return nil, nil, err
		}
		if v := c.Record(r); v != nil {
			return nil, v, nil
		}
		id := c.current
		if id.Index > 0 {
			continue
		}
		if each != nil {
			if v := each(r.Offset, id); v != nil {
				return nil, v, nil
			}
		}
		found.Set(r.Offset.Tx, id.Client, id.Sequence)
	}
	return found, c.End(), nil
}
