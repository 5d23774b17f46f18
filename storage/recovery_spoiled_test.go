package storage

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every byte of a log cut, flipped or zeroed: recovery keeps as much as there is, and not less, or says what is damaged.

// longestPrefix is what a recovery must find in a file whose first position is start if it opens what has become of it: the
// whole transactions before the first frame that is spoiled. Padding holds nothing.
func longestPrefix(content, spoiled []byte, start uint64) string {
	var words []string
	whole := 0
	for at := segmentHeaderBytes; at < len(content); {
		frame := content[at : at+frameRoom(content[at:])]
		if len(spoiled) < at+len(frame) || string(spoiled[at:at+frameLength(frame)]) != string(frame[:frameLength(frame)]) {
			break
		}
		if checkFrame(frame, maxFrameBytes, start+uint64(at-segmentHeaderBytes)) != frameIntact {
			panic("the log is not intact to begin with")
		}
		words = append(words, frameOffset(frame).String())
		if frameIsLast(frame) {
			whole = len(words)
		}
		at += len(frame)
	}
	return strings.Join(words[:whole], " ")
}

// referenceContent is the one file of the reference log, without the room that was reserved past it.
func referenceContent(t *testing.T) []byte {
	t.Helper()
	r := reference(t)
	content := contentOf(r.view.Load().segments[0].file)[:segmentHeaderBytes+r.view.Load().persisted]
	require.Equal(t, r.all(), longestPrefix(content, content, 0))
	return content
}

func TestEveryTruncationGivesTheLongestPrefix(t *testing.T) {
	t.Parallel()
	content := referenceContent(t)
	for n := range len(content) + 1 {
		held, untouched, err := recoverSpoiled(t, content[:n])
		if n < segmentHeaderBytes {
			requireDamage(t, err, n, untouched)
			continue
		}
		require.NoError(t, err, "%d bytes: a tail that is not there was torn", n)
		require.Equal(t, longestPrefix(content, content[:n], 0), held, "%d bytes", n)
	}
}

func TestEveryFlippedByteGivesTheLongestPrefixOrDamage(t *testing.T) {
	t.Parallel()
	content := referenceContent(t)
	damaged, cut := 0, 0
	for i := range content {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			spoiled := append([]byte(nil), content...)
			spoiled[i] ^= mask
			held, untouched, err := recoverSpoiled(t, spoiled)
			if err != nil {
				requireDamage(t, err, len(content), untouched)
				damaged++
				continue
			}
			require.Equal(t, longestPrefix(content, spoiled, 0), held, "byte %d", i)
			cut++
		}
	}
	require.Positive(t, damaged)
	require.Positive(t, cut)
}

func TestAZeroedStretchGivesTheLongestPrefixOrDamage(t *testing.T) {
	t.Parallel()
	content := referenceContent(t)
	for from := segmentHeaderBytes; from < len(content); from += 8 {
		for _, n := range []int{8, 64, 512} {
			spoiled := append([]byte(nil), content...)
			clear(spoiled[from:min(from+n, len(spoiled))])
			held, untouched, err := recoverSpoiled(t, spoiled)
			if err != nil {
				requireDamage(t, err, len(content), untouched)
				continue
			}
			require.Equal(t, longestPrefix(content, spoiled, 0), held, "%d zeros at byte %d", n, from)
		}
	}
}

// A spoiler tries what becomes of a log of several files when one of them is spoiled.
type spoiler struct {
	t     *testing.T
	log   *rig
	names []string
	files [][]byte
	held  []string // by file
}

func newSpoiler(t *testing.T) *spoiler {
	t.Helper()
	s := &spoiler{t: t}
	s.log, s.names = several(t)
	start := uint64(0)
	for _, name := range s.names {
		content := fileOn(t, s.log.options.Disk, theHandle+"/"+name)
		s.files = append(s.files, content)
		s.held = append(s.held, longestPrefix(content, content, start))
		start += uint64(len(content) - segmentHeaderBytes)
	}
	return s
}

// try opens the log with file number k as spoiled. It returns what the log holds, or the damage that it reports.
func (s *spoiler) try(k int, spoiled []byte) (held string, damage *DamageError) {
	s.t.Helper()
	o := s.log.options
	o.Disk = cloneDisk(o.Disk)
	putFile(s.t, o.Disk, theHandle+"/"+s.names[k], spoiled)
	store, err := Open(background, "memory", o)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, store.Close(background)) }()
	l, err := store.Log(background, theHandle)
	if err != nil {
		require.True(s.t, errors.As(err, &damage), "%v", err)
		for i, name := range s.names {
			want := s.files[i]
			if i == k {
				want = spoiled
			}
			require.Equal(s.t, want, fileOn(s.t, o.Disk, theHandle+"/"+name), "nothing was changed")
		}
		return "", damage
	}
	r := &rig{t: s.t, options: o, store: store, Log: l}
	return r.all(), nil
}

// upTo is everything before file number k, and what is left of that one.
func (s *spoiler) upTo(k int, spoiled []byte) string {
	start := uint64(0)
	for _, content := range s.files[:k] {
		start += uint64(len(content) - segmentHeaderBytes)
	}
	return strings.TrimSpace(strings.Join(s.held[:k], " ") + " " + longestPrefix(s.files[k], spoiled, start))
}

func TestEveryFlippedByteOfSeveralFilesGivesTheLongestPrefixOrDamage(t *testing.T) {
	t.Parallel()
	s := newSpoiler(t)
	last, damaged, cut := len(s.names)-1, 0, 0
	for k, content := range s.files {
		for i := range content {
			spoiled := append([]byte(nil), content...)
			spoiled[i] ^= 1 << (i % 8)
			held, damage := s.try(k, spoiled)
			if damage != nil {
				require.Equal(t, theHandle+"/"+s.names[k], damage.File, "byte %d", i)
				require.LessOrEqual(t, damage.Byte, int64(i), "byte %d", i)
				damaged++
				continue
			}
			want := s.upTo(k, spoiled)
			if k < last {
				require.Equal(t, s.upTo(k, content), want, "file %d, byte %d: a later file proves that this one was whole", k, i)
				want = s.upTo(last, s.files[last])
			}
			require.Equal(t, want, held, "file %d, byte %d", k, i)
			cut++
		}
	}
	require.Positive(t, damaged)
	require.Positive(t, cut)
}

func TestEveryTruncationOfTheLastFileGivesTheLongestPrefix(t *testing.T) {
	t.Parallel()
	s := newSpoiler(t)
	last := len(s.names) - 1
	for n := range s.files[last] {
		held, damage := s.try(last, s.files[last][:n])
		if n < segmentHeaderBytes {
			require.NotNil(t, damage, "%d bytes", n)
			continue
		}
		require.Nil(t, damage, "%d bytes", n)
		require.Equal(t, s.upTo(last, s.files[last][:n]), held, "%d bytes", n)
	}
}
