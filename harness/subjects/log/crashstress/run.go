package crashstress

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/harness/deadlock"
	crash "github.com/racewindow/racewindow/harness/disks"
)

// maxDistinct is how many disks a run remembers. It does not know whether later ones are new.
const maxDistinct = 4 << 20

// A run hands out logs and cycles.
type run struct {
	config  Config
	began   time.Time
	logs    atomic.Uint64
	tickets atomic.Uint64
	cycles  atomic.Uint64 // how many have begun
	stop    atomic.Bool

	mu      sync.Mutex
	seen    map[uint64]struct{}
	summary *Summary
}

// Run runs cycles. The Summary says what was done and, in Violation, what was found. An error means that the run has no
// verdict: the settings are wrong (ErrConfig), a cycle takes too long (*HangError), or too little was done (ErrTooLittle).
//
// The end of ctx ends the run early and in order.
func Run(ctx context.Context, config Config) (*Summary, error) {
	config = config.withDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	r := &run{config: config, began: time.Now(), seen: map[uint64]struct{}{}, summary: &Summary{
		Handover: config.Handover.Name(), Model: config.Model.String(), Goroutines: config.Goroutines, Workers: config.Workers,
		Seed: config.Seed, Race: RaceDetector,
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var group sync.WaitGroup
		for range config.Workers {
			group.Add(1)
			go func() {
				defer group.Done()
				r.work(context.WithoutCancel(ctx))
			}()
		}
		group.Wait()
	}()
	err := r.watch(ctx, done)
	r.mu.Lock() // a cycle that hangs may still end
	defer r.mu.Unlock()
	s := *r.summary
	s.Elapsed, s.Promises = time.Since(r.began), map[string]uint64{}
	for i, p := range promises {
		s.Promises[p.Name] = s.tested[i]
	}
	s.Rate = float64(s.Cycles) / max(s.Elapsed.Seconds(), 1e-6)
	if hang := new(HangError); errors.As(err, &hang) && hang.Deadlock != nil && s.Violation == nil {
		s.Violation, err = config.deadlocked(hang.Deadlock), nil
	}
	if err == nil && s.Violation == nil {
		err = s.tooLittle(config, ctx.Err() != nil)
	}
	if err != nil {
		s.Failure = err.Error()
	}
	return &s, err
}

// work runs one log after the other.
func (r *run) work(ctx context.Context) {
	for r.goesOn() {
		l := newLife(r.config, r.config.FirstLog+r.logs.Add(1)-1, r.remember)
		l.stopped = r.stop.Load
		found := l.run(ctx, r.next)
		r.mu.Lock()
		r.summary.Logs++
		r.summary.counts.add(&l.counts)
		if found != nil && r.summary.Violation == nil {
			r.summary.Violation = found
		}
		r.mu.Unlock()
		if found != nil {
			r.stop.Store(true)
		}
	}
}

func (r *run) goesOn() bool {
	return !r.stop.Load() && (r.config.Cycles == 0 || r.tickets.Load() < r.config.Cycles) &&
		(r.config.Duration == 0 || time.Since(r.began) < r.config.Duration)
}

// next reports whether another cycle follows, and counts it.
func (r *run) next() bool {
	if !r.goesOn() || r.config.Cycles > 0 && r.tickets.Add(1) > r.config.Cycles {
		return false
	}
	r.cycles.Add(1)
	return true
}

// remember counts a disk, and whether it is new.
func (r *run) remember(i *crash.Image) {
	hash := i.Hash()
	key := binary.LittleEndian.Uint64(hash[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.summary
	s.Disks++
	if s.DistinctBounded = len(r.seen) >= maxDistinct; s.DistinctBounded {
		return
	}
	r.seen[key] = struct{}{}
	s.Distinct = uint64(len(r.seen))
}

// watch reports progress until the work is done. A cycle that does not end is an error: it has a verdict if its goroutines wait for
// one another, and none if it only takes long.
func (r *run) watch(ctx context.Context, done <-chan struct{}) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	before, since := uint64(0), time.Now()
	interrupted := ctx.Done()
	look := &deadlock.Watch{NoTimer: []string{"github.com/racewindow/racewindow/harness/subjects/log/words."}}
	for {
		select {
		case <-done:
			return nil
		case <-interrupted:
			r.stop.Store(true)
			interrupted = nil
		case <-tick.C:
		}
		now := r.cycles.Load()
		if r.config.Progress != nil {
			r.config.Progress(Progress{Cycles: now, Limit: r.config.Cycles, Elapsed: time.Since(r.began), Duration: r.config.Duration})
		}
		if now != before {
			before, since = now, time.Now()
		} else if overdue := time.Since(since); overdue > deadlock.Every {
			if d := look.Look(); d != nil || overdue > r.config.Grace {
				var stacks strings.Builder
				_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // a Builder takes everything
				return &HangError{Overdue: overdue, Deadlock: d, Stacks: stacks.String()}
			}
		}
	}
}

// A HangError says that a cycle did not end: because its goroutines wait for one another, or not for a long time. Only the first
// breaks a promise.
type HangError struct {
	Overdue time.Duration
	// Deadlock says where they wait for one another; nil if it is not known that they do.
	Deadlock *deadlock.Deadlock
	// Stacks are the stacks of all goroutines, with equal ones counted.
	Stacks string
}

// Error says how long the cycle hangs, without the stacks.
func (e *HangError) Error() string {
	if e.Deadlock != nil {
		return fmt.Sprintf("a cycle never ends: %v", e.Deadlock)
	}
	return fmt.Sprintf("a cycle has not ended for %v: a lost wake-up, a deadlock, or a machine that is far too slow (--grace)", e.Overdue.Round(time.Second))
}

// tooLittle is an error if a run without a violation did too little for that to mean anything.
func (s *Summary) tooLittle(c Config, interrupted bool) error {
	distinct, unsynced := float64(s.Distinct)/max(1, float64(s.Disks)), float64(s.Unsynced)/max(1, float64(s.Cycles))
	switch {
	case interrupted:
		return fmt.Errorf("%w: interrupted after %v; the summary has what was done until then", ErrTooLittle, s.Elapsed.Round(time.Millisecond))
	case s.Cycles < c.Cycles:
		return fmt.Errorf("%w: %d of %d cycles in %v: give it more time (--duration)", ErrTooLittle, s.Cycles, c.Cycles, s.Elapsed.Round(time.Millisecond))
	case s.Cycles == 0:
		return fmt.Errorf("%w: no cycle was completed: give it more time (--duration)", ErrTooLittle)
	case s.Transactions == 0 || s.Exposed == 0:
		return fmt.Errorf("%w: %d transactions were recovered, %d could be lost: both must be above 0", ErrTooLittle, s.Transactions, s.Exposed)
	case c.MinDistinct > 0 && !s.DistinctBounded && distinct < c.MinDistinct:
		return fmt.Errorf("%w: %.3f of the disks were distinct, at least %.3f must be (--min-distinct)", ErrTooLittle, distinct, c.MinDistinct)
	case c.MinUnsynced > 0 && unsynced < c.MinUnsynced:
		return fmt.Errorf("%w: in %.3f of the cycles something could be lost, at least %.3f must (--min-unsynced)", ErrTooLittle, unsynced, c.MinUnsynced)
	case c.Faults > 0 && s.Faults == 0:
		return fmt.Errorf("%w: no fault happened: raise --faults, or give it more time", ErrTooLittle)
	}
	if names := s.untested(); len(names) > 0 && s.Cycles >= 100 && c.Interrupted > 0 {
		return fmt.Errorf("%w: never put to the test: %s", ErrTooLittle, strings.Join(names, ", "))
	}
	return nil
}
