package explore

import (
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// The stages of an exploration.
const (
	StageCanary   = "looking for the canary"
	StageEstimate = "estimating how many schedules there are"
	StageSearch   = "searching"
	StageShrink   = "making what was found smaller"
)

// Progress says how far an exploration has come.
type Progress struct {
	Stage      string
	Elapsed    time.Duration
	Program    int
	Findings   int
	Disks      uint64
	Statistics sched.Statistics
}

// A teller reports the progress of an exploration at intervals until it is stopped, whatever the exploration is doing.
type teller struct {
	mu  sync.Mutex
	now Progress
}

// tellEvery is the interval between reports.
const tellEvery = 250 * time.Millisecond

// tell calls told at intervals until stop is called.
func (t *teller) tell(told func(Progress)) (stop func()) {
	if told == nil {
		return func() {}
	}
	began := time.Now()
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			t.mu.Lock()
			now := t.now
			t.mu.Unlock()
			now.Elapsed = time.Since(began)
			told(now)
		}
	}()
	return func() { close(end); <-done }
}

// update changes what is reported next.
func (t *teller) update(change func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.now)
}

func (t *teller) stage(name string) { t.update(func(p *Progress) { p.Stage = name }) }
