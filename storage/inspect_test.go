package storage

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// What onlookers see is what a reader who looks there would find, with every hand-over.
func TestInspectShowsMetadataTailAndFile(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, h := range Handovers() {
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			store, err := Open(ctx, "", Options{Disk: MemoryDisk(), FlushInterval: -1, Handover: h})
			require.NoError(t, err)
			log, err := store.Log(ctx, "inspected")
			require.NoError(t, err)
			require.Equal(t, State{}, lists(log.Inspect()))

			first, second := Offset{Tx: 1}, Offset{Tx: 1, Op: 1}
			_, err = log.Append(ctx, Record{Key: []byte("k"), Value: []byte("v")}, Record{Key: []byte("l"), Value: []byte("w")})
			require.NoError(t, err)
			require.Equal(t, State{Visible: second, Tail: []Offset{first, second}}, lists(log.Inspect()))

			require.NoError(t, log.Flush(ctx))
			require.Equal(t, State{Visible: second, Persisted: second, File: []Offset{first, second}}, lists(log.Inspect()))

			_, err = log.Append(ctx, Record{Key: []byte("m")})
			require.NoError(t, err)
			require.Equal(t, State{Visible: Offset{Tx: 2}, Persisted: second, Tail: []Offset{{Tx: 2}}, File: []Offset{first, second}}, lists(log.Inspect()))
			require.NoError(t, store.Close(ctx))
		})
	}
}

// lists makes empty lists equal.
func lists(s State) State {
	if len(s.Tail) == 0 {
		s.Tail = nil
	}
	if len(s.File) == 0 {
		s.File = nil
	}
	return s
}

func TestInspectKeepsTheNewestRecordsOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store, err := Open(ctx, "", Options{Disk: MemoryDisk(), FlushInterval: -1})
	require.NoError(t, err)
	log, err := store.Log(ctx, "long")
	require.NoError(t, err)
	for range maxInspected + 10 {
		_, err = log.Append(ctx, Record{Key: []byte("k")})
		require.NoError(t, err)
	}
	s := log.Inspect()
	require.Len(t, s.Tail, maxInspected)
	require.Equal(t, uint64(maxInspected+10), s.Tail[maxInspected-1].Tx)
	require.NoError(t, log.Flush(ctx))
	require.Len(t, log.Inspect().File, maxInspected)
	require.NoError(t, store.Close(ctx))
}

// Whoever looks may meet anything past the records, a header that claims millions of bytes too.
func TestInspectBelievesNoLength(t *testing.T) {
	r := newRig(t, roomy())
	r.append(2)
	r.flush()
	want := lists(r.Inspect())
	header := make([]byte, frameHeaderBytes)
	binary.LittleEndian.PutUint32(header[4:], maxFrameBytes)
	v := r.view.Load()
	_, err := v.segments[0].file.WriteAt(header, v.segments[0].at(v.persisted))
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := lists(r.Inspect())
	runtime.ReadMemStats(&after)
	require.Equal(t, want, got)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}
