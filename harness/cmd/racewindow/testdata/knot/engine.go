// Package tally is a key-value store in memory with a goroutine of its own, in ways that may not come to their end.
package tally

import (
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Tally keeps numbers in a file, a byte each.
type Tally struct {
	mu, other  sync.Mutex
	file       *os.File
	way        string
	wake, stop chan struct{}
	ended      sync.WaitGroup
	puts       int
	again      bool // it was opened on what another one had left
}

const keys = 3

func open(folder, way string) (*Tally, error) {
	f, err := os.OpenFile(filepath.Join(folder, "tally"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	held, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(keys); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	d, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return nil, err
	}
	t := &Tally{file: f, way: way, wake: make(chan struct{}, 1), stop: make(chan struct{}), again: held.Size() > 0}
	if way != "order" {
		t.ended.Go(t.counts)
	}
	return t, nil
}

func (t *Tally) counts() {
	for {
		select {
		case <-t.wake:
			t.mu.Lock()
			t.puts = 0
			t.mu.Unlock()
		case <-t.stop:
			return
		}
	}
}

// Put takes mu, and where that is the way, other after it.
func (t *Tally) Put(key, value uint8) error {
	if t.way == "close" && !t.mu.TryLock() { // another operation is in flight
		select {
		case t.wake <- struct{}{}:
		default:
		}
		t.mu.Lock()
	} else if t.way != "close" {
		t.mu.Lock()
	}
	defer t.mu.Unlock()
	if t.way == "order" {
		t.other.Lock()
		defer t.other.Unlock()
	}
	if t.puts++; t.way == "again" && t.again {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	if _, err := t.file.WriteAt([]byte{value}, int64(key%keys)); err != nil {
		return err
	}
	return t.file.Sync()
}

// Get takes other, and then mu.
func (t *Tally) Get(key uint8) uint8 {
	t.other.Lock()
	defer t.other.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	value := make([]byte, 1)
	_, _ = t.file.ReadAt(value, int64(key%keys))
	return value[0]
}

// Close holds the lock for which the goroutine may wait.
func (t *Tally) Close() error {
	if t.way == "slow" {
		time.Sleep(20 * time.Millisecond)
	}
	if t.way == "close" || t.way == "again" {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	close(t.stop)
	t.ended.Wait()
	return t.file.Close()
}
