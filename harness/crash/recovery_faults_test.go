package crash

import (
	"bytes"
	"context"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// What goes wrong while a log is recovered, and what the next recovery makes of that. A case cannot say it: its faults end
// before it opens the log again.

// frameOf is a record that takes so many bytes of the log.
func frameOf(letter byte, bytesOfLog int) storage.Record {
	return storage.Record{Value: bytes.Repeat([]byte{letter}, bytesOfLog-32)}
}

// killedInATransaction is the disk of a process that died when synced fragments of its first transaction, frames of one
// sector each that end where sectors do, were all that the log had.
func killedInATransaction(t *testing.T) *Disk {
	t.Helper()
	ctx, d := context.Background(), New()
	var written, synced atomic.Int64
	d.After(func(o Operation) {
		switch {
		case !matches("*.seg*", o.Name):
		case o.Kind == Write:
			written.Store(max(written.Load(), o.At+int64(o.Bytes)))
		case o.Kind == Sync:
			synced.Store(written.Load())
		}
	})
	s, err := openSession(onRequest(storage.Options{ArenaBytes: 64 << 10, FlushBytes: 1}, d))
	require.NoError(t, err)
	tx, err := s.log.Begin(ctx)
	require.NoError(t, err)
	require.NoError(t, tx.Add(ctx, frameOf('a', SectorBytes-64)))
	for range 8 {
		require.NoError(t, tx.Add(ctx, frameOf('a', SectorBytes)))
	}
	require.Eventually(t, func() bool { return synced.Load() >= 8*SectorBytes }, 10*time.Second, time.Millisecond, "the flusher")
	d.Kill()
	_ = s.close()
	d.After(nil)
	return d
}

// letters are the first letters of the values of all records.
func letters(t *testing.T, s *session) (text string) {
	t.Helper()
	for record, err := range s.log.Read(context.Background(), storage.Offset{}, storage.End) {
		require.NoError(t, err)
		text += string(record.Value[:1])
	}
	return text
}

// A recovery that cuts and whose sync fails leaves a file that is short in memory, and clean. The next one must not believe
// that: what was cut would come back between the records that are written over it.
func TestACutWhoseSyncFailedIsNotBelievedByTheNextRecovery(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		ctx, d := context.Background(), killedInATransaction(t)
		d.Inject(Nth(1, On(Sync, "*.seg", Fault{Err: syscall.EIO})))
		_, err := openSession(onRequest(storage.Options{}, d))
		require.ErrorIs(t, err, syscall.EIO)
		d.Inject(nil)
		d.Kill()

		s, err := openSession(onRequest(storage.Options{ArenaBytes: 64 << 10}, d))
		require.NoError(t, err)
		tx, err := s.log.Begin(ctx)
		require.NoError(t, err)
		require.NoError(t, tx.Add(ctx, frameOf('b', SectorBytes-64)))
		for range 7 {
			require.NoError(t, tx.Add(ctx, frameOf('b', SectorBytes)))
		}
		_, err = tx.Commit(ctx)
		require.NoError(t, err)
		images, samples := []*Image{}, uint64(500)
		if quick() {
			samples = 100
		}
		d.After(func(o Operation) {
			if o.Kind == Write {
				moment := d.At(m)
				for seed := range samples {
					images = append(images, moment.Sample(NewTape(seed)))
				}
			}
		})
		require.NoError(t, s.log.Flush(ctx))
		d.After(nil)
		require.NoError(t, s.close())
		require.NotEmpty(t, images)
		for _, image := range images {
			s, err := openSession(onRequest(storage.Options{}, Crash(image)))
			require.NoError(t, err)
			require.NotContains(t, letters(t, s), "a", "fragments of the transaction that was cut")
			require.NoError(t, s.close())
		}
	})
}
