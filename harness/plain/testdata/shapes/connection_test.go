package shapes

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"testing"
)

// TestSharedConnectionRight has goroutines that wait in selects of the standard library, those of net.Pipe.
func TestSharedConnectionRight(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go answer(far)
	answers := make(chan string, 2)
	go func() {
		lines := bufio.NewReader(near)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			answers <- line
		}
	}()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(near, n)
			if line := <-answers; line != fmt.Sprintln(n) {
				t.Errorf("asked %d, got %q", n, line)
			}
		})
	}
	wg.Wait()
}

func answer(far net.Conn) {
	lines := bufio.NewReader(far)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprint(far, line)
	}
}
