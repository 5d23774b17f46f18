package properties

import (
	"fmt"
	"iter"
	"slices"

	"github.com/racewindow/racewindow/storage"
)

// tiny fills arenas, chunks and files with a few records.
func tiny(h storage.Handover, disk storage.Disk) storage.Options {
	return storage.Options{Handover: h, Disk: disk, ArenaBytes: 128, ChunkBytes: 160, SegmentBytes: 512, FlushBytes: 400, CacheBytes: -1, FlushInterval: -1}
}

// A logRig is a store with one log, and what was appended to it.
type logRig struct {
	options storage.Options
	store   *storage.Store
	log     *storage.Log
	all     []storage.Offset
}

func newLogRig(o storage.Options) (*logRig, error) {
	r := &logRig{options: o}
	return r, r.open()
}

func (r *logRig) open() (err error) {
	if r.store, err = storage.Open(background, "memory", r.options); err != nil {
		return err
	}
	r.log, err = r.store.Log(background, "log")
	return err
}

func (r *logRig) append(records int) error {
	batch := make([]storage.Record, records)
	for i := range batch {
		batch[i].Value = make([]byte, 7*records)
	}
	last, err := r.log.Append(background, batch...)
	for op := range uint64(records) {
		r.all = append(r.all, storage.Offset{Tx: last.Tx, Op: op})
	}
	return err
}

// step does what a number says, as stepWords tells it.
func (r *logRig) step(n uint8) error {
	switch {
	case n%8 < 4:
		return r.append(stepRecords(n))
	case n%8 < 6:
		return r.log.Flush(background)
	case n%8 == 6:
		tx, err := r.log.Begin(background)
		if err != nil {
			return err
		}
		for range 1 + n>>5 {
			if err := tx.Add(background, storage.Record{Value: make([]byte, n)}); err != nil {
				return err
			}
		}
		return tx.Abort(background)
	case n > 200:
		return r.reopen()
	}
	return nil
}

func stepRecords(n uint8) int { return 1 + int(n>>4)%5 }

func stepWords(n uint8) string {
	switch {
	case n%8 < 4:
		return fmt.Sprintf("append %d", stepRecords(n))
	case n%8 < 6:
		return "flush"
	case n%8 == 6:
		return fmt.Sprintf("abort %d of %d bytes", 1+n>>5, n)
	case n > 200:
		return "reopen"
	}
	return "nothing"
}

func (r *logRig) steps(script []uint8) error {
	for i, n := range script {
		if err := r.step(n); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, stepWords(n), err)
		}
	}
	return nil
}

func (r *logRig) reopen() error {
	if err := r.store.Close(background); err != nil {
		return err
	}
	return r.open()
}

func offsets(records iter.Seq2[storage.Record, error]) (all []storage.Offset, err error) {
	for r, err := range records {
		if err != nil {
			return all, err
		}
		all = append(all, r.Offset)
	}
	return all, nil
}

// reads compares a whole read with what was appended.
func (r *logRig) reads(after storage.Offset, want []storage.Offset) error {
	got, err := offsets(r.log.Read(background, after, storage.End))
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("behind %v: read %v, appended %v", after, got, want)
	}
	return err
}
