// Package operations has one of each operation, without a point.
package operations

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
)

type state struct {
	n      atomic.Int64
	p      atomic.Pointer[state]
	raw    int64
	mu     sync.Mutex
	rw     sync.RWMutex
	once   sync.Once
	cond   *sync.Cond
	all    sync.Map
	wait   sync.WaitGroup
	ch     chan int
	file   *os.File
	disk   Disk
	at     io.ReaderAt
	hidden int //racewindow:shared
	plain  int
}

// A Disk is a seam.
//
//racewindow:shared
type Disk interface {
	io.WriterAt
	Sync() error
}

var counter int //racewindow:shared

var table map[int]int

func load(s *state)        { s.n.Load() }                 // want `no failpoint before s.n.Load \(an atomic operation\) on some path`
func pointer(s *state)     { s.p.Store(s) }               // want `s.p.Store \(an atomic operation\)`
func function(s *state)    { atomic.AddInt64(&s.raw, 1) } // want `atomic.AddInt64 \(an atomic operation\)`
func lock(s *state)        { s.mu.Lock() }                // want `s.mu.Lock \(a lock\)`
func tryLock(s *state)     { s.mu.TryLock() }             // want `s.mu.TryLock \(a lock\)`
func readLock(s *state)    { s.rw.RLock() }               // want `s.rw.RLock \(a lock\)`
func writeLock(s *state)   { s.rw.Lock() }                // want `s.rw.Lock \(a lock\)`
func locker(l sync.Locker) { l.Lock() }                   // want `l.Lock \(a lock\)`
func unlock(s *state)      { s.mu.Unlock(); s.rw.RUnlock() }
func once(s *state)        { s.once.Do(func() {}) } // want `s.once.Do \(a lock\)`
func signal(s *state)      { s.cond.Signal() }      // want `s.cond.Signal \(a condition variable\)`
func waits(s *state)       { s.cond.Wait() }        // want `s.cond.Wait \(a condition variable\)`
func syncMap(s *state)     { s.all.Load(1) }        // want `s.all.Load \(a shared map\)`
func group(s *state)       { s.wait.Wait() }        // want `s.wait.Wait \(a wait\)`
func done(s *state)        { s.wait.Add(1); s.wait.Done() }
func send(s *state)        { s.ch <- 1 }   // want `s.ch <- \(a send\)`
func receive(s *state)     { <-s.ch }      // want `<-s.ch \(a receive\)`
func closes(s *state)      { close(s.ch) } // want `close \(a close of a channel\)`
func length(s *state) int  { return len(s.ch) }
func osFile(s *state)      { s.file.Sync() } // want `s.file.Sync \(a file operation\)`
func name(s *state) string { return s.file.Name() }
func stat()                { os.Stat("x") } // want `os.Stat \(a file operation\)`
func environment() string  { return os.Getenv("x") }
func seam(s *state)        { s.disk.Sync() }                   // want `s.disk.Sync \(an operation on shared state\)`
func embedded(s *state)    { s.disk.WriteAt(nil, 0) }          // want `s.disk.WriteAt \(an operation on shared state\)`
func readerAt(s *state)    { s.at.ReadAt(nil, 0) }             // want `s.at.ReadAt \(a file operation\)`
func field(s *state) int   { return s.hidden }                 // want `s.hidden \(a shared field\)`
func setField(s *state)    { s.hidden = 1 }                    // want `s.hidden \(a shared field\)`
func variable() int        { return counter }                  // want `a shared variable`
func setVariable()         { counter = 1 }                     // want `a shared variable`
func guarded(s *state) int { return s.plain + table[s.plain] } // guarded by a lock, or a race
func goes(s *state)        { go s.n.Load() }                   // want `s.n.Load \(an atomic operation\)`

func ranges(s *state) {
	for range s.ch { // want `\(a receive\)`
	}
}

func selects(s *state) {
	select { // want `select \(a select\)`
	case s.ch <- 1:
	case <-s.ch:
	default:
	}
}

func promoted() {
	var f struct{ *os.File }
	f.Sync() // want `f.Sync \(a file operation\)`
}
