package object

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// A KillLoad runs many small programs side by side in processes, and kills these while they work. Each program runs on an
// object that keeps its data in a folder of the system's. Other processes then open what is left.
//
// This shows what the death of a process loses, and nothing else. The kernel survives, and with it every page that was
// written, so an object that never syncs passes. A CrashLoad shows the rest.
type KillLoad struct {
	// Load has its usual meaning, with these differences. Goroutines counts those of one process, default 8, and none of them
	// need to meet. Programs have up to 3 clients by default. Grace is how long a process may be silent before it counts as
	// hanging; it decides no verdict. Operations is ignored.
	Load
	// Dirs are folders on the disks to try. The run ends after Kills on each of them, or after Duration in all; zero means no
	// such limit.
	Dirs  []string
	Kills int
	// Limited and Full are numbers of processes that have no room, on the first disk, for what their objects write: because of
	// a limit on the size of files, and because the disk is full. They run after the kills, whatever Duration is.
	Limited, Full int
	// PerLog is how often processes that work on one folder are killed at most; default 3.
	PerLog int
	// Workers is how many processes run side by side; default one for each processor.
	Workers int
	// Acknowledgements is the most operations that a process reports as returned before it is killed; default 1000.
	Acknowledgements int
	// MinUnderLoad is the least share of kills that must strike after an operation had returned.
	MinUnderLoad float64
	// Start makes the command of a process that calls Killed with the same settings, its standard input, and file 3 as out.
	Start func() *exec.Cmd
	// Progress, if set, is called after each kill, from one goroutine at a time.
	Progress func(KillResult)
}

