package history

import (
	"sync"
	"testing"

	"github.com/panjf2000/ants"
)

// A task that panics frees its worker: the next task runs.
func TestAPanicFreesItsWorker(t *testing.T) {
	p, err := ants.NewPool(1)
	if err != nil {
		t.Fatal(err)
	}
	p.PanicHandler = func(any) {}
	var ran sync.WaitGroup
	ran.Add(1)
	p.Submit(func() { panic("a task fails") })
	p.Submit(func() { ran.Done() })
	ran.Wait()
	p.Release()
}
