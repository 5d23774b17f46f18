// Package limiter limits how often things happen.
package limiter

import (
	"sync"
	"time"
)

// A Limiter grants tokens: a burst at once, and then one in each interval. Many goroutines may use it at once.
//
// It guarantees:
//   - Until any time t after New, at most burst + t/interval tokens have been granted.
//   - Every waiting caller is granted a token eventually, in the order in which they came.
//   - Allow never waits.
type Limiter struct {
	burst    int
	interval time.Duration
	// stopsInTwoSteps makes the timer notice that nobody waits, and note that it stops, in two steps. That is a bug: a
	// caller that begins to wait in between believes that there is a timer.
	stopsInTwoSteps bool

	mu      sync.Mutex
	tokens  int
	counted time.Time // the time up to which tokens are counted
	waiting []chan struct{}
	ticking bool // there is a timer; it runs only while somebody waits
}

// New returns a limiter that holds a burst of tokens.
func New(burst int, interval time.Duration) *Limiter {
	return &Limiter{burst: burst, interval: interval, tokens: burst, counted: time.Now()}
}

func newBuggy(burst int, interval time.Duration) *Limiter {
	l := New(burst, interval)
	l.stopsInTwoSteps = true
	return l
}

// Allow takes a token if there is one, and says whether it did.
func (l *Limiter) Allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	return len(l.waiting) == 0 && l.take()
}

// Wait takes a token as soon as there is one.
func (l *Limiter) Wait() {
	l.mu.Lock()
	l.count()
	if len(l.waiting) == 0 && l.take() {
		l.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	l.waiting = append(l.waiting, mine)
	if !l.ticking {
		l.ticking = true
		go l.timer()
	}
	l.mu.Unlock()
	<-mine
}

// timer grants tokens to those who wait, and ends when nobody does.
func (l *Limiter) timer() {
	for {
		l.mu.Lock()
		l.count()
		for len(l.waiting) > 0 && l.take() {
			close(l.waiting[0])
			l.waiting = l.waiting[1:]
		}
		if len(l.waiting) == 0 {
			if l.stopsInTwoSteps {
				l.mu.Unlock()
				l.mu.Lock()
			}
			l.ticking = false
			l.mu.Unlock()
			return
		}
		left := l.counted.Add(l.interval).Sub(time.Now())
		l.mu.Unlock()
		time.Sleep(left)
	}
}

// count adds the tokens of the intervals that have passed. It is called with the lock held, as are the next two.
func (l *Limiter) count() {
	passed := int(time.Now().Sub(l.counted) / l.interval)
	l.counted = l.counted.Add(time.Duration(passed) * l.interval)
	l.tokens = min(l.tokens+passed, l.burst)
}

func (l *Limiter) take() bool {
	if l.tokens == 0 {
		return false
	}
	l.tokens--
	return true
}
