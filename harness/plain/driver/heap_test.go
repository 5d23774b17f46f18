package driver

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALargeHeapLeavesLessGarbage(t *testing.T) {
	kept := make([]byte, largeHeap+1)
	runtime.GC()
	fitHeap()
	require.Equal(t, littleGarbage, garbage)
	runtime.KeepAlive(kept)
	runtime.GC()
	fitHeap()
	require.Equal(t, muchGarbage, garbage, "what the test kept is gone")
}
