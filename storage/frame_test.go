package storage

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// encoded is a record as a frame of its own.
func encoded(r Record, last bool, since uint64) []byte {
	f := make([]byte, frameBytes(len(r.Key), len(r.Value)))
	encodeFrame(f, &r, last, since, 0)
	return f
}

func TestAFrameGivesBackItsRecord(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("decode(encode(r)) = r", prop.ForAll(
		func(tx, op uint64, operation uint8, key, value []byte, last bool, since uint32) bool {
			r := Record{Offset{tx, op}, key, Operation(operation), value}
			position := uint64(math.MaxUint32) * 16
			f := encoded(r, last, uint64(since)*frameAlign)
			got := frameRecord(f)
			durable := position - uint64(since)*frameAlign
			if since == sinceUnknown {
				durable = 0
			}
			return len(f)%frameAlign == 0 && checkFrame(f, maxFrameBytes, 0) == frameIntact &&
				got.Offset == r.Offset && got.Operation == r.Operation && bytes.Equal(got.Key, key) && bytes.Equal(got.Value, value) &&
				frameIsLast(f) == last && frameRoom(f) == len(f) && frameDurable(f, position) == durable
		},
		gen.UInt64(), gen.UInt64(), gen.UInt8(), gen.SliceOf(gen.UInt8()), gen.SliceOf(gen.UInt8()), gen.Bool(), gen.UInt32(),
	))
	properties.TestingRun(t)
}

func TestARecordOfAFrameCannotGrowIntoItsNeighbour(t *testing.T) {
	t.Parallel()
	f := encoded(Record{Key: []byte("k"), Value: []byte("v")}, true, 0)
	r := frameRecord(f)
	_ = append(r.Key, 'x')
	_ = append(r.Value, 'x')
	require.Equal(t, frameIntact, checkFrame(f, maxFrameBytes, 0))
}

func TestEveryFlippedBitOfAFrameIsNoticed(t *testing.T) {
	t.Parallel()
	f := encoded(recordAt(Offset{3, 4}), true, 64)
	for i := range frameLength(f) { // past it is padding, which holds nothing
		for bit := range 8 {
			f[i] ^= 1 << bit
			require.NotEqual(t, frameIntact, checkFrame(f, maxFrameBytes, 0), "byte %d bit %d", i, bit)
			f[i] ^= 1 << bit
		}
	}
	require.Equal(t, frameIntact, checkFrame(f, maxFrameBytes, 0))
}

func TestEveryCutFrameIsShort(t *testing.T) {
	t.Parallel()
	f := encoded(recordAt(Offset{3, 4}), true, 64)
	for n := range frameLength(f) {
		want := frameShort
		if n == 0 {
			want = frameZero
		}
		require.Equal(t, want, checkFrame(f[:n], maxFrameBytes, 0), "%d bytes", n)
	}
}

func TestZerosAreNoFrame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 30, 31, 32, 33, 64, 4096} {
		require.Equal(t, frameZero, checkFrame(make([]byte, n), maxFrameBytes, 0), "%d zeros", n)
	}
}

func TestAHeaderThatContradictsItselfIsNoFrame(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f []byte){
		"shorter than its header": func(f []byte) { binary.LittleEndian.PutUint32(f[4:], frameHeaderBytes-1) },
		"shorter than its key":    func(f []byte) { binary.LittleEndian.PutUint16(f[24:], math.MaxUint16) },
		"longer than the limit":   func(f []byte) { binary.LittleEndian.PutUint32(f[4:], maxFrameBytes+1) },
		"the longest of all":      func(f []byte) { binary.LittleEndian.PutUint32(f[4:], math.MaxUint32) },
		"an unknown flag":         func(f []byte) { f[27] |= 2 },
		"no length, but a sum":    func(f []byte) { clear(f[4:]) },
	} {
		f := encoded(recordAt(Offset{1, 0}), true, 0)
		spoil(f)
		require.Equal(t, frameHeader, checkFrame(f, maxFrameBytes, 0), name)
	}
}

func TestAHostileLengthAllocatesNothing(t *testing.T) {
	f := encoded(recordAt(Offset{1, 0}), true, 0)
	for _, length := range []uint32{0, 1, maxFrameBytes, maxFrameBytes + 1, math.MaxInt32, math.MaxUint32} {
		binary.LittleEndian.PutUint32(f[4:], length)
		require.Zero(t, testing.AllocsPerRun(100, func() { checkFrame(f, maxFrameBytes, 0) }), "length %d", length)
		scan := newScanner(bytes.NewReader(f), 0, int64(len(f)), 0)
		_, fault, err := scan.next(background)
		require.NoError(t, err)
		require.NotEqual(t, frameIntact, fault, "length %d", length)
		require.LessOrEqual(t, len(scan.buf), minScanBytes, "length %d", length)
	}
}

func TestAFrameWithoutItsPaddingIsNotWhole(t *testing.T) {
	t.Parallel()
	f := encoded(Record{Offset: Offset{1, 0}, Value: []byte("v")}, true, 0)
	require.Greater(t, len(f), frameLength(f))
	for n := frameLength(f); n < len(f); n++ {
		scan := newScanner(bytes.NewReader(f[:n]), 0, int64(n), 0)
		_, fault, err := scan.next(background)
		require.NoError(t, err)
		require.Equal(t, frameShort, fault, "%d of %d bytes: what follows would not start where it is looked for", n, len(f))
	}
}

func TestADurablePositionIsNeverClaimedTooHigh(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ since, position, want uint64 }{
		{0, 800, 800},
		{8, 800, 792},
		{800, 800, 0},
		{808, 800, 0},
		{math.MaxUint64, 800, 0},
		{sinceUnknown * frameAlign, 1 << 60, 0},
		{(sinceUnknown - 1) * frameAlign, 1 << 60, 1<<60 - (sinceUnknown-1)*frameAlign},
	} {
		f := encoded(Record{Offset: Offset{1, 0}}, true, c.since)
		require.Equal(t, c.want, frameDurable(f, c.position), "%+v", c)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 40))
	f.Add(encoded(recordAt(Offset{1, 0}), true, 0))
	f.Add(encoded(recordAt(Offset{7, 9}), false, 80)[:33])
	f.Add(append(encoded(Record{}, true, math.MaxUint64), 1, 2, 3))
	huge := encoded(recordAt(Offset{1, 0}), true, 0)
	binary.LittleEndian.PutUint32(huge[4:], math.MaxUint32)
	f.Add(huge)
	f.Fuzz(func(t *testing.T, b []byte) {
		if checkFrame(b, maxFrameBytes, 0) != frameIntact {
			return
		}
		r := frameRecord(b)
		again := encoded(r, frameIsLast(b), 0)
		require.Equal(t, frameLength(b), frameLength(again))
		require.Equal(t, r, frameRecord(again))
		_ = frameDurable(b, 1<<40)
	})
}
