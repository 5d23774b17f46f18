// Package points has tests that consist almost only of points, to measure what a point costs.
package points

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestPointsOfAtomics(t *testing.T) {
	var n atomic.Int64
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range 1000 {
				n.Add(1)
			}
		})
	}
	both.Wait()
}

func TestPointsOfLocks(t *testing.T) {
	var mu sync.Mutex
	n := 0
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range 500 {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	both.Wait()
}

func TestPointsOfChannels(t *testing.T) {
	c := make(chan int)
	go func() {
		for i := range 500 {
			c <- i
		}
		close(c)
	}()
	for range c {
	}
}
