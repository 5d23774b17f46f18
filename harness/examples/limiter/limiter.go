// Package limiter limits how often things happen.
package limiter

import (
	"context"
	"sync"
	"time"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

const packagePath = "github.com/racewindow/racewindow/harness/examples/limiter"

var (
	lock    = failpoints.WaitPoint(packagePath, "lock")
	granted = failpoints.WaitPoint(packagePath, "wait/granted")
	tick    = failpoints.WaitPoint(packagePath, "timer/tick")
)

// One lock guards everything that is shared, so all points name the same resource.
var _ = failpoints.Declare(packagePath, []failpoints.Declaration{
	{Name: "lock", Kind: failpoints.KindWait, Resource: "tokens", Access: failpoints.Writes, Reason: "callers and the timer take turns"},
	{Name: "wait/granted", Kind: failpoints.KindWait, Resource: "tokens", Access: failpoints.Writes, Reason: "a caller may give up just when it is granted a token"},
	{Name: "timer/tick", Kind: failpoints.KindWait, Resource: "tokens", Access: failpoints.Writes, Reason: "time has passed, so there are more tokens"},
	{Name: "timer/stopping", Kind: failpoints.KindYield, Resource: "tokens", Access: failpoints.Writes, Reason: "nobody waits, but the timer has not noted yet that it stops"},
})

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
func New(ctx context.Context, burst int, interval time.Duration) *Limiter {
	return &Limiter{burst: burst, interval: interval, tokens: burst, counted: failpoints.Now(ctx)}
}

func newBuggy(ctx context.Context, burst int, interval time.Duration) *Limiter {
	l := New(ctx, burst, interval)
	l.stopsInTwoSteps = true
	return l
}

// Allow takes a token if there is one, and says whether it did.
func (l *Limiter) Allow(ctx context.Context) bool {
	failpoints.Lock(ctx, lock, &l.mu)
	defer l.mu.Unlock()
	l.count(ctx)
	return len(l.waiting) == 0 && l.take()
}

// Wait takes a token as soon as there is one. Its error is the error of ctx.
func (l *Limiter) Wait(ctx context.Context) error {
	failpoints.Lock(ctx, lock, &l.mu)
	l.count(ctx)
	if len(l.waiting) == 0 && l.take() {
		l.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	l.waiting = append(l.waiting, mine)
	if !l.ticking {
		l.ticking = true
		failpoints.Go(failpoints.Detach(ctx), "timer", l.timer)
	}
	l.mu.Unlock()
	_, _, err := failpoints.Receive(ctx, granted, mine)
	if err != nil {
		l.forget(ctx, mine)
	}
	return err
}

// timer grants tokens to those who wait, and ends when nobody does.
func (l *Limiter) timer(ctx context.Context) {
	for {
		failpoints.Lock(ctx, lock, &l.mu)
		l.count(ctx)
		for len(l.waiting) > 0 && l.take() {
			close(l.waiting[0])
			l.waiting = l.waiting[1:]
		}
		if len(l.waiting) == 0 {
			if l.stopsInTwoSteps {
				l.mu.Unlock()
				failpoint.InjectCall("timer/stopping", ctx)
				failpoints.Lock(ctx, lock, &l.mu)
			}
			l.ticking = false
			l.mu.Unlock()
			return
		}
		left := l.counted.Add(l.interval).Sub(failpoints.Now(ctx))
		l.mu.Unlock()
		_ = failpoints.Sleep(ctx, tick, left) // this context has no end
	}
}

// count adds the tokens of the intervals that have passed. It is called with the lock held, as are the next two.
func (l *Limiter) count(ctx context.Context) {
	passed := int(failpoints.Now(ctx).Sub(l.counted) / l.interval)
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

// forget drops a caller that no longer waits. If it was granted a token meanwhile, the token is given back.
func (l *Limiter) forget(ctx context.Context, mine chan struct{}) {
	failpoints.Lock(ctx, lock, &l.mu)
	defer l.mu.Unlock()
	for i, w := range l.waiting {
		if w == mine {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			return
		}
	}
	l.tokens = min(l.tokens+1, l.burst)
}
