// Package ticks has a goroutine that a ticker wakes for ever, and that remembers when it was last woken.
package ticks

import (
	"sync"
	"testing"
	"time"
)

// clean counts the buckets of five seconds that have passed.
func clean(stop chan bool) {
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	var mu sync.Mutex
	cleaned := time.Now().Unix() / 5
	for {
		select {
		case <-ticker.C:
			mu.Lock()
			if now := time.Now().Unix() / 5; cleaned < now {
				cleaned = now
			}
			mu.Unlock()
		case <-stop:
			return
		}
	}
}

// Any goroutine may reach this channel, so it is not known that nobody will send.
var unbuffered = make(chan bool)

// A message that nobody waits for yet is dropped.
func TestDropped(t *testing.T) { wait(t, unbuffered) }

func TestKeptRight(t *testing.T) { wait(t, make(chan bool, 1)) }

func wait(t *testing.T, ready chan bool) {
	stop := make(chan bool)
	go clean(stop)
	go func() {
		select {
		case ready <- true:
		default:
		}
	}()
	<-ready
	close(stop)
}

// No schedule of it has an end.
func TestNobodySends(t *testing.T) {
	go clean(make(chan bool))
	<-unbuffered
}
