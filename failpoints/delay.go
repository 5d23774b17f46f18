package failpoints

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"
)

// Delays says how goroutines are delayed at failpoints. The zero value delays nothing.
type Delays struct {
	// Probability of a delay at a yield or wait point, 0 to 1.
	Probability float64
	// Spin, Gosched and Sleep are the weights of the three ways to delay: burn processor cycles, yield the processor, sleep.
	// If all are zero, the weights are equal.
	Spin, Gosched, Sleep int
	// MaxSpin bounds a spin, in turns of a loop (about a nanosecond each); zero means 2000.
	MaxSpin int
	// MaxSleep bounds a sleep; zero means 200 us. Half of the sleeps are drawn up to this bound, a quarter up to a tenth of
	// it, an eighth up to a hundredth, and so on. Spins are drawn in the same way.
	MaxSleep time.Duration
	// Points restricts delays to points whose name starts with one of these prefixes; empty means all points.
	Points []string
}

// Check returns an error if d is out of its bounds.
func (d Delays) Check() error {
	switch {
	case !(d.Probability >= 0 && d.Probability <= 1): // also not a number
		return fmt.Errorf("delay probability %v: must lie between 0 and 1", d.Probability)
	case d.Spin < 0 || d.Gosched < 0 || d.Sleep < 0:
		return fmt.Errorf("delay weights %d, %d, %d: must not be negative", d.Spin, d.Gosched, d.Sleep)
	case d.MaxSpin < 0 || d.MaxSleep < 0:
		return fmt.Errorf("delay bounds %d and %v: must not be negative", d.MaxSpin, d.MaxSleep)
	}
	return nil
}

func (d Delays) withDefaults() Delays {
	if d.Spin == 0 && d.Gosched == 0 && d.Sleep == 0 {
		d.Spin, d.Gosched, d.Sleep = 1, 1, 1
	}
	if d.MaxSpin == 0 {
		d.MaxSpin = 2000
	}
	if d.MaxSleep == 0 {
		d.MaxSleep = 200 * time.Microsecond
	}
	return d
}

// A Delayer is a Controller that delays at random. It serves one goroutine, so it needs no lock and orders nobody. A task
// that its goroutine starts through Go gets its own Delayer, seeded from this one.
type Delayer struct {
	delays Delays
	random rand.PCG
	// Count is the number of delays so far.
	Count uint64
}

// NewDelayer returns a Delayer whose choices depend on seed and stream alone.
func NewDelayer(d Delays, seed, stream uint64) *Delayer {
	return &Delayer{delays: d.withDefaults(), random: *rand.NewPCG(seed, stream)}
}

// Yield delays with probability Delays.Probability.
func (d *Delayer) Yield(_ context.Context, p *Point) {
	if d.delays.Probability == 0 || d.unit() >= d.delays.Probability || !d.covers(p.name) {
		return
	}
	d.Count++
	switch n := int(d.random.Uint64() % uint64(d.delays.Spin+d.delays.Gosched+d.delays.Sleep)); {
	case n < d.delays.Spin:
		_ = spin(d.length(d.delays.MaxSpin))
	case n < d.delays.Spin+d.delays.Gosched:
		runtime.Gosched()
	default:
		time.Sleep(time.Duration(d.length(int(d.delays.MaxSleep))))
	}
}

// Fault never delivers a fault.
func (d *Delayer) Fault(context.Context, *Point) (any, bool) { return nil, false }

// Spawn gives the task its own Delayer.
func (d *Delayer) Spawn(ctx context.Context, _ string, f func(context.Context)) func() {
	child := NewDelayer(d.delays, d.random.Uint64(), d.random.Uint64())
	return func() { f(With(ctx, child)) }
}

func (d *Delayer) unit() float64 { return float64(d.random.Uint64()>>11) / (1 << 53) }

// length draws from 1 to limit, or to a tenth of it, or a hundredth, …: each range is half as likely as the one before.
func (d *Delayer) length(limit int) int {
	for limit > 10 && d.random.Uint64()&1 == 0 {
		limit /= 10
	}
	return 1 + int(d.random.Uint64()%uint64(limit))
}

func (d *Delayer) covers(name string) bool {
	for _, prefix := range d.delays.Points {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return len(d.delays.Points) == 0
}

//go:noinline
func spin(turns int) (n int) {
	for i := range turns {
		n += i
	}
	return n
}
