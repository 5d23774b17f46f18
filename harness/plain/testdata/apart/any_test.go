package apart

import (
	"crypto/rand"
	"sync"
	"testing"
)

// Nothing repeats this, not even in two processes: two of them agree once in 2^32 times.
func TestAnyNumber(t *testing.T) {
	var mu sync.RWMutex
	var drawn [4]byte
	_, _ = rand.Read(drawn[:])
	for i := range 32 {
		if drawn[i/8]>>(i%8)&1 == 0 {
			mu.Lock()
			mu.Unlock()
		} else {
			mu.RLock()
			mu.RUnlock()
		}
	}
	overtaken()
}
