// Package classics holds the windows that everybody has met, each beside its fix, in plain Go.
package classics

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A Log keeps records in a tail and moves them to a store.
type Log struct {
	flushed atomic.Int64 // records below are in the store
	next    atomic.Int64

	storeMu sync.RWMutex
	store   map[int64]string

	tailMu sync.Mutex
	tail   map[int64]string
}

func NewLog() *Log { return &Log{store: map[int64]string{}, tail: map[int64]string{}} }

// Append returns when the record can be read.
func (l *Log) Append(v string) int64 {
	l.tailMu.Lock()
	defer l.tailMu.Unlock()
	n := l.next.Load()
	l.tail[n] = v
	l.next.Store(n + 1)
	return n
}

// Flush moves the tail to the store.
func (l *Log) Flush() {
	l.tailMu.Lock()
	moved := map[int64]string{}
	for n, v := range l.tail {
		moved[n] = v
	}
	l.tailMu.Unlock()

	l.storeMu.Lock()
	for n, v := range moved {
		l.store[n] = v
	}
	l.storeMu.Unlock()
	l.flushed.Add(int64(len(moved)))

	l.tailMu.Lock()
	for n := range moved {
		delete(l.tail, n)
	}
	l.tailMu.Unlock()
}

// Read looks at how far the store reaches, and then in the one or the other: it checks, then acts.
func (l *Log) Read(n int64) (string, bool) {
	if n < l.flushed.Load() {
		l.storeMu.RLock()
		defer l.storeMu.RUnlock()
		v, ok := l.store[n]
		return v, ok
	}
	l.tailMu.Lock()
	defer l.tailMu.Unlock()
	v, ok := l.tail[n]
	return v, ok
}

// ReadAgain looks again.
func (l *Log) ReadAgain(n int64) (string, bool) {
	for {
		before := l.flushed.Load()
		if v, ok := l.Read(n); ok {
			return v, ok
		}
		if l.flushed.Load() == before {
			return "", false
		}
	}
}

// A Box hands one value over.
type Box struct {
	mu   sync.Mutex
	cond *sync.Cond
	full bool
}

func NewBox() *Box {
	b := &Box{}
	b.cond = sync.NewCond(&b.mu)
	return b
}

func (b *Box) Put() {
	b.mu.Lock()
	b.full = true
	b.mu.Unlock()
	b.cond.Signal()
}

// Get looks, lets go of the lock, and then waits: a Put in between is lost.
func (b *Box) Get() {
	b.mu.Lock()
	full := b.full
	b.mu.Unlock()
	if !full {
		b.mu.Lock()
		b.cond.Wait()
		b.mu.Unlock()
	}
}

// GetRight waits as one should.
func (b *Box) GetRight() {
	b.mu.Lock()
	for !b.full {
		b.cond.Wait()
	}
	b.mu.Unlock()
}

// An Account has a number, which TransferRight locks by.
type Account struct {
	mu      sync.Mutex
	number  int
	balance int
}

// Transfer locks in the order of its arguments.
func Transfer(from, to *Account, n int) {
	from.mu.Lock()
	to.mu.Lock()
	from.balance -= n
	to.balance += n
	to.mu.Unlock()
	from.mu.Unlock()
}

// TransferRight locks in the order of the numbers.
func TransferRight(from, to *Account, n int) {
	first, second := from, to
	if second.number < first.number {
		first, second = second, first
	}
	first.mu.Lock()
	second.mu.Lock()
	from.balance -= n
	to.balance += n
	second.mu.Unlock()
	first.mu.Unlock()
}

// A Feed may be closed while somebody sends.
type Feed struct {
	mu     sync.Mutex
	closed bool
	ch     chan int
}

// Send looks, and then sends.
func (f *Feed) Send(v int) bool {
	f.mu.Lock()
	closed := f.closed
	f.mu.Unlock()
	if closed {
		return false
	}
	select {
	case f.ch <- v:
		return true
	default:
		return false
	}
}

// SendRight sends with the lock held.
func (f *Feed) SendRight(v int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	select {
	case f.ch <- v:
		return true
	default:
		return false
	}
}

func (f *Feed) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	close(f.ch)
}

var errLate = errors.New("late")

// Ask leaks its worker when the context ends first: nobody takes the answer.
func Ask(ctx context.Context, work func() int) (int, error) {
	return ask(ctx, work, make(chan int))
}

// AskRight leaves the answer in the channel.
func AskRight(ctx context.Context, work func() int) (int, error) {
	return ask(ctx, work, make(chan int, 1))
}

func ask(ctx context.Context, work func() int, answer chan int) (int, error) {
	go func() { answer <- work() }()
	select {
	case v := <-answer:
		return v, nil
	case <-ctx.Done():
		return 0, errLate
	}
}

// Sum adds in goroutines that count themselves in: Wait can come first.
func Sum(n int) int {
	var wg sync.WaitGroup
	var sum atomic.Int64
	for i := range n {
		go func() {
			wg.Add(1)
			defer wg.Done()
			sum.Add(int64(i))
		}()
	}
	wg.Wait()
	return int(sum.Load())
}

// SumRight counts before it starts them.
func SumRight(n int) int {
	var wg sync.WaitGroup
	var sum atomic.Int64
	for i := range n {
		wg.Go(func() { sum.Add(int64(i)) })
	}
	wg.Wait()
	return int(sum.Load())
}

// Patient waits for a while at most.
func Patient(done <-chan struct{}, while time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(while):
		return false
	}
}
