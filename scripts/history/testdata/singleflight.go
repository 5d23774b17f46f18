package history

import (
	"sync/atomic"
	"testing"

	"golang.org/x/sync/singleflight"
)

// After my Do has shared a call and is back, my next Do begins a new call.
func TestNextDoIsFresh(t *testing.T) {
	var g singleflight.Group
	var source atomic.Int32
	load := func() (any, error) { return source.Load(), nil }
	done := make(chan bool)
	go func() { g.Do("key", load); close(done) }()
	_, _, shared := g.Do("key", load)
	if shared {
		source.Store(1)
		if v, _, _ := g.Do("key", load); v != int32(1) {
			t.Errorf("got %v after the source has changed to 1", v)
		}
	}
	<-done
}
