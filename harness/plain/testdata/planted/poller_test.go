package planted

import (
	"testing"
	"time"
)

func TestPoller(t *testing.T) {
	polled := make(chan struct{}, 10)
	p := StartPoller(20*time.Millisecond, func() { polled <- struct{}{} })
	<-polled
	if n := p.Stop(); n < 1 {
		t.Fatalf("%d polls", n)
	}
}
