// Package before starts goroutines and timers when it is initialized, as loggers, caches and pools do.
package before

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

var (
	jobs   = make(chan func())
	tasks  = make(chan func())
	opened = make(chan struct{})
	beats  atomic.Int64
	expiry = time.NewTimer(time.Hour)
	never  = time.NewTimer(math.MaxInt64)

	ctx, _ = context.WithTimeout(context.Background(), time.Minute)
	ended  = ctx.Done()

	mu      sync.Mutex
	waiting []chan struct{}
)

func init() {
	go work()
	go flush(time.NewTicker(50 * time.Millisecond))
	go beat()
	for range 3 {
		go serve()
	}
	time.AfterFunc(1500*time.Millisecond, open)
}

// work starts a helper with the first job.
func work() {
	helped := make(chan func())
	once := sync.OnceFunc(func() { go help(helped) })
	for job := range jobs {
		once()
		helped <- job
	}
}

func help(jobs chan func()) {
	for job := range jobs {
		job()
	}
}

func serve() {
	for task := range tasks {
		task()
	}
}

// flush lets go of everybody in Flush.
func flush(ticker *time.Ticker) {
	for range ticker.C {
		mu.Lock()
		for _, w := range waiting {
			close(w)
		}
		waiting = nil
		mu.Unlock()
	}
}

func beat() {
	for {
		time.Sleep(time.Second)
		beats.Add(1)
	}
}

func open() {
	select {
	case <-opened:
	default:
		close(opened)
	}
}

// Flush waits for the next flush.
func Flush() {
	w := make(chan struct{})
	mu.Lock()
	waiting = append(waiting, w)
	mu.Unlock()
	<-w
}

// Do gives a job to the package's worker.
func Do(job func()) { jobs <- job }
