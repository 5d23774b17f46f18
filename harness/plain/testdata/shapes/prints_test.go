package shapes

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// TestPrintsRight has goroutines that print, which is no choice of theirs: nobody in the process reads it.
func TestPrintsRight(t *testing.T) {
	var wg sync.WaitGroup
	wg.Add(2)
	for range 2 {
		go func() {
			defer wg.Done()
			for range 10 {
				fmt.Fprint(os.Stderr, "")
				os.Stdout.WriteString("")
			}
		}()
	}
	wg.Wait()
}
