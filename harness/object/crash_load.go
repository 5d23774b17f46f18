package object

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/spec"
)

// A CrashLoad runs many small programs side by side on goroutines, as a Load does. Each runs on an object whose disk, in
// memory, loses power while the clients run. The object is then opened on what that leaves, and the clients go on with it. In a program
// with racewindow's runtime, its data may be in a folder instead (Env.Dir).
type CrashLoad struct {
	Load
	// Model says which disks a loss of power may leave.
	Model disks.Model
	// Cycles, if set, ends the run after this number of losses of power. Duration or Cycles must be set, Operations must not.
	Cycles uint64
	// PerLog is how often the disk of one object loses power at most; default 3.
	PerLog int
	// Interrupted is the share of recoveries during which power is lost again, 0 to 1.
	Interrupted float64
	// Faults is the share of lives of an object, from its opening to the loss of power, in which its disk also fails, 0 to 1.
	// An operation that then returns an error may have taken effect or not; one that returns without an error counts as ever.
	Faults float64
	// Progress, if set, is called after each round.
	Progress func(CrashResult)
	// Hung, if set, is called with a finding before the process ends because an object that was opened to be judged waits for ever.
	Hung func(*CrashFinding)
}

// A CrashResult is the result of a CrashLoad.
type CrashResult struct {
	Seed uint64 `json:"seed"`
	// Model says which disks a loss of power could leave.
	Model string `json:"model"`
	// Programs were drawn. Instances counts the objects that began a program, Operations all operations on them that returned.
	Programs   int    `json:"programs"`
	Instances  uint64 `json:"instances"`
	Operations uint64 `json:"operations"`
	// Cycles counts losses of power. UnderLoad counts those during an operation, Unsynced those at which something could be
	// lost, and GoneOn those after which the clients went on with what was left.
	Cycles    uint64 `json:"cycles"`
	UnderLoad uint64 `json:"cycles_under_load"`
	Unsynced  uint64 `json:"cycles_with_something_to_lose"`
	GoneOn    uint64 `json:"second_lives"`
	// Openings counts those while an object was opened for the first time.
	Openings uint64 `json:"cycles_in_a_first_opening"`
	// Paused counts those after a pause, in which only goroutines of the object itself ran.
	Paused uint64 `json:"cycles_after_a_pause"`
	// Long counts those of objects that had done operations before the clients began.
	Long uint64 `json:"cycles_of_long_lives"`
	// Disks counts all disks that were left. Judged counts the different ones, by their contents and by what they had to hold;
	// Unjudged those that would have taken too many orders. Interrupted counts recoveries during which power was lost again.
	Disks    uint64 `json:"disks"`
	Judged   uint64 `json:"disks_judged"`
	Unjudged uint64 `json:"disks_not_judged"`
	// Late counts the disks that were not judged because the time was over long before.
	Late        uint64 `json:"disks_too_late"`
	Interrupted uint64 `json:"recoveries_interrupted"`
	// Faults counts operations of the disk that failed. FailedAtOpen counts recoveries that met a failed read.
	Faults       uint64 `json:"faults"`
	FailedAtOpen uint64 `json:"recoveries_with_a_failed_read"`
	// Peak is the largest number of clients at once. Abandoned counts objects whose operations did not return although their
	// disk was dead and their context had ended.
	Peak      uint64 `json:"goroutines_at_the_peak"`
	Abandoned uint64 `json:"instances_abandoned"`
	// DataRaces counts the race detector's reports.
	DataRaces int           `json:"data_races"`
	Canary    string        `json:"canary,omitempty"`
	Duration  time.Duration `json:"duration_ns"`
	Ended     string        `json:"ended"`
	Finding   *CrashFinding `json:"-"`
}

// A CrashFinding is a program after which an object held something that it must not hold.
type CrashFinding struct {
	Case      cases.Case
	Violation *Violation
	// Evidence says what was acknowledged, what the object held afterwards, and on which disk.
	Evidence string
	// Disk is what the last loss of power left, nil if none has to do with it.
	Disk *disks.Image
	// Stacks are those of goroutines that never go on.
	Stacks string
}

// mostJudged is the most operations of a program: it leaves room for the probes in what the judge can take.
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
	plain.Duration = max(plain.Duration, 1) // a run that cycles end needs no duration
	return plain.check()
}

// canaryCycles is the most losses of power for a canary; a limit in time is the last resort.
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

// ErrKeepsNothing is returned when the object keeps nothing that could be lost.
var ErrKeepsNothing = errors.New("the subject keeps nothing")

