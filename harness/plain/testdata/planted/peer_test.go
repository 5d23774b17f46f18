package planted

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"testing"
)

func TestPeer(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { // a server that answers one request after the other
		requests := bufio.NewReader(far)
		for {
			line, err := requests.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprint(far, line)
		}
	}()
	p := NewPeer(near)
	var wg sync.WaitGroup
	for _, s := range []string{"x", "y", "z"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got := p.Call(s); got != s {
				t.Errorf("called %s, got %s", s, got)
			}
		}()
	}
	wg.Wait()
}
