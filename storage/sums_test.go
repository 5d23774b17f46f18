package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// requireSum3 skips where the processor has no instruction for checksums: there nothing calls what the test is about.
func requireSum3(t *testing.T) {
	t.Helper()
	if !canSum3 {
		t.Skip("this processor has no instruction for CRC-32C")
	}
}

// framesOf encodes a frame for each length of a value, one after another from position on.
func framesOf(position uint64, values ...int) []byte {
	random := rand.New(rand.NewPCG(position, uint64(len(values))))
	var all []byte
	for i, n := range values {
		value := make([]byte, n)
		for k := range value {
			value[k] = byte(random.Uint32())
		}
		f := make([]byte, frameBytes(0, n))
		encodeFrame(f, &Record{Offset: Offset{Tx: uint64(i + 1)}, Value: value}, true, 0, position+uint64(len(all)))
		all = append(all, f...)
	}
	return all
}

func TestThreeChecksumsAtOnceAreThoseOfEach(t *testing.T) {
	t.Parallel()
	requireSum3(t)
	random := rand.New(rand.NewPCG(1, 2))
	bytes := make([]byte, 3*maxSum3Bytes)
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
	for words := 1; words <= maxSum3Bytes/8; words++ {
		a, b, c := bytes[words:], bytes[maxSum3Bytes:], bytes[2*maxSum3Bytes:]
		x, y, z := random.Uint32(), random.Uint32(), random.Uint32()
		gotX, gotY, gotZ := sums3(&a[0], &b[0], &c[0], words, x, y, z)
		for i, sum := range []struct {
			frame    []byte
			from, is uint32
		}{{a, x, gotX}, {b, y, gotY}, {c, z, gotZ}} {
			require.Equal(t, crc32.Update(sum.from, castagnoli, sum.frame[4:words*8]), sum.is, "%d words, checksum %d", words, i)
		}
	}
}

func TestThreeFramesAtOnceAreThoseThatAreIntactOneByOne(t *testing.T) {
	t.Parallel()
	requireSum3(t)
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	value := gen.IntRange(0, maxSum3Bytes-frameHeaderBytes-1)
	properties.Property("of three short frames all bytes are intact, of fewer bytes none", prop.ForAll(
		func(a, b, c int, cut int) bool {
			const position = 1 << 40
			f := framesOf(position, a, b, c)
			return intact3(f, position) == len(f) && intact3(append(f, 1), position) == len(f) &&
				intact3(f[:len(f)-1-cut%len(f)], position) == 0 && intact3(f, position+frameAlign) == 0
		},
		value, value, value, gen.IntRange(0, 1<<20),
	))
	properties.TestingRun(t)
}

func TestEveryFlippedBitOfThreeFramesIsNoticed(t *testing.T) {
	t.Parallel()
	requireSum3(t)
	for _, values := range [][]int{{0, 0, 0}, {8, 8, 8}, {1, 2, 3}, {3, 40, 8}, {40, 3, 15}} {
		f := framesOf(0, values...)
		covered := make([]bool, len(f)) // padding is not
		for at := 0; at < len(f); at += frameRoom(f[at:]) {
			for i := range frameLength(f[at:]) {
				covered[at+i] = true
			}
		}
		for i := range f {
			for bit := range 8 {
				f[i] ^= 1 << bit
				require.Equal(t, covered[i], intact3(f, 0) == 0, "values of %v bytes, byte %d bit %d", values, i, bit)
				f[i] ^= 1 << bit
			}
		}
	}
}

func TestALongFrameIsNotOneOfThree(t *testing.T) {
	t.Parallel()
	requireSum3(t)
	const longest = maxSum3Bytes - frameHeaderBytes - 1
	require.NotZero(t, intact3(framesOf(0, longest, longest, longest), 0))
	for i := range 3 {
		values := []int{longest, longest, longest}
		values[i]++
		require.Zero(t, intact3(framesOf(0, values...), 0), "frame %d", i)
	}
}

// scanAll returns the frames that a scanner returns before something else, and what that is.
func scanAll(t *testing.T, content []byte, position uint64, one bool) (frames [][]byte, fault frameFault) {
	t.Helper()
	scan := newScanner(bytes.NewReader(content), 0, int64(len(content)), position)
	take := scan.some
	if one {
		take = scan.next
	}
	for {
		got, fault, err := take(background)
		require.NoError(t, err)
		if fault != frameIntact {
			require.Empty(t, got)
			return frames, fault
		}
		require.NotEmpty(t, got)
		scan.skip(got)
		for ; len(got) > 0; got = got[frameRoom(got):] {
			frames = append(frames, bytes.Clone(got[:frameRoom(got)]))
		}
	}
}

func TestAScannerFindsWhatEachFrameByItselfIs(t *testing.T) {
	t.Parallel()
	parameters := gopter.DefaultTestParametersWithSeed(1)
	parameters.MinSuccessfulTests = 300
	properties := gopter.NewProperties(parameters)
	properties.Property("frames of any lengths, with and without a spoiled byte", prop.ForAll(
		func(values []int, spoiled int) string {
			const position = 1 << 36
			content := framesOf(position, values...)
			if at := spoiled % (2 * len(content)); at < len(content) {
				content[at] ^= 0x10
			}
			var want [][]byte
			rest, at := content, uint64(position)
			for len(rest) > 0 && checkFrame(rest, maxFrameBytes, at) == frameIntact {
				n := frameRoom(rest)
				want, rest, at = append(want, rest[:n]), rest[n:], at+uint64(n)
			}
			fault := frameZero
			if len(rest) > 0 {
				fault = checkFrame(rest, maxFrameBytes, at)
			}
			for _, one := range []bool{true, false} {
				if frames, got := scanAll(t, content, position, one); got != fault || !slices.EqualFunc(frames, want, bytes.Equal) {
					return fmt.Sprintf("one at a time %t: %d frames, then %v, instead of %d, then %v", one, len(frames), got, len(want), fault)
				}
			}
			return ""
		},
		gen.SliceOfN(40, gen.OneGenOf(gen.IntRange(0, 300), gen.Const(128), gen.IntRange(400, 9000))),
		gen.IntRange(0, 1<<20),
	))
	properties.TestingRun(t)
}

func TestAHeaderThatContradictsItselfIsNotOneOfThreeWhateverItsChecksum(t *testing.T) {
	t.Parallel()
	requireSum3(t)
	for name, spoil := range map[string]func(f []byte){
		"as it was":            func([]byte) {},
		"shorter than its key": func(f []byte) { binary.LittleEndian.PutUint16(f[24:], 9) },
		"an unknown flag":      func(f []byte) { f[27] |= 2 },
	} {
		for i := range 3 {
			all := framesOf(0, 8, 8, 8)
			const room = frameHeaderBytes + 8
			f := all[i*room : (i+1)*room]
			spoil(f)
			binary.LittleEndian.PutUint32(f, crc32.Update(frameSeed(uint64(i*room)), castagnoli, f[4:room]))
			require.Equal(t, name == "as it was", intact3(all, 0) == len(all), "%s, frame %d", name, i)
		}
	}
}
