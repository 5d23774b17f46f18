package check

import (
	"iter"

	"github.com/racewindow/racewindow/storage"
)

// Owners are who appended the transactions of a log, by their number less one. One that nobody knows has the zero Identity.
type Owners []Identity

// Of is who appended a transaction, if that is known.
func (o Owners) Of(tx uint64) (Identity, bool) {
	if tx == 0 || tx > uint64(len(o)) || o[tx-1].Sequence == 0 {
		return Identity{}, false
	}
	return o[tx-1], true
}

// Set says who appended a transaction.
func (o *Owners) Set(tx uint64, client, sequence uint32) {
	o.Resize(max(tx, uint64(len(*o))))
	(*o)[tx-1] = Identity{Client: client, Sequence: sequence}
}

// Resize makes it so many transactions: those above are forgotten, and of new ones nobody is known.
func (o *Owners) Resize(transactions uint64) {
	if n := int(transactions); n <= len(*o) {
		*o = (*o)[:n]
	} else {
		*o = append(*o, make(Owners, n-len(*o))...)
	}
}

// ReadRecovered checks a read of the whole log after a crash, and says who appended what is there. each, if it is not nil, looks at the
// first record of each transaction too. err is what ended the read before its time.
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
