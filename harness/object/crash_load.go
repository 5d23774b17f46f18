package object

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spec"
)

// A CrashLoad runs many small programs side by side on goroutines, as a Load does, each on an object on a disk in memory that
// loses power while its clients run. An object is opened on what that leaves, and its clients go on with it.
type CrashLoad struct {
	Load
	// Model says which disks may be left.
	Model disks.Model
	// Cycles, if it is set, ends the run: losses of power. Duration or Cycles must be set, Operations must not.
	Cycles uint64
	// PerLog is how often one object's disk loses power at most; default 3.
	PerLog int
	// Interrupted is the share of recoveries in which power is lost too, 0 to 1.
	Interrupted float64
	// Faults is the share of lives of an object, from its opening to the loss of power, in which its disk also fails, 0 to 1. An
	// operation that returns an error then may have taken effect or not; what returned without one is what it always is.
	Faults float64
	// Progress, if it is set, is called after each round.
	Progress func(CrashResult)
}

// A CrashResult is what a CrashLoad came to.
type CrashResult struct {
	Seed uint64 `json:"seed"`
	// Model says which disks could be left.
	Model string `json:"model"`
	// Programs were drawn, Instances are objects that one was begun on, Operations all operations of these that returned.
	Programs   int    `json:"programs"`
	Instances  uint64 `json:"instances"`
	Operations uint64 `json:"operations"`
	// Cycles are losses of power; UnderLoad those while an operation was under way, Unsynced those at which something could be lost,
	// GoneOn those after which the clients went on, with what was left.
	Cycles    uint64 `json:"cycles"`
	UnderLoad uint64 `json:"cycles_under_load"`
	Unsynced  uint64 `json:"cycles_with_something_to_lose"`
	GoneOn    uint64 `json:"second_lives"`
	// Disks were left, as they came; Judged are those that differ, by what was on them or had to be; Unjudged would have taken too
	// many orders. Interrupted are recoveries that lost power themselves.
	Disks       uint64 `json:"disks"`
	Judged      uint64 `json:"disks_judged"`
	Unjudged    uint64 `json:"disks_not_judged"`
	Interrupted uint64 `json:"recoveries_interrupted"`
	// Faults are operations of the disk that failed.
	Faults uint64 `json:"faults"`
	// Peak is how many clients there were at once, at most. Abandoned are objects whose operations did not come back although their
	// disk was gone and their context had ended.
	Peak      uint64 `json:"goroutines_at_the_peak"`
	Abandoned uint64 `json:"instances_abandoned"`
	// DataRaces are the race detector's reports.
	DataRaces int           `json:"data_races"`
	Canary    string        `json:"canary,omitempty"`
	Duration  time.Duration `json:"duration_ns"`
	Ended     string        `json:"ended"`
	Finding   *CrashFinding `json:"-"`
}

// A CrashFinding is a program after which an object held what it must not.
type CrashFinding struct {
	Case      cases.Case
	Violation *Violation
	// Told is what was acknowledged, what was there afterwards, and on what.
	Told string
}

// mostJudged is how many operations of a program leave room for the probes in what can be judged.
const mostJudged = spec.MaxOperations - mostProbes

func (c *CrashLoad) check() error {
	if err := c.checkSize(); err != nil {
		return err
	}
	switch {
	case c.Duration == 0 && c.Cycles == 0:
		return fmt.Errorf("%w: a duration of 0: give one, or a number of cycles", ErrLoad)
	case c.Operations != 0:
		return fmt.Errorf("%w: cycles end it, and not %d operations", ErrLoad, c.Operations)
	case c.PerLog < 0 || !(c.Interrupted >= 0 && c.Interrupted <= 1) || !(c.Faults >= 0 && c.Faults <= 1):
		return fmt.Errorf("%w: power is lost %d times on one disk, and in a share of %v of recoveries, and the disk fails in a share of %v: at least once, and 0 to 1",
			ErrLoad, c.PerLog, c.Interrupted, c.Faults)
	}
	plain := c.Load
	plain.Duration = max(plain.Duration, 1) // cycles may end it, too
	return plain.check()
}

// A canary may take so many cycles, with a last resort in time.
const canaryCycles = 2000

func (c *CrashLoad) setDefaults() {
	if c.Draw.Threads == 0 {
		c.Draw = cases.Shape{Threads: 3, Operations: 3, Small: true}
	}
	if c.PerLog == 0 {
		c.PerLog = 3
	}
	c.Load.setDefaults()
}

// ErrKeepsNothing is returned where nothing could survive, so that losing it shows nothing.
var ErrKeepsNothing = errors.New("the subject keeps nothing")