// A KillResult is the result of a KillLoad.
type KillResult struct {
	Seed     uint64 `json:"seed"`
	Programs int    `json:"programs"`
	// Kills counts kills with SIGKILL. Of these, UnderLoad counts those after an operation had returned, Within those during
	// an operation, and Opening those while an object that an earlier kill had left was opened or asked.
	Kills     uint64 `json:"kills"`
	UnderLoad uint64 `json:"kills_under_load"`
	Within    uint64 `json:"kills_within_an_operation"`
	Opening   uint64 `json:"kills_while_opening"`
	// Operations had returned; Durable counts those of them that were durable when the process was killed.
	Operations uint64 `json:"operations"`
	Durable    uint64 `json:"operations_durable"`
	// Folders were left by a kill. On GoneOn of them another process went on; Judged were asked what they hold. Unjudged would
	// have taken too many orders, and Dropped could not be asked again after a kill had interrupted the asking.
	Folders  uint64 `json:"folders_left"`
	GoneOn   uint64 `json:"second_lives"`
	Judged   uint64 `json:"folders_judged"`
	Unjudged uint64 `json:"folders_not_judged"`
	Dropped  uint64 `json:"folders_dropped"`
	// Limited and Full say what became of the processes without room; nil if none were wanted.
	Limited  *ShortResult  `json:"limited,omitempty"`
	Full     *ShortResult  `json:"full,omitempty"`
	Canary   string        `json:"canary,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	Ended    string        `json:"ended"`
	Finding  *CrashFinding `json:"-"`
}

func (c *KillLoad) check() error {
	problem := ""
	switch {
	case c.Start == nil:
		problem = "nobody says how a process is started"
	case len(c.Dirs) == 0:
		problem = "no folder to work in"
	case c.Kills < 0 || c.Duration < 0 || c.Kills == 0 && c.Duration == 0:
		problem = fmt.Sprintf("%d kills, a duration of %v: give one of them", c.Kills, c.Duration)
	case c.Limited < 0 || c.Full < 0 || c.Limited > mostShort || c.Full > mostShort:
		problem = fmt.Sprintf("%d processes with a file size limit, %d with a full disk: at least 0, and at most %d", c.Limited, c.Full, mostShort)
	case c.Goroutines < 0 || c.Workers < 0 || c.PerLog < 0 || c.Acknowledgements < 0 || c.Programs < 0 || c.Grace < 0:
		problem = fmt.Sprintf("%d goroutines, %d processes, %d kills of one folder, %d acknowledgements, %d programs, %v of grace: must not be negative",
			c.Goroutines, c.Workers, c.PerLog, c.Acknowledgements, c.Programs, c.Grace)
	case !(c.MinUnderLoad >= 0 && c.MinUnderLoad <= 1):
		problem = fmt.Sprintf("a least share of %v kills under load: 0 to 1", c.MinUnderLoad)
	}
	if problem != "" {
		return fmt.Errorf("%w: %s", ErrLoad, problem)
	}
	if err := c.checkSize(); err != nil {
		return err
	}
	if err := sched.CheckDelays(c.Delays); err != nil {
		return fmt.Errorf("%w: %w", ErrLoad, err)
	}
	return nil
}

func (c *KillLoad) setDefaults() {
	for number, value := range map[*int]int{&c.Goroutines: 8, &c.PerLog: 3, &c.Workers: runtime.GOMAXPROCS(0), &c.Acknowledgements: 1000} {
		if *number == 0 {
			*number = value
		}
	}
	if c.Draw.Threads == 0 {
		c.Draw = cases.Shape{Threads: 3, Operations: 3, Small: true}
	}
	c.Load.setDefaults()
}

// canaryKills is the most kills that may be used to find the canary.
const canaryKills = 100

// Kill kills processes under load. An error means that the run itself failed, or showed too little for a verdict; a finding
// stands in either case.
func (o *Object) Kill(ctx context.Context, c KillLoad) (KillResult, error) {
	c.setDefaults()
	none := KillResult{Seed: c.Seed}
	if err := c.check(); err != nil {
		return none, err
	}
	if err := o.requireKeeping(ctx, true); err != nil {
		return none, err
	}
	canary := ""
	if !c.NoCanary {
		words, err := o.killCanary(ctx, c)
		if err != nil {
			return none, err
		}
		canary = words
	}
	k := newKilling(o, c, false)
	err := k.run(ctx)
	k.result.Canary = canary
	if err == nil && k.result.Finding == nil {
		err = k.enough(ctx)
	}
	return k.result, err
}

// killCanary makes sure that a run with these settings detects a durable operation that has no effect.
func (o *Object) killCanary(ctx context.Context, c KillLoad) (words string, err error) {
	c.Dirs, c.Kills, c.Duration, c.Progress = c.Dirs[:1], canaryKills, canaryLastResort, nil
	c.Limited, c.Full = 0, 0
	k := newKilling(o, c, true)
	err = k.run(ctx)
	switch r := k.result; {
	case err != nil:
		return "", fmt.Errorf("canary: %w", err)
	case r.Finding != nil:
		return fmt.Sprintf("%s was caught within %d kills", defectWords[losesDurable], r.Kills), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("interrupted before the canary was caught: %w", ctx.Err())
	}
	return "", fmt.Errorf("%w (%s): %d kills under the same settings showed nothing, so a run that finds nothing would mean nothing",
		ErrLoadCanary, defectWords[losesDurable], k.result.Kills)
}

// plans are the programs by number. Each is made when it is first asked for: a process that will be killed needs few of them.
type plans struct {
	KillLoad
	object  *Object
	planted bool
	phase   want

	mu   sync.Mutex
	made map[uint64]*plan
}

func (p *plans) count() int {
	if p.planted {
		return 1
	}
	return p.Programs
}

func (p *plans) at(number uint64) (*plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if made := p.made[number]; made != nil {
		return made, nil
	}
	made, err := p.make(number)
	if err != nil {
		return nil, err
	}
	if p.made == nil {
		p.made = map[uint64]*plan{}
	}
	made.number, made.recovered.Limit = int(number), mostOrders
	p.made[number] = made
	return made, nil
}

// make makes the program with that number. If it can, it asks what an object holds only by probes without a lasting effect,
// because syncs take time. But for processes without room all probes stay: when there is room again, operations that change
// the object must succeed too.
func (p *plans) make(number uint64) (*plan, error) {
	if p.planted {
		return p.object.losing(nil, p.object.lasting())
	}
	made, err := p.object.drawn(rand.New(rand.NewSource(int64(p.Seed^(number+1)*0x9e3779b97f4a7c15))), p.Load)
	if err != nil {
		return nil, err
	}
	if p.phase == "" || !p.object.GoesOn {
		made.asksWithoutEffect()
	}
	return made, nil
}

// A killing is one run.
type killing struct {
	KillLoad
	object  *Object
	planted bool
	plans   *plans
	began   time.Time

	mu     sync.Mutex
	result KillResult
	claims int // kills in the present folder
	child  uint64
	err    error
}

func newKilling(o *Object, c KillLoad, planted bool) *killing {
	k := &killing{KillLoad: c, object: o, planted: planted, plans: &plans{object: o, KillLoad: c, planted: planted}, began: time.Now()}
	k.result.Seed, k.result.Programs = c.Seed, k.plans.count()
	return k
}

// run kills processes on each folder of Dirs.
func (k *killing) run(ctx context.Context) error {
	for _, dir := range k.Dirs {
		k.claims = 0
		base, err := os.MkdirTemp(dir, "racewindow-kill-")
		if err != nil {
			return fmt.Errorf("%w: %w", ErrLoad, err)
		}
		var workers sync.WaitGroup
		for range k.Workers {
			workers.Go(func() {
				if err := k.work(ctx, base); err != nil {
					k.fail(err)
				}
			})
		}
		workers.Wait()
		if err := errors.Join(k.err, os.RemoveAll(base)); err != nil {
			return err
		}
		if k.result.Finding != nil {
			break
		}
	}
	r := &k.result
	if err := k.withoutRoom(ctx); err != nil {
		return err
	}
	r.Duration = time.Since(k.began)
	switch {
	case r.Finding != nil:
		r.Ended = "a violation was found"
	case ctx.Err() != nil:
		r.Ended = "interrupted"
	case k.Kills > 0 && r.Kills >= uint64(k.Kills*len(k.Dirs)):
		r.Ended = "the number of kills is reached"
	default:
		r.Ended = "the time is over"
	}
	return nil
}

// claim says whether one more process is to be killed, and gives it a number.
func (k *killing) claim(ctx context.Context) (child uint64, more bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	left := k.Duration - time.Since(k.began)
	if ctx.Err() != nil || k.err != nil || k.result.Finding != nil || k.Kills > 0 && k.claims >= k.Kills || k.Duration > 0 && left <= 0 {
		return 0, false
	}
	k.claims++
	k.child++
	return k.child, true
}

func (k *killing) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.err = err
	}
}

// enough returns an error if a run without a finding has shown too little, and nil otherwise.
func (k *killing) enough(ctx context.Context) error {
	switch r := &k.result; {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d kills", r.Kills)
	case k.Kills > 0 && r.Kills < uint64(k.Kills*len(k.Dirs)):
		return fmt.Errorf("%d of %d processes were killed: %s", r.Kills, k.Kills*len(k.Dirs), r.Ended)
	case r.Judged == 0:
		return fmt.Errorf("none of %d folders was judged", r.Folders)
	case r.Durable == 0:
		return fmt.Errorf("nothing of %d operations was durable when their process was killed", r.Operations)
	case float64(r.UnderLoad) < k.MinUnderLoad*float64(r.Kills):
		return fmt.Errorf("%d of %d kills struck under load, at least %.2f of them must (--min-under-load)", r.UnderLoad, r.Kills, k.MinUnderLoad)
	}
	return errors.Join(k.result.Limited.enough(limited), k.result.Full.enough(full))
}
