// Package single has a TestMain of which there can be one process at a time, and a test that cannot be repeated in one.
package single

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	if err := os.Mkdir("taken", 0o755); err != nil {
		fmt.Println("somebody else is here:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.Remove("taken")
	os.Exit(code)
}

var runs int

func TestCounter(t *testing.T) {
	var mu sync.Mutex
	for range runs {
		mu.Lock()
		mu.Unlock()
	}
	runs++
	done := make(chan bool)
	go close(done)
	<-done
}
