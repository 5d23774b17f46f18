package planted

import (
	"context"
	"testing"
)

func TestQueueLock(t *testing.T) {
	var l QueueLock
	if err := l.Acquire(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		if l.Acquire(ctx) == nil {
			l.Release()
		}
	}()
	go cancel()
	l.Release()
	<-waited
	if err := l.Acquire(context.Background()); err != nil {
		t.Fatal(err)
	}
}
