package history

import (
	"context"
	"testing"

	"github.com/maypok86/otter/v2"
)

// Everything may be invalidated while a Get loads.
func TestInvalidateBesideGet(t *testing.T) {
	c := otter.Must(&otter.Options[int, int]{})
	load := otter.LoaderFunc[int, int](func(_ context.Context, k int) (int, error) { return k, nil })
	done := make(chan bool)
	go func() {
		defer close(done)
		if v, err := c.Get(context.Background(), 1, load); v != 1 || err != nil {
			t.Error(v, err)
		}
	}()
	c.InvalidateAll()
	<-done
}
