package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/racewindow/racewindow/harness/adapters"
	"github.com/racewindow/racewindow/harness/adapters/bbolt"
	"github.com/racewindow/racewindow/harness/adapters/etcdwal"
	"github.com/racewindow/racewindow/harness/adapters/pebble"
	"github.com/racewindow/racewindow/harness/adapters/raftwal"
	"github.com/racewindow/racewindow/harness/adapters/tidwall"
)

// peer is an engine of others, through its adapter.
type peer struct {
	log    adapters.Log
	mode   mode
	value  []byte
	batch  [][]byte
	newest atomic.Uint64 // number of the newest record whose append has returned
	// grouped, if set, appends for many goroutines at once.
	grouped func(values ...[]byte) error
	// syncs says that each append is durable when it returns, whatever the mode is.
	syncs bool
	// remembers says that the adapter serves reads from its own memory, so that they do not measure the engine.
	remembers bool
}

func newPeer(log adapters.Log, err error, w work, m mode) (*peer, error) {
	if err != nil {
		return nil, err
	}
	last, err := log.Last()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	p := &peer{log: log, mode: m, value: make([]byte, w.value), grouped: log.Append}
	for range w.batch {
		p.batch = append(p.batch, p.value)
	}
	p.newest.Store(last)
	return p, nil
}

func openTidwall(_ context.Context, folder string, w work, m mode) (subject, error) {
	log, err := tidwall.Open(folder, m == onReturn)
	return asSubject(newPeer(log, err, w, m))
}

func openRaftwal(_ context.Context, folder string, w work, m mode) (subject, error) {
	log, err := raftwal.Open(folder, 0)
	p, err := newPeer(log, err, w, m)
	if err == nil {
		p.syncs = true
	}
	return asSubject(p, err)
}

func openEtcd(_ context.Context, folder string, w work, m mode) (subject, error) {
	log, err := etcdwal.Open(folder, m != never)
	p, err := newPeer(log, err, w, m)
	if err == nil {
		p.syncs, p.remembers = m != never, true
	}
	return asSubject(p, err)
}

func openBbolt(_ context.Context, folder string, w work, m mode) (subject, error) {
	log, err := bbolt.Open(folder, m == onReturn)
	p, err := newPeer(log, err, w, m)
	if err == nil {
		p.grouped = log.AppendGrouped
	}
	return asSubject(p, err)
}

func openPebble(_ context.Context, folder string, w work, m mode) (subject, error) {
	log, err := pebble.Open(folder, m == onReturn)
	return asSubject(newPeer(log, err, w, m))
}

// asSubject keeps a nil peer from becoming a subject that is not nil.
func asSubject(p *peer, err error) (subject, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *peer) append(_ context.Context, records int) error {
	if p.syncs && p.mode == never {
		return errNotOffered
	}
	if p.syncs { // one sync for all of them, as the others have
		return p.many(records)
	}
	for range records {
		if err := p.log.Append(p.value); err != nil {
			return err
		}
	}
	p.newest.Add(uint64(records))
	return nil
}

func (p *peer) appendBatch(_ context.Context, records int) error {
	if p.syncs && p.mode == never {
		return errNotOffered
	}
	return p.many(records)
}

func (p *peer) many(records int) error {
	for records > 0 {
		n := min(records, len(p.batch))
		if err := p.log.Append(p.batch[:n]...); err != nil {
			return err
		}
		p.newest.Add(uint64(n))
		records -= n
	}
	return nil
}

func (p *peer) flush(context.Context) error { return p.log.Sync() }

func (p *peer) appendDurable(context.Context) error { return p.grouped(p.value) }

func (p *peer) newReader() func(ctx context.Context, times int) error {
	return func(_ context.Context, times int) error {
		if p.remembers {
			return errNotOffered
		}
		for range times {
			number := p.newest.Load()
			value, err := p.log.Read(number)
			if err == nil && len(value) != len(p.value) {
				err = fmt.Errorf("record %d has %d B instead of %d", number, len(value), len(p.value))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func (p *peer) scan(context.Context) (records int, err error) {
	if p.remembers {
		return 0, errNotOffered
	}
	err = p.log.Scan(func([]byte) error {
		records++
		return nil
	})
	return records, err
}

func (p *peer) close(context.Context) error { return p.log.Close() }