// ErrInFolder is returned when the object keeps its data in a folder, and this build cannot take the power from it.
var ErrInFolder = errors.New("a folder loses power in racewindow's runtime only")

// Crash loses power under load. An error means that the run itself failed, or showed too little for a verdict; a finding
// stands in either case.
func (o *Object) Crash(ctx context.Context, c CrashLoad) (r CrashResult, err error) {
	defer watchOpenings(c.Hung)()
	unmarked(ctx, func(ctx context.Context) { r, err = o.crashed(ctx, c) })
	return r, err
}

func (o *Object) crashed(ctx context.Context, c CrashLoad) (CrashResult, error) {
	if err := c.check(); err != nil {
		return CrashResult{}, err
	}
	c.setDefaults()
	none := CrashResult{Seed: c.Seed, Model: c.Model.String()}
	if err := o.requireKeeping(ctx, false); err != nil {
		return none, err
	}
	races, canary, hung := raceoff.Races(), "", (*hungCanary)(nil)
	if !c.NoCanary {
		words, err := o.crashLoadCanaries(ctx, c)
		if errors.As(err, &hung) {
			err = nil // the object itself may be what never goes on: then the run finds that
		}
		if err != nil {
			none.DataRaces = raceoff.Races() - races
			return none, err
		}
		canary = words
	}
	plans, err := o.pool(ctx, c.Load)
	if err != nil {
		return none, err
	}
	l := newCrashLoad(o, c, plans)
	err = l.run(ctx)
	l.result.Canary, l.result.DataRaces = canary, raceoff.Races()-races
	if err == nil && l.result.Finding == nil && l.result.DataRaces == 0 {
		if err = l.enough(ctx); hung != nil {
			err = hung
		}
	}
	return l.result, err
}

