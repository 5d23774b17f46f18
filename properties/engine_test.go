package properties

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/racewindow/racewindow/storage"
)

// Properties of the engine that a case cannot express: they concern watermarks, iterators that are held, and several logs.

func TestDurableNeverPassesVisibleAndNeitherGoesBack(t *testing.T) {
	t.Parallel()
	checkScripts(t, "durable <= visible, and watermarks never go back", stepWords, func(h storage.Handover, s []uint8) error {
		r, err := newLogRig(tiny(h, storage.MemoryDisk()))
		if err != nil {
			return err
		}
		var visible, durable storage.Offset
		for i, n := range s {
			if err := r.step(n); err != nil {
				return err
			}
			d := r.log.Durable() // first: what is durable now was visible before
			v := r.log.Visible(background)
			if v.Before(d) || v.Before(visible) || d.Before(durable) {
				return fmt.Errorf("step %d: visible %v after %v, durable %v after %v", i, v, visible, d, durable)
			}
			visible, durable = v, d
		}
		return r.store.Close(background)
	})
}

// A read from anywhere uses the chunk index to find its place; a scan from the start does not.
func TestTheChunkIndexAgreesWithAScan(t *testing.T) {
	t.Parallel()
	checkScripts(t, "a read past any offset is the rest of a scan", stepWords, func(h storage.Handover, s []uint8) error {
		r, err := newLogRig(tiny(h, storage.MemoryDisk()))
		if err != nil {
			return err
		}
		if err := r.steps(s); err != nil {
			return err
		}
		scan, err := offsets(r.log.Read(background, storage.Offset{}, storage.End))
		if err != nil {
			return err
		}
		for i, at := range scan {
			if err := r.reads(at, scan[i+1:]); err != nil {
				return err
			}
		}
		return r.store.Close(background)
	})
}

// A heldIterator is an iterator over everything, advanced one record at a time.
type heldIterator struct {
	next func() (storage.Record, error, bool)
	stop func()
	want []storage.Offset
	got  int
}

func (r *logRig) hold() *heldIterator {
	next, stop := iter.Pull2(r.log.Read(background, storage.Offset{}, storage.End))
	return &heldIterator{next: next, stop: stop, want: slices.Clone(r.all)}
}

// advance takes one record, or sees that there is none left.
func (x *heldIterator) advance() error {
	record, err, more := x.next()
	switch {
	case err != nil:
		return err
	case more != (x.got < len(x.want)):
		return fmt.Errorf("an iterator over %v ended after %d, or did not", x.want, x.got)
	case more && record.Offset != x.want[x.got]:
		return fmt.Errorf("an iterator over %v yielded %v as number %d", x.want, record.Offset, x.got)
	}
	x.got++
	return nil
}

func TestAnIteratorThatIsHeldAcrossFlushesStaysAsItWas(t *testing.T) {
	t.Parallel()
	words := func(n uint8) string {
		if n%8 == 7 {
			return "hold an iterator"
		}
		return stepWords(n)
	}
	checkScripts(t, "held iterators yield what was there when they began", words, func(h storage.Handover, s []uint8) error {
		r, err := newLogRig(tiny(h, storage.MemoryDisk()))
		if err != nil {
			return err
		}
		var iterators []*heldIterator
		for _, n := range s {
			if n%8 != 7 {
				err = r.step(n)
			} else if len(r.all) > 0 && len(iterators) < 8 {
				iterators = append(iterators, r.hold())
			}
			for _, x := range iterators {
				if err == nil && x.got < len(x.want) {
					err = x.advance()
				}
			}
			if err != nil {
				return err
			}
		}
		for _, x := range iterators {
			for x.got <= len(x.want) {
				if err := x.advance(); err != nil {
					return err
				}
			}
			x.stop()
		}
		return r.store.Close(background)
	})
}

func TestLogsOfOneStoreDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	words := func(n uint8) string {
		text := fmt.Sprintf("append to log-%d", n%11)
		switch {
		case n%5 == 0:
			text += ", flush it"
		case n%13 == 0:
			text += ", close it"
		}
		return text
	}
	checkScripts(t, "each of many logs holds what was appended to it", words, func(h storage.Handover, s []uint8) error {
		disk := storage.MemoryDisk()
		want := map[string][]string{}
		for range 2 {
			store, err := storage.Open(background, "memory", tiny(h, disk))
			if err != nil {
				return err
			}
			for _, n := range s {
				if err := appendToOneOf(store, n, want); err != nil {
					return err
				}
			}
			if err := sameValues(store, want); err != nil {
				return err
			}
			if err := store.Close(background); err != nil {
				return err
			}
		}
		return nil
	})
}

func appendToOneOf(store *storage.Store, n uint8, want map[string][]string) error {
	handle := fmt.Sprintf("log-%d", n%11)
	l, err := store.Log(background, handle)
	if err != nil {
		return err
	}
	value := fmt.Sprintf("%s %d", handle, len(want[handle]))
	if _, err := l.Append(background, storage.Record{Value: []byte(value)}); err != nil {
		return err
	}
	want[handle] = append(want[handle], value)
	switch {
	case n%5 == 0:
		return l.Flush(background)
	case n%13 == 0:
		return l.Close(background)
	}
	return nil
}

func sameValues(store *storage.Store, want map[string][]string) error {
	for handle, values := range want {
		l, err := store.Log(context.Background(), handle)
		if err != nil {
			return err
		}
		var got []string
		for r, err := range l.Read(background, storage.Offset{}, storage.End) {
			if err != nil {
				return err
			}
			got = append(got, string(r.Value))
		}
		if !slices.Equal(got, values) {
			return fmt.Errorf("%s holds %q, not %q", handle, got, values)
		}
	}
	return nil
}
