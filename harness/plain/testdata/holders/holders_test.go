// Package holders has tests that end in a deadlock or a leak in which somebody waits for a lock.
package holders

import (
	"runtime"
	"sync"
	"testing"
)

// start starts a goroutine that runs first.
func start(f func()) {
	done := make(chan bool)
	go func() {
		f()
		close(done)
	}()
	<-done
}

func TestHolderHasEnded(*testing.T) {
	var mu sync.Mutex
	start(func() { mu.Lock() })
	mu.Lock()
}

func TestHoldsItself(*testing.T) {
	var mu sync.Mutex
	mu.Lock()
	go func() {}()
	mu.Lock()
}

func TestHolderWaits(*testing.T) {
	var a, b sync.Mutex
	a.Lock()
	held, never := make(chan bool), make(chan bool)
	go func() {
		b.Lock()
		close(held)
		a.Lock()
	}()
	<-held
	b.Lock()
	<-never
}

func TestReaders(*testing.T) {
	var mu sync.RWMutex
	mu.RLock()
	start(func() { mu.RLock() })
	start(func() {
		mu.RLock()
		mu.RUnlock()
	})
	mu.Lock()
}

func TestReaderWaitsForAWriter(*testing.T) {
	var mu sync.RWMutex
	start(func() { mu.Lock() })
	mu.RLock()
}

func TestReadsTwice(*testing.T) {
	var mu sync.RWMutex
	mu.RLock()
	go func() {
		mu.Lock()
	}()
	for mu.TryRLock() {
		mu.RUnlock()
		runtime.Gosched()
	}
	mu.RLock()
}

// Somebody unlocks for another one: the reader that is left may be either.
func TestUnlockedByAnother(*testing.T) {
	var mu sync.RWMutex
	start(func() { mu.RLock() })
	start(func() { mu.RLock() })
	mu.RUnlock()
	mu.Lock()
}

// The lock goes on to one who has unlocked it for another.
func TestUnlockedForAnother(*testing.T) {
	var mu sync.Mutex
	start(func() { mu.Lock() })
	mu.Unlock()
	start(func() { mu.Lock() })
	mu.Lock()
}

func TestTriesLocks(*testing.T) {
	var mu sync.Mutex
	start(func() {
		if !mu.TryLock() {
			panic("it is free")
		}
	})
	start(func() {
		if mu.TryLock() {
			panic("it is held")
		}
	})
	mu.Lock()
}

func TestTriesReadLocks(*testing.T) {
	var mu sync.RWMutex
	start(func() {
		if !mu.TryRLock() {
			panic("it is free")
		}
	})
	start(func() {
		if mu.TryLock() {
			panic("it is held")
		}
	})
	mu.Lock()
}

// Wait unlocks, and who was woken has the lock again.
func TestCondUnlocks(*testing.T) {
	var mu sync.Mutex
	c, waits := sync.NewCond(&mu), false
	done := make(chan bool)
	go func() {
		mu.Lock()
		waits = true
		c.Wait()
		close(done)
	}()
	for {
		mu.Lock()
		ready := waits
		mu.Unlock()
		if ready {
			break
		}
		runtime.Gosched()
	}
	start(func() {
		mu.Lock()
		c.Signal()
		mu.Unlock()
	})
	<-done
	mu.Lock()
}

// The one in Wait does not hold the lock.
func TestCondIsUnlocked(*testing.T) {
	var mu sync.RWMutex
	c := sync.NewCond(mu.RLocker())
	held := make(chan bool)
	go func() {
		mu.RLock()
		close(held)
		c.Wait()
	}()
	<-held
	runtime.Gosched()
	start(func() { mu.RLock() })
	mu.Lock()
}

// The first one to be woken has the lock.
func TestWaiterGotIt(*testing.T) {
	var mu sync.Mutex
	mu.Lock()
	done := make(chan bool)
	go func() {
		mu.Lock()
		close(done)
	}()
	for range 3 {
		runtime.Gosched()
	}
	mu.Unlock()
	<-done
	mu.Lock()
}

// The leaked one waits for a lock of the test.
func TestLeaks(*testing.T) {
	var mu sync.Mutex
	mu.Lock()
	go func() { mu.Lock() }()
}

// A lock of the standard library is nobody's.
func TestInOnce(*testing.T) {
	var once sync.Once
	var mu sync.Mutex
	mu.Lock()
	mu.Unlock()
	start(func() {
		go func() { once.Do(func() { select {} }) }()
		runtime.Gosched()
	})
	once.Do(func() {})
}

// A lock that is free comes to lie where one was that is held for ever.
func TestAddressIsUsedAgain(*testing.T) {
	var mu sync.Mutex
	start(func() { mu.Lock() })
	mu = sync.Mutex{}
	start(func() { mu.Lock() })
	mu.Lock()
}

// The reader of the lock that was there before has nothing to do with this one.
func TestReadersOfAnother(*testing.T) {
	var mu sync.RWMutex
	start(func() { mu.RLock() })
	mu = sync.RWMutex{}
	start(func() { mu.RLock() })
	mu.Lock()
}
