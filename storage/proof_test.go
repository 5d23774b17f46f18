package storage

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// A crash leaves room that was reserved, and the search for a proof steps over its zeros. It must not step over a header,
// wherever that lies.
func TestTheSearchForAProofStepsOverZerosAndNothingElse(t *testing.T) {
	t.Parallel()
	b := make([]byte, 3*len(zeros)+5*frameAlign)
	require.Equal(t, len(b), nextHeader(b, 0), "zeros hold no header")
	for at := 0; at+frameHeaderBytes <= len(b); at += frameAlign {
		binary.LittleEndian.PutUint32(b[at+4:], frameHeaderBytes)
		require.Equal(t, frameIntact, checkFrameHeader(b[at:at+frameHeaderBytes], maxFrameBytes))
		require.Equal(t, at, nextHeader(b, 0))
		require.Equal(t, at, nextHeader(b, at))
		require.Equal(t, len(b), nextHeader(b, at+frameAlign))
		binary.LittleEndian.PutUint32(b[at+4:], 0)
	}
}

// A length below that of a header is no frame's.
func TestTheSearchForAProofPassesLengthsThatNoFrameHas(t *testing.T) {
	t.Parallel()
	b := make([]byte, 4*frameHeaderBytes)
	for length := range uint32(frameHeaderBytes) {
		binary.LittleEndian.PutUint32(b[frameHeaderBytes+4:], length)
		require.Equal(t, len(b), nextHeader(b, 0), "length %d", length)
	}
}