// Crash loses power under load. An error means that the run itself failed, or showed too little for a verdict; what was found
// stands even so.
func (o *Object) Crash(ctx context.Context, c CrashLoad) (CrashResult, error) {
	if err := c.check(); err != nil {
		return CrashResult{}, err
	}
	c.setDefaults()
	none := CrashResult{Seed: c.Seed, Model: c.Model.String()}
	if err := o.requireKeeping(ctx, false); err != nil {
		return none, err
	}
	races, canary := raceoff.Races(), ""
	if !c.NoCanary {
		words, err := o.crashLoadCanary(ctx, c)
		if err != nil {
			none.DataRaces = raceoff.Races() - races
			return none, err
		}
		canary = words
	}
	plans, err := o.pool(c.Load)
	if err != nil {
		return none, err
	}
	l := newCrashLoad(o, c, plans)
	err = l.run(ctx)
	l.result.Canary, l.result.DataRaces = canary, raceoff.Races()-races
	if err == nil && l.result.Finding == nil && l.result.DataRaces == 0 {
		err = l.enough(ctx)
	}
	return l.result, err
}

// requireKeeping opens the object once, to see whether it keeps anything that a crash, or the death of its process, could take.
func (o *Object) requireKeeping(ctx context.Context, onFolder bool) error {
	if len(o.lasting()) == 0 {
		return fmt.Errorf("%w: no operation of %s says that it is durable while the object is open: set Op.Durable to harness.OnReturn, or to the operation after which it is", ErrKeepsNothing, o.Name)
	}
	e := o.newEnv(o.defaults())
	defer e.end()
	object, err := o.open(ctx, e)
	if err != nil {
		return err
	}
	if o.closer != nil {
		if err := o.closer(ctx, object); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	switch {
	case e.onDisk, onFolder && e.inFolder:
		return nil
	case onFolder:
		return fmt.Errorf("%w: %s uses neither Env.Disk nor Env.Dir when it is opened: have Open keep its data on one of them", ErrKeepsNothing, o.Name)
	case e.inFolder:
		return fmt.Errorf("%w in memory: %s uses Env.Dir, which cannot lose power while clients run freely: lose it one thread at a time (racewindow crash), open it on Env.Disk, or have its processes killed (racewindow kill)", ErrKeepsNothing, o.Name)
	}
	return fmt.Errorf("%w: %s does not use Env.Disk when it is opened, so its disk cannot lose power: have Open keep its data there", ErrKeepsNothing, o.Name)
}

// Keeps says whether a loss of power could take something of the object, on Env.Disk, and whether the death of its process could, on
// Env.Disk or in Env.Dir. What it cannot be opened with is an error.
func (o *Object) Keeps(ctx context.Context) (onDisk, anywhere bool, err error) {
	for onFolder, keeps := range map[bool]*bool{false: &onDisk, true: &anywhere} {
		switch err := o.requireKeeping(ctx, onFolder); {
		case err == nil:
			*keeps = true
		case !errors.Is(err, ErrKeepsNothing):
			return false, false, err
		}
	}
	return onDisk, anywhere, nil
}

// crashLoadCanary makes sure that such a run sees a durable operation that has no effect.
func (o *Object) crashLoadCanary(ctx context.Context, c CrashLoad) (words string, err error) {
	p, err := o.losing(nil)
	if err != nil {
		return "", fmt.Errorf("canary: %w", err)
	}
	c.Duration, c.Cycles, c.Progress, c.Faults = canaryLastResort, canaryCycles, nil, 0
	l := newCrashLoad(o, c, []*plan{p})
	err = l.run(ctx)
	switch r := l.result; {
	case err != nil:
		return "", fmt.Errorf("canary: %w", err)
	case ctx.Err() != nil:
		return "", fmt.Errorf("interrupted before the canary was caught: %w", ctx.Err())
	case r.Finding == nil:
		return "", fmt.Errorf("%w (%s): %d losses of power in '%v' under the same settings showed nothing, so a run that finds nothing would mean nothing",
			ErrLoadCanary, defectWords[losesDurable], r.Cycles, p.c)
	}
	return fmt.Sprintf("%s was caught within %d losses of power", defectWords[losesDurable], l.result.Cycles), nil
}

// A crashLoad is one run. As in a load, what lanes share while they run is unseen by the race detector.
type crashLoad struct {
	CrashLoad
	load   *load // what it has in common with a run without crashes
	lanes  []*crashLane
	cycles raceoff.Number
	ticks  []raceoff.Number // of a program, the most that one object took
	// known are the aftermaths that were judged, by their keys. It is written between two rounds.
	known  map[key]struct{}
	result CrashResult
}

func newCrashLoad(o *Object, c CrashLoad, plans []*plan) *crashLoad {
	l := &crashLoad{CrashLoad: c, load: &load{Load: c.Load, object: o, plans: plans, retired: make([]raceoff.Number, len(plans))}, ticks: make([]raceoff.Number, len(plans)), known: map[key]struct{}{}}
	for i := range max(c.Goroutines/2, 1) {
		l.lanes = append(l.lanes, newCrashLane(l, uint64(i)))
	}
	l.result = CrashResult{Seed: c.Seed, Model: c.Model.String(), Programs: len(plans)}
	return l
}

// run executes rounds. Between two of them no client runs, and what was left is judged.
func (l *crashLoad) run(ctx context.Context) (err error) {
	r := &l.result
	r.Ended, err = l.load.rounds(ctx, len(l.lanes), func(i int) { l.lanes[i].run() }, func(took time.Duration) (string, error) {
		err := l.judge(ctx)
		r.Cycles, r.Operations, r.Peak, r.Duration = l.cycles.Load(), l.load.executed.Load(), l.load.peak.Load(), took
		if l.Progress != nil {
			l.Progress(*r)
		}
		switch {
		case r.Finding != nil:
			return violationFound, err
		case l.Cycles > 0 && r.Cycles >= l.Cycles:
			return "the number of cycles is reached", err
		}
		return "", err
	})
	return err
}

// over says that no new instance is to begin.
func (l *crashLoad) over() bool {
	return l.load.stop.Load() != 0 || l.load.fresh.Load() > mostAftermaths || l.Cycles > 0 && l.cycles.Load() >= l.Cycles
}

// mostAftermaths wait to be judged at once: each holds a disk.
const mostAftermaths = 4000

// judge judges what the round has left, side by side where that is of several programs.
func (l *crashLoad) judge(ctx context.Context) error {
	var due []*aftermath
	for _, n := range l.lanes {
		n.addTo(&l.result)
		for k, a := range n.left {
			if _, known := l.known[k]; !known {
				l.known[k] = struct{}{}
				due = append(due, a)
			}
		}
		clear(n.left)
	}
	workers := runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for _, a := range due {
				if a.plan.number%workers == w && ctx.Err() == nil && l.load.stopped() == nil && l.finding() == nil {
					l.judgeOne(a)
				}
			}
		})
	}
	group.Wait()
	return l.load.stopped()
}