// requireKeeping opens the object once, to check that it keeps something that a crash, or the death of its process, could
// take.
func (o *Object) requireKeeping(ctx context.Context, onFolder bool) error {
	switch {
	case len(o.lastingAnyhow()) == 0:
		return fmt.Errorf("%w: no operation of %s says when it is durable: set Op.Durable to harness.OnReturn, to the operation after which it is, or to harness.AfterClose", ErrKeepsNothing, o.Name)
	case onFolder && len(o.lasting()) == 0:
		return fmt.Errorf("%w that a killed process could lose: what %s does is durable after Close only; lose power instead (racewindow crash, racewindow stress --crash)", ErrKeepsNothing, o.Name)
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
	o.seen(e)
	switch {
	case e.onDisk, e.inFolder && (onFolder || recorded.Possible()):
		return nil
	case onFolder:
		return fmt.Errorf("%w: %s uses neither Env.Disk nor Env.Dir when it is opened: have Open keep its data on one of them", ErrKeepsNothing, o.Name)
	case e.inFolder:
		return fmt.Errorf("%s keeps its data in Env.Dir, and %w, which takes code without markers, and no race detector: remove the markers, leave --race out, open it on Env.Disk, or have its processes killed (racewindow kill)", o.Name, ErrInFolder)
	}
	return fmt.Errorf("%w: %s does not use Env.Disk when it is opened, so its disk cannot lose power: have Open keep its data there", ErrKeepsNothing, o.Name)
}

// Keeps says whether a loss of power could take something of the object (on Env.Disk), and whether the death of its process
// could (on Env.Disk or in Env.Dir). If the object cannot be opened, it returns that error.
func (o *Object) Keeps(ctx context.Context) (onDisk, anywhere bool, err error) {
	for onFolder, keeps := range map[bool]*bool{false: &onDisk, true: &anywhere} {
		switch err := o.requireKeeping(ctx, onFolder); {
		case err == nil:
			*keeps = true
		case !errors.Is(err, ErrKeepsNothing) && !errors.Is(err, ErrInFolder):
			return false, false, err
		}
	}
	return onDisk, anywhere, nil
}

// A crashLoad is one run. As in a load, the race detector does not see what lanes share while they run.
type crashLoad struct {
	CrashLoad
	load   *load // what a run without crashes has too
	lanes  []*crashLane
	cycles raceoff.Number
	// opening is the most changes that one first opening made of a disk.
	opening raceoff.Number
	ticks   []raceoff.Number // for each program, the most that one object took until its clients had ended
	pauses  []raceoff.Number // and after that, in a pause
	// short is how many programs nothing came before. The others come after them, drawn from random.
	short, round int
	random       *rand.Rand
	// known are the keys of the aftermaths that were judged. It is written between two rounds only.
	known  map[key]struct{}
	until  time.Time // what is left by then is not judged; zero for no limit
	most   uint64    // how many aftermaths a round leaves before it ends
	result CrashResult
	// unclosed are the objects whose Close took long. Their folders stay until it has returned, or the run is over.
	unclosed []unclosed
}

// An unclosed is an object that is being closed, and what it was opened in.
type unclosed struct {
	env  *Env
	done chan struct{}
}

func (l *crashLoad) isUnclosed(c unclosed) {
	l.load.mu.Lock()
	defer l.load.mu.Unlock()
	l.unclosed = append(l.unclosed, c)
}

// clear removes the folders of the objects that are closed by now, or of all.
func (l *crashLoad) clear(all bool) {
	l.load.mu.Lock()
	defer l.load.mu.Unlock()
	l.unclosed = slices.DeleteFunc(l.unclosed, func(c unclosed) bool {
		select {
		case <-c.done:
		default:
			if !all {
				return false
			}
		}
		c.env.end()
		return true
	})
}

func newCrashLoad(o *Object, c CrashLoad, plans []*plan) *crashLoad {
	l := &crashLoad{CrashLoad: c, load: &load{Load: c.Load, object: o, plans: plans, to: len(plans), retired: make([]raceoff.Number, len(plans)), hangs: newHangWatch(c.looksEvery)}, ticks: make([]raceoff.Number, len(plans)), pauses: make([]raceoff.Number, len(plans)), known: map[key]struct{}{}, most: mostAftermaths}
	l.short, l.random = len(plans), rand.New(rand.NewSource(int64(c.Seed)^1))
	for i := range max(c.Goroutines/2, 1) {
		l.lanes = append(l.lanes, newCrashLane(l, uint64(i)))
	}
	l.result = CrashResult{Seed: c.Seed, Model: c.Model.String(), Programs: len(plans)}
	return l
}

// run executes rounds. Between two rounds no client runs, and what was left is judged.
func (l *crashLoad) run(ctx context.Context) (err error) {
	defer l.clear(true)
	r, began := &l.result, time.Now()
	r.Ended, err = l.load.rounds(ctx, len(l.lanes), func(i int) { l.lanes[i].run() }, func(took time.Duration) (string, error) {
		err := l.judgeInTime(ctx, began)
		l.clear(false)
		l.nextRound()
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

// over says that no new instance may begin.
func (l *crashLoad) over() bool {
	return l.load.stop.Load() != 0 || l.load.fresh.Load() > l.most || l.Cycles > 0 && l.cycles.Load() >= l.Cycles
}

// judge judges what the round has left.
func (l *crashLoad) judge(ctx context.Context) error {
	due := map[int][]*aftermath{} // by program: two of one program are never judged at once
	for _, n := range l.lanes {
		n.addTo(&l.result)
		for k, a := range n.left {
			if _, known := l.known[k]; !known {
				l.known[k] = struct{}{}
				due[a.plan.number] = append(due[a.plan.number], a)
			}
		}
		clear(n.left)
	}
	l.judgeAll(ctx, slices.Collect(maps.Values(due)), l.judgeOne)
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
	l.result.Faults += a.failed
	if a.failed > 0 {
		l.result.FailedAtOpen++
	}
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

// found records the finding and ends the run. The caller holds the lock of the load.
func (l *crashLoad) found(a *aftermath, v *Violation) {
	if l.result.Finding == nil {
		program := a.plan.c.Clone()
		program.Faults = a.allFaults()
		l.result.Finding = &CrashFinding{Case: program, Violation: v, Evidence: a.told(), Disk: a.image}
	}
	l.load.stop.Store(1)
}

// foundHang records an object that never goes on although its disk had not failed. a has what its clients did.
func (l *crashLoad) foundHang(a *aftermath, h *hang) {
	l.load.mu.Lock()
	defer l.load.mu.Unlock()
	if l.found(a, h.violation); l.result.Finding.Violation == h.violation {
		l.result.Finding.Disk, l.result.Finding.Stacks = nil, h.stacks
		l.result.Finding.Evidence = a.plan.survivors(a.history, "it was given up")
	}
	l.load.hung = true
}

// enough returns an error if a run without a finding has shown too little, and nil otherwise.
func (l *crashLoad) enough(ctx context.Context) error {
	switch r := &l.result; {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d losses of power", r.Cycles)
	case l.Cycles > 0 && r.Cycles < l.Cycles:
		return fmt.Errorf("power was lost %d of %d times: %s", r.Cycles, l.Cycles, r.Ended)
	case r.Judged == 0 && r.Late > 0:
		return fmt.Errorf("none of %d disks was judged before the time was over: give it more time, or have Open and Close take less", r.Late)
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
