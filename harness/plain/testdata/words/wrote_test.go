package words

import (
	"fmt"
	"log"
	"os"
	"strings"
	"sync"
	"testing"
)

func write(t *testing.T) {
	var both sync.WaitGroup
	var mu sync.Mutex
	n := 0
	for i := range 2 {
		both.Go(func() {
			mu.Lock()
			read := n
			mu.Unlock()
			t.Logf("%d reads %d\nof two lines", i, read)
			fmt.Println("printed by", i)
			mu.Lock()
			n = read + 1
			mu.Unlock()
		})
	}
	both.Wait()
	log.SetFlags(0)
	log.Print("logged")
	fmt.Print(strings.Repeat("x", 5000))
	if n != 2 {
		fmt.Fprint(os.Stderr, "in words\n")
		t.Fatalf("n is %d\nnot 2", n)
	}
}

func TestWrites(t *testing.T) { write(t) }

var once sync.Once

// The goroutine of the first execution is still there in the next one, so each has a process of its own.
func TestWritesApart(t *testing.T) {
	never := make(chan int)
	once.Do(func() { go func() { <-never }() })
	write(t)
}
