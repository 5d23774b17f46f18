package storage

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

// The flusher is the store's only task. It flushes a log when its interval has passed, or at once if the log asks for it.

// flushLater asks for a flush of l when the interval has passed.
func (s *Store) flushLater(ctx context.Context, l *Log) {
	s.request(ctx, flushRequest{l, failpoints.Now(ctx).Add(s.options.FlushInterval)})
}

// flushSoon asks for a flush of l now.
func (s *Store) flushSoon(ctx context.Context, l *Log) { s.request(ctx, flushRequest{log: l}) }

func (s *Store) request(ctx context.Context, r flushRequest) {
	failpoints.Lock(ctx, storeLock, &s.mu)
	s.due = append(s.due, r)
	s.mu.Unlock()
	s.wakeFlusher(ctx)
}

func (s *Store) wakeFlusher(ctx context.Context) {
	failpoint.InjectCall("flusher/before-wake", ctx)
	select {
	case s.wake <- struct{}{}:
	default: // a wake-up is already waiting, and the flusher will see every request made before it takes it
	}
}

func (s *Store) flusher(ctx context.Context) {
	defer close(s.stopped) //racewindow:atomic because only Close waits for it, and Close waits for nothing else
	for {
		due, next, closed := s.takeDue(ctx)
		if closed {
			return
		}
		for _, r := range due {
			// Any other error is sticky in the log: every later append and flush of that log returns it.
			if err := r.log.flushTail(ctx, r); errors.Is(err, ErrNoSpace) {
				r.log.flushAgain(ctx)
			}
			failpoint.InjectCall("flusher/flushed", ctx)
		}
		if len(due) > 0 {
			continue
		}
		// The only error is the context's, and this context never ends.
		_, _, _, _ = failpoints.ReceiveUntil(ctx, storeWake, s.wake, next)
	}
}

// takeDue removes and returns the requests whose time has come. next is the earliest time of those that remain, zero if
// there are none.
func (s *Store) takeDue(ctx context.Context) (due []flushRequest, next time.Time, closed bool) {
	now := failpoints.Now(ctx)
	failpoints.Lock(ctx, storeLock, &s.mu)
	defer s.mu.Unlock()
	later := s.due[:0]
	for _, r := range s.due {
		if !r.at.After(now) {
			due = append(due, r)
			continue
		}
		later = append(later, r)
		if next.IsZero() || r.at.Before(next) {
			next = r.at
		}
	}
	clear(s.due[len(later):])
	s.due = later
	return due, next, s.closed
}

func sortByHandle(logs []*Log) {
	slices.SortFunc(logs, func(a, b *Log) int { return strings.Compare(a.handle, b.handle) })
}