func (l *crashLoad) finding() *CrashFinding {
	l.load.mu.Lock()
	defer l.load.mu.Unlock()
	return l.result.Finding
}

func (l *crashLoad) judgeOne(a *aftermath) {
	interrupted, err := a.judge()
	var v *Violation
	var unknown unknownError
	l.load.mu.Lock()
	defer l.load.mu.Unlock()
	l.result.Interrupted += interrupted
	switch {
	case err == nil:
		l.result.Judged++
	case errors.As(err, &v):
		l.result.Judged++
		l.found(a, v)
	case errors.As(err, &unknown):
		l.result.Unjudged++
	case l.load.problem == nil:
		l.load.problem = err
	}
}

// found ends the run. The lock of the load is held.
func (l *crashLoad) found(a *aftermath, v *Violation) {
	if l.result.Finding == nil {
		program := a.plan.c.Clone()
		program.Faults = a.faults
		l.result.Finding = &CrashFinding{Case: program, Violation: v, Told: a.told()}
	}
	l.load.stop.Store(1)
}

// enough says why a run that found nothing says nothing, or nil.
func (l *crashLoad) enough(ctx context.Context) error {
	switch r := &l.result; {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d losses of power", r.Cycles)
	case l.Cycles > 0 && r.Cycles < l.Cycles:
		return fmt.Errorf("power was lost %d of %d times: %s", r.Cycles, l.Cycles, r.Ended)
	case r.Judged == 0:
		return fmt.Errorf("none of %d disks was judged: each would take too many orders; make programs smaller", r.Unjudged)
	case r.UnderLoad == 0:
		return fmt.Errorf("power was never lost while an operation was under way, in %d losses: give them more time, or more delays", r.Cycles)
	case l.Faults > 0 && r.Faults == 0:
		return fmt.Errorf("the disk was to fail, and no operation of it did, in %d losses of power", r.Cycles)
	case r.Unsynced == 0:
		return fmt.Errorf("in none of %d losses of power could anything be lost: everything on the disk was synced each time", r.Cycles)
	}
	return nil
}
