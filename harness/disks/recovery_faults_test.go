package disks

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

// Faults during a recovery, and what the next recovery does after them. A case cannot express this, because its faults end before
// it opens the log again.

// frameOf is a record that takes that many bytes of the log.
func frameOf(letter byte, bytesOfLog int) storage.Record {
	return storage.Record{Value: bytes.Repeat([]byte{letter}, bytesOfLog-32)}
}

// killedInATransaction is the disk of a process that died when the log held nothing but synced fragments of its first
// transaction. Their frames have one sector each, and end where sectors do.
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
	require.Eventually(t, func() bool { return synced.Load() >= 8*SectorBytes }, time.Minute, time.Millisecond, "the flusher")
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

// A recovery cuts, and its sync fails: the file is then short in memory, and clean. The next recovery must not trust that,
// because what was cut would come back between the records written over it.
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

// killedWhenDurable is the disk of a process that died when all of its transactions were durable.
func killedWhenDurable(t *testing.T, o storage.Options, transactions int) *Disk {
	t.Helper()
	d := New()
	s, err := openSession(onRequest(o, d))
	require.NoError(t, err)
	for tx := range transactions {
		_, err := s.log.AppendDurable(context.Background(), recordsOf(tx+1)...)
		require.NoError(t, err)
	}
	d.Kill()
	_ = s.close()
	return d
}

// A bit that flips on its way from the disk is neither a torn tail nor damage. Recovery reports it or recovers everything. It
// neither cuts the file because of what it has misread, nor writes that back.
func TestNoBitThatIsFlippedWhileRecoveringTakesWhatIsDurable(t *testing.T) {
	t.Parallel()
	const transactions = 4
	step := 131
	if quick() {
		step = 1009
	}
	for name, o := range map[string]storage.Options{"one file": {}, "many chunks": {ChunkBytes: 256}, "many files": {SegmentBytes: 1024}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := killedWhenDurable(t, o, transactions)
			refused, went := 0, 0
			for n, came := 1, true; came; n++ {
				came = false
				for bit := 0; bit < 8*4096; bit += step {
					d := before.Fork()
					flip := Count(Nth(n, On(Read, "*", Fault{Flip: true, Bit: bit})))
					d.Inject(flip)
					s, err := openSession(onRequest(o, d))
					d.Inject(nil)
					if came = came || flip.Faults() > 0; err != nil {
						require.Positive(t, flip.Faults())
						require.ErrorContains(t, err, ".seg", "the file's name")
						refused++
					} else {
						held, err := s.held()
						require.NoError(t, err, "read %d, bit %d", n, bit)
						require.Equal(t, transactions, held, "read %d, bit %d", n, bit)
						_ = s.close()
						went++
					}
					d.Kill()
					s, err = openSession(onRequest(o, d))
					require.NoError(t, err, "read %d, bit %d", n, bit)
					held, err := s.held()
					require.NoError(t, err, "read %d, bit %d", n, bit)
					require.Equal(t, transactions, held, "read %d, bit %d", n, bit)
					require.NoError(t, s.close())
				}
			}
			t.Logf("%d opened, %d refused", went, refused)
			require.Positive(t, refused)
			require.Positive(t, went)
		})
	}
}
