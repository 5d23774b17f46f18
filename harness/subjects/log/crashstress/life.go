package crashstress

import (
	"context"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// A life is the cycles of one log. One goroutine runs it.
type life struct {
	config  Config
	number  uint64
	seed    uint64
	random  *rand.Rand
	options storage.Options
	values  check.Values
	counts  counts
	seen    func(*crash.Image) // called with each disk that is recovered from
	stopped func() bool        // reports that the run is over, so that a cycle may end early

	// What is known of the log, from cycle to cycle.
	disk      *crash.Disk // the disk of a process that died; nil if power was lost
	image     *crash.Image
	owners    check.Owners
	durable   uint64 // transactions that must be there
	settled   uint64 // transactions that the last recovery found; later ones are of the last incarnation
	base      []uint32
	sequences []uint32 // by client, the last sequence number
	refused   []uint32 // by client, the append of the last incarnation that a close refused; 0 is none
	cycle     int
	perClient float64 // failpoints that one operation passes, on average over the cycles so far
	loss      loss    // the last loss
}

func newLife(c Config, number uint64, seen func(*crash.Image)) *life {
	seed := c.Seed + (number+1)*0x9e3779b97f4a7c15
	l := &life{
		config: c, number: number, seed: seed, seen: seen, stopped: func() bool { return false },
		random:    rand.New(rand.NewPCG(seed, 1)),
		values:    check.Values{Seed: seed, MaxBytes: c.MaxValueBytes},
		image:     crash.New().Sample(c.Model, crash.Replay(nil)),
		base:      make([]uint32, c.Goroutines),
		sequences: make([]uint32, c.Goroutines),
		refused:   make([]uint32, c.Goroutines),
		perClient: 8,
	}
	l.options = storage.Options{
		Handover:      c.Handover,
		ArenaBytes:    pick(l.random, 512, 4096),
		ChunkBytes:    pick[int64](l.random, 256, 2048, 64<<10),
		SegmentBytes:  pick[int64](l.random, 1024, 8<<10, 64<<20),
		FlushBytes:    1 << 40,
		CacheBytes:    -1, // so that reads reach the files
		FlushInterval: -1,
	}
	if c.Goroutines == 1 && !failpoints.Instrumented() { // nothing holds the flusher back in this build, so it must have nothing to do
		l.options.ChunkBytes = 1 << 40
	}
	if c.Goroutines > 1 { // the run is not deterministic anyway, so the flusher may work too
		l.options.FlushBytes = pick[int64](l.random, 256, 4<<10, 1<<40)
		l.options.FlushInterval = pick(l.random, -1, time.Millisecond, 5*time.Millisecond)
		l.options.TailBytes = pick[int64](l.random, 0, smallTail)
	}
	return l
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// happens draws whether something with a probability happens.
func (l *life) happens(probability float64) bool { return l.random.Float64() < probability }

// run runs a cycle for each call of next that returns true, at most PerLog.
func (l *life) run(ctx context.Context, next func() bool) (f *Finding) {
	defer func() {
		if why := recover(); why != nil { // while the log was opened, judged or closed
			f = l.finding(check.Panicked(why, debug.Stack()))
		}
	}()
	for l.cycle = 0; l.cycle < l.config.PerLog && next(); l.cycle++ {
		n, v := l.reopen(ctx)
		if v == nil {
			v = n.live(ctx)
		}
		if v != nil {
			return l.finding(v)
		}
		l.take(n)
	}
	if l.cycle > 0 { // what the last loss left has not been checked
		if n, v := l.reopen(ctx); v != nil {
			return l.finding(v)
		} else if v := n.end(ctx); v != nil {
			return l.finding(v)
		}
	}
	return nil
}

// take keeps the results of an incarnation: what was acknowledged, what must survive, and the disk that is left.
func (l *life) take(n *incarnation) {
	for _, c := range n.clients {
		l.sequences[c.Number], l.refused[c.Number] = c.Sequence, c.refused
		for _, a := range c.acknowledged {
			l.owners.Set(a.tx, c.Number, a.sequence)
		}
		l.counts.add(&c.counts)
	}
	copy(l.base, n.base)
	l.loss = n.loss
	l.counts.lost(&n.loss, uint64(len(l.owners)))
	l.durable = max(l.durable, n.loss.durable)
	l.perClient = 0.7*l.perClient + 0.3*float64(n.passed.Load())/max(1, float64(n.planned))
	if n.loss.death {
		l.disk = n.disk
		return
	}
	l.disk = nil
	l.image = n.loss.moment.Sample(crash.NewTape(l.random.Uint64()))
	l.seen(l.image)
}

// expected is what the last loss may have left.
func (l *life) expected() check.Expected {
	return check.Expected{
		Values: l.values, Durable: l.durable, Owner: l.owners.Of,
		Invoked: func(client uint32) uint32 {
			if int64(client) >= int64(len(l.sequences)) {
				return 0
			}
			return l.sequences[client]
		},
	}
}
