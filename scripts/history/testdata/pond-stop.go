package history

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/alitto/pond/v2"
)

// A task that is submitted while the pool stops runs before StopAndWait returns, or is refused.
func TestTaskRunsOrIsRefused(t *testing.T) {
	pool := pond.NewPool(2)
	var ran atomic.Int32
	result := make(chan error)
	go func() { result <- pool.Submit(func() { ran.Add(1) }).Wait() }()
	pool.StopAndWait()
	before := ran.Load()
	err := <-result
	if err == nil && ran.Load() != 1 || err != nil && !errors.Is(err, pond.ErrPoolStopped) {
		t.Errorf("error %v, ran %d times", err, ran.Load())
	}
	if ran.Load() != before {
		t.Error("a task ran after StopAndWait")
	}
}
