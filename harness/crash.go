package harness

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/report"
)

// crash runs programs freely on disks that lose power, as the order says.
func (c *checking) crash() {
	c.t.Helper()
	load, err := c.crashLoad()
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	load.Hung = func(f *object.CrashFinding) {
		c.foundLosingPower(f, object.CrashResult{Seed: load.Seed})
		c.send(drive.Event{Event: drive.Unexplored, Case: f.Case.String(), Text: f.Violation.Class()})
	}
	r, err := c.object.Crash(c.context(), load)
	if c.refused(err) {
		return
	}
	if f := r.Finding; f != nil {
		c.foundLosingPower(f, r)
		shown := f.Case.Clone()
		if f.Violation.InAnyProgram() {
			shown = shown.WithoutOperations()
		}
		if f.Disk != nil {
			shown.Crash = &cases.Crash{Any: true, Model: load.Model}
		}
		c.onGoroutines(func() { c.makeSmaller(shown, f.Violation.Class()) })
	}
	c.racedFreely(r.DataRaces, r.Seed)
	c.endFreely(err, r.Finding != nil || r.DataRaces > 0, crashesCounted(r), r.Canary, r)
}

// foundLosingPower fails the test with the finding of a run that loses power.
func (c *checking) foundLosingPower(f *object.CrashFinding, r object.CrashResult) {
	c.t.Helper()
	promise, sentence, detail := f.Violation.Broken()
	found := fmt.Sprintf("found after %d losses of power under load", r.Cycles)
	if r.Cycles == 0 {
		found = "found by opening what a loss of power under load left"
	}
	told := []string{fmt.Sprintf("%s\nprogram: %v", found, f.Case)}
	for _, more := range []string{f.Evidence, f.Violation.Stack(), f.Stacks} {
		if more != "" {
			told = append(told, more)
		}
	}
	if f.Disk != nil {
		c.disk = f.Disk.Packed()
	}
	c.found(report.WithoutExecution(f.Violation.Class(), promise, sentence, detail, c.again("stress", r.Seed), ""), f.Case.String(), "", told...)
}

// crashLoad makes the settings of a run with losses of power from the order.
func (c *checking) crashLoad() (object.CrashLoad, error) {
	d := c.order
	load, err := c.load()
	if err != nil {
		return object.CrashLoad{}, err
	}
	load.Progress = nil
	model := disks.Ordered
	if d.Crash != "" {
		if model, err = disks.ModelByName(d.Crash); err != nil {
			return object.CrashLoad{}, err
		}
	}
	return object.CrashLoad{
		Load: load, Model: model, Cycles: d.Cycles, PerLog: d.PerLog, Interrupted: d.Interrupted, Faults: d.FaultShare,
		Progress: func(r object.CrashResult) {
			c.send(drive.Event{Event: drive.Progress, Text: crashesCounted(r), Done: doneFreely(r)})
		},
	}, nil
}

// crashesCounted says how much was tried.
func crashesCounted(r object.CrashResult) string {
	rate := 0.0
	if r.Duration > 0 {
		rate = float64(r.Cycles) / r.Duration.Seconds()
	}
	words := fmt.Sprintf("power was lost %d times (%s), %.0f a second: %d under load, %d with something to lose, %d times the clients went on; %d operations in %d instances of %d programs, up to %d goroutines at once; %d disks, %d judged, seed %d",
		r.Cycles, r.Model, rate, r.UnderLoad, r.Unsynced, r.GoneOn, r.Operations, r.Instances, r.Programs, r.Peak, r.Disks, r.Judged, r.Seed)
	return words + besides(r.Ended, []count{
		{r.Openings, "losses came while an object was opened for the first time"},
		{r.Paused, "losses came after a pause"},
		{r.Long, "came in objects that had done up to 1,024 operations before"},
		{r.Interrupted, "recoveries lost power themselves"},
		{r.Faults, "operations of the disk failed"},
		{r.FailedAtOpen, "recoveries met a failed read"},
		{r.Unjudged, "disks not judged: they would take too many orders"},
		{r.Late, "disks not judged, because the time was over"},
		{r.Abandoned, "instances abandoned, because operations did not return after the disk was gone"},
		{uint64(r.DataRaces), "data races"},
	})
}
