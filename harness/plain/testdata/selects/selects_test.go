// Package selects has loops that go on until a select takes a certain case.
package selects

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// Both are ready, and the second one ends the loop. A fair select takes it soon.
func TestLoopRight(t *testing.T) {
	stop, gone, done := make(chan bool), make(chan bool), make(chan bool)
	var passes atomic.Int64
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				passes.Add(1)
			case <-gone:
				return
			}
		}
	}()
	close(stop)
	close(gone)
	<-done
}

// A client of net/http has such a loop: it cancels its request until it sees that the connection is closed.
func TestClientRight(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		for request := make([]byte, 1000); ; {
			if _, err := far.Read(request); err != nil {
				return
			}
		}
	}()
	client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://nobody.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := client.Do(request); err == nil {
		t.Error("there is an answer", answer.Body.Close())
	}
}
