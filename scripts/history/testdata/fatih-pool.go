package history

import (
	"net"
	"testing"

	"github.com/fatih/pool"
)

// Get gives a connection or ErrClosed, also while the pool is being closed.
func TestGetWhileClosing(t *testing.T) {
	p, err := pool.NewChannelPool(0, 2, func() (net.Conn, error) { c, _ := net.Pipe(); return c, nil })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		c, err := p.Get()
		if err == nil {
			c.Close()
		} else if err != pool.ErrClosed {
			t.Error(err)
		}
	}()
	p.Close()
	<-done
}
