package check

import (
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

func TestTheBoardKeepsTheHighestAcknowledgement(t *testing.T) {
	t.Parallel()
	b := NewBoard(8)
	require.Zero(t, b.Acknowledged())
	var all sync.WaitGroup
	for client := range uint32(8) {
		all.Go(func() {
			for sequence := uint32(1); sequence <= 100; sequence++ {
				b.Invoke(client, sequence)
				b.Acknowledge(client, sequence, uint64(8*sequence+client))
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 807, b.Acknowledged())
	require.True(t, b.invoked(7, 100))
	require.False(t, b.invoked(7, 101))
	require.False(t, b.invoked(8, 1))
}

// A client's numbers fill a cache line, so that clients do not slow each other down, and the board grows with them alone.
func TestTheBoardIsOneCacheLineAClient(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 64, unsafe.Sizeof(clientBoard{}))
}

func TestBoardAndReaderAllocateNothingHoweverLongARunIs(t *testing.T) {
	w := newWorld(2, Values{Seed: 3, MinBytes: 0, MaxBytes: 64})
	for range 50 {
		w.append(0, 2)
		w.append(1, 1)
	}
	records, reader := w.all(), NewReader(w.board, w.values)
	once := func() {
		w.board.Invoke(0, 50)
		w.board.Acknowledge(0, 50, 99)
		if v := read(reader, Bound{}, storage.End, records); v != nil {
			t.Fatal(v)
		}
	}
	once() // the scratch buffer grows to the longest value
	require.Zero(t, testing.AllocsPerRun(100, once))
}

func TestAScanAllocatesByClientsAndNotByRecords(t *testing.T) {
	scanned := func(transactions int) uint64 {
		w := newWorld(4, Values{Seed: 3, MinBytes: 8, MaxBytes: 8})
		for i := range transactions {
			w.append(uint32(i%4), 2)
		}
		records := w.all()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if v := w.scan(true, records); v != nil {
			t.Fatal(v)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	least := func(transactions int) uint64 { // the runtime allocates too, now and then, and counts it here
		bytes := scanned(transactions)
		for range 9 {
			bytes = min(bytes, scanned(transactions))
		}
		return bytes
	}
	require.Less(t, least(5000), least(50)+4096)
}
