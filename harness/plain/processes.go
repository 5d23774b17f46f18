// How the tests of a package are divided among processes, and time among tests.

package plain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
)

// A Share divides time among tests: a test that needs less leaves more for those after it, and one that needs more, because its findings
// are made smaller, leaves less. Several goroutines may use it at once.
type Share struct {
	mu    sync.Mutex
	left  time.Duration
	tests int
}

// NewShare divides the time of one process among a number of tests.
func NewShare(whole time.Duration, tests int) *Share { return &Share{left: whole, tests: tests} }

// leastShare is what a test gets when the time is used up: it is still executed a few times. leastShrinking is the least time in which its
// findings are made smaller: nobody can read one with a thousand switches.
const (
	leastShare     = 100 * time.Millisecond
	leastShrinking = 500 * time.Millisecond
)

// take returns the time for the next test, at most most unless that is 0. back takes how long the test needed.
func (s *Share) take(most time.Duration) (own time.Duration, back func(used time.Duration)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own = s.left / time.Duration(max(s.tests, 1))
	if most > 0 {
		own = min(own, most)
	}
	own = max(own, leastShare)
	s.tests--
	s.left -= own
	return own, func(used time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.left += own - used
	}
}

// ErrTimeout is wrapped by the error of a package whose tests took too long.
var ErrTimeout = errors.New("the tests took too long")

// all explores the tests of the package, in as many processes as the session has.
func (b *binary) all(ctx context.Context) error {
	if b.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, b.Timeout, fmt.Errorf("%w: those of %s took more than %v", ErrTimeout, b.of.ImportPath, b.Timeout))
		defer stop()
	}
	if b.Processes < 2 && b.Share == nil {
		return b.some(ctx, b.of.Tests)
	}
	queue := make(chan string, len(b.of.Tests))
	for _, test := range b.of.Tests {
		queue <- test
	}
	close(queue)
	var mu sync.Mutex
	event, failed, wait := b.Event, error(nil), sync.WaitGroup{}
	for range max(b.Processes, 1) {
		wait.Go(func() {
			own := *b.Session
			own.Event = func(p Package, e drive.Event) {
				mu.Lock()
				defer mu.Unlock()
				event(p, e)
			}
			for test := range queue {
				one := &binary{Session: &own, of: b.of, folder: b.folder, file: b.file, home: b.home, arguments: b.arguments}
				if err := one.one(ctx, test); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wait.Wait()
	return failed
}

// one explores one test, with its share of the time.
func (b *binary) one(ctx context.Context, test string) error {
	if b.Share != nil {
		own, back := b.Share.take(b.Order.Budget)
		session := *b.Session
		session.Order.Budget, session.Order.Shrinking = own, max(own, leastShrinking)
		b.Session = &session
		began := time.Now()
		defer func() { back(time.Since(began)) }()
	}
	return b.some(ctx, []string{test})
}

// some explores some of the tests, one after another.
func (b *binary) some(ctx context.Context, tests []string) (err error) {
	b.done = slices.Concat(b.of.Checks, b.of.Left)
	for _, test := range b.of.Tests {
		if !slices.Contains(tests, test) {
			b.done = append(b.done, test)
		}
	}
	b.others = len(b.done)
	for more := true; more; {
		if more, err = b.process(ctx); err != nil {
			return b.stopped(ctx, err)
		}
	}
	return b.passedOver(tests)
}

// stopped reports the test that was being explored when everything was stopped, and its finding that was being made smaller.
func (b *binary) stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		b.abandon()
	}
	if b.began != "" && ctx.Err() != nil {
		b.Event(b.of, drive.Event{Event: drive.Ended, Test: b.began, Code: 3, Plain: &drive.PlainSummary{Verdict: drive.Unjudged, Because: context.Cause(ctx).Error()}})
		b.began = ""
	}
	return err
}
