package kill

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// handle is the log's name.
const handle = "log"

// A ledger is what the parent knows of one log.
type ledger struct {
	values  check.Values
	owners  check.Owners
	durable uint64 // transactions that must be there
	settled uint64 // transactions that the last recovery found
	last    uint32 // the last child that opened the log
	invoked map[uint32]uint32
	newest  uint64 // the highest transaction that was acknowledged since then
}

func violation(p check.Promise, format string, arguments ...any) *check.Violation {
	return &check.Violation{Promise: p, Detail: fmt.Sprintf(format, arguments...)}
}

// take records a message of a child.
func (g *ledger) take(m message, child uint32, clients int) *check.Violation {
	switch m.kind {
	case opened:
		return g.opened(m.tx, child, clients)
	case acknowledged:
		if o, known := g.owners.Of(m.tx); known {
			return violation(check.NoDuplicate, "transaction %d was acknowledged to client %d as its append %d, and before that to client %d as its append %d", m.tx, m.client, m.sequence, o.Client, o.Sequence)
		}
		g.owners.Set(m.tx, m.client, m.sequence)
		g.newest = max(g.newest, m.tx)
		g.invoked[m.client] = m.sequence + 1 // its next append may also have begun, and no more
	case failed:
		g.invoked[m.client] = m.sequence + 1
	case durable:
		g.durable = max(g.durable, m.tx)
	}
	return nil
}

// opened records how many transactions a child has recovered. If the parent has not checked the log before, it must believe the
// child.
func (g *ledger) opened(complete uint64, child uint32, clients int) *check.Violation {
	if complete < g.durable {
		return violation(check.Durability, "child %d recovered %d transactions, %d had been made durable", child, complete, g.durable)
	}
	g.owners.Resize(complete)
	g.durable, g.settled, g.last, g.newest = complete, complete, child, complete
	for client := range uint32(clients) {
		g.invoked[client] = child<<sequenceBits | 1
	}
	return nil
}

// An inspection is the result of opening the log on disk and reading all of it.
type inspection struct {
	records, transactions uint64
	lost                  uint64 // transactions that were acknowledged, not durable, and are gone
}

// check opens the log as the next process will, reads everything, and closes it.
func (g *ledger) check(ctx context.Context, folder string) (found inspection, v *check.Violation, failed error) {
	store, err := storage.Open(ctx, folder, storage.Options{Create: true, FlushInterval: -1})
	if err != nil {
		return found, broken("after the kill the store does not open", err), starving(err)
	}
	log, err := store.Log(ctx, handle)
	if err != nil {
		_ = store.Close(ctx) // the error of the log is what counts
		return found, broken("after the kill the log does not open", err), starving(err)
	}
	owners, records, v, failed := g.read(ctx, log)
	if err := store.Close(ctx); err != nil && v == nil {
		v = violation(check.Progress, "the recovered log does not close: %v", err)
	}
	if v != nil || failed != nil {
		return found, v, failed
	}
	complete := uint64(len(owners))
	found = inspection{records, complete, g.newest - min(g.newest, complete)}
	g.owners, g.durable, g.settled, g.newest = owners, complete, complete, complete
	return found, nil, nil
}

// broken is the violation that a log cannot be opened or read; nil if the cause is that this process lacks files or memory.
func broken(what string, err error) *check.Violation {
	if starved(err) {
		return nil
	}
	return violation(check.Durability, "%s: %v", what, err)
}

// starving is err if it means that this process lacks files or memory, otherwise nil.
func starving(err error) error {
	if !starved(err) {
		return nil
	}
	return fmt.Errorf("check the log after a kill: %w", err)
}

func (g *ledger) read(ctx context.Context, log *storage.Log) (owners check.Owners, records uint64, v *check.Violation, failed error) {
	c := check.NewRecovered(check.Expected{
		Values: g.values, Durable: g.durable, Owner: g.owners.Of,
		Invoked: func(client uint32) uint32 { return g.invoked[client] },
	})
	owners, v, err := check.ReadRecovered(c, log.Read(ctx, storage.Offset{}, storage.End), g.ofLast)
	if err != nil {
		return nil, 0, broken("after the kill the log cannot be read", err), starving(err)
	}
	return owners, uint64(c.Records), v, nil
}

// ofLast checks that a transaction which the last recovery did not find was appended by the last child. Otherwise it was lost
// earlier, and must not come back.
func (g *ledger) ofLast(at storage.Offset, id check.Identity) *check.Violation {
	if child := id.Sequence >> sequenceBits; at.Tx > g.settled && child != g.last {
		return violation(check.NoPhantom, "%v was appended by child %d and lost when that child was killed, but is back; child %d was the last one", at, child, g.last)
	}
	return nil
}
