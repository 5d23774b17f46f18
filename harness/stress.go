package harness

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

// stress runs programs freely, as the order says.
func (c *checking) stress() {
	c.t.Helper()
	load, err := c.load()
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	r, err := c.object.Load(c.context(), load)
	if c.refused(err) {
		return
	}
	if r.Finding != nil {
		c.foundFreely(r)
	}
	c.racedFreely(r.DataRaces, r.Seed)
	c.endFreely(err, r.Finding != nil || r.DataRaces > 0, counted(r), r.Canary, r)
}

// refused says whether a free run is impossible, and then refuses the order.
func (c *checking) refused(err error) bool {
	c.t.Helper()
	switch {
	case errors.Is(err, object.ErrInFolder):
		c.refuse(2, err.Error(), drive.KeepsInFolder)
	case errors.Is(err, object.ErrLoad), errors.Is(err, object.ErrKeepsNothing):
		c.refuse(2, err.Error())
	default:
		return false
	}
	return true
}

// endFreely reports the result of a free run. counted says how much it did; err says why it has no verdict, if it found
// nothing.
func (c *checking) endFreely(err error, found bool, counted, canary string, result any) {
	c.t.Helper()
	code, verdict := 0, explore.Held
	switch {
	case found:
		code, verdict = 1, explore.Violated
	case err != nil:
		code, verdict = 3, explore.NoVerdict
		c.t.Errorf("harness.Check: no verdict: %v", err)
	}
	words := fmt.Sprintf("%s: %s: %s", verdict, c.t.Name(), counted)
	if canary != "" {
		words += "\ncanary: " + canary
	}
	if err != nil {
		words += "\nno verdict: " + err.Error() + c.remedy(err)
	}
	if verdict == explore.Held {
		words += c.untried()
	}
	c.t.Log(words)
	data, _ := json.Marshal(result) // a result holds only what JSON can hold
	c.send(drive.Event{Event: drive.Ended, Text: words, Code: code, Summary: data, Done: doneFreely(result)})
}

// remedy says what to do about something that may only be slow.
func (c *checking) remedy(err error) string {
	var hang *object.HangError
	if !errors.As(err, &hang) {
		return ""
	}
	words := fmt.Sprintf(". Give it longer (--grace), or explore its program, where no time passes:\n%s --program '%v'", c.command("explore"), hang.Case)
	if hang.Stacks != "" {
		words += "\n\n" + hang.Stacks
	}
	return words
}

// untried says what a run under load does not try, if the object keeps something.
func (c *checking) untried() string {
	if !c.object.Lasts() {
		return ""
	}
	switch c.order.Mode {
	case drive.Stress:
		return "\nnot tried: opening what a killed process or a loss of power leaves (racewindow crash)"
	case drive.Crash:
		return "\nnot tried: a loss of power after each operation of the disk in turn (racewindow crash)"
	}
	return "\nnot tried: a death after each operation of the disk in turn (racewindow crash)"
}

// load makes the settings of a free run from the order.
func (c *checking) load() (object.Load, error) {
	d := c.order
	settle, err := c.object.Set(d.Set)
	if err != nil {
		return object.Load{}, fmt.Errorf("--set: %w", err)
	}
	delays := failpoints.Delays{Probability: d.Delay, MaxSpin: d.DelaySpin, MaxSleep: d.DelaySleep, Points: d.DelayPoints}
	if len(d.DelayMix) == 3 {
		delays.Spin, delays.Gosched, delays.Sleep = d.DelayMix[0], d.DelayMix[1], d.DelayMix[2]
	}
	draw := cases.Shape{Threads: d.Threads, Operations: d.Operations, Small: true}
	return object.Load{
		Goroutines: d.Goroutines, Duration: d.Duration, Operations: d.OperationsInAll, Programs: d.Programs, Draw: draw, Settle: settle,
		Delays: delays, Seed: d.Seed, Grace: d.Grace, NoCanary: d.NoCanary,
		Progress: func(r object.LoadResult) {
			c.send(drive.Event{Event: drive.Progress, Text: counted(r), Done: doneFreely(r)})
		},
	}, nil
}

// counted says how much was tried.
func counted(r object.LoadResult) string {
	rate := 0.0
	if r.Duration > 0 {
		rate = float64(r.Operations) / r.Duration.Seconds()
	}
	words := fmt.Sprintf("%d operations in %d instances of %d programs, %.0f a second, up to %d goroutines at once, %d overlapping pairs, %d histories judged, seed %d",
		r.Operations, r.Instances, r.Programs, rate, r.Peak, r.Overlapping, r.Histories, r.Seed)
	return words + besides(r.Ended, []count{
		{uint64(r.Unjudged), "histories not judged: they would take too many orders"},
		{r.Waiting, "instances in which operations waited, as they do alone"},
		{r.Abandoned, "instances abandoned, because these operations could not be cancelled"},
		{uint64(r.DataRaces), "data races"},
	})
}

// A count is printed unless it is 0.
type count struct {
	n    uint64
	what string
}

// besides returns the counts that are not 0, and why the run ended.
func besides(ended string, counts []count) (words string) {
	for _, more := range counts {
		if more.n > 0 {
			words += fmt.Sprintf(", %d %s", more.n, more.what)
		}
	}
	if ended != "" {
		words += "; " + ended
	}
	return words
}

// again returns the command that runs the same settings again.
func (c *checking) again(verb string, seed uint64) string {
	return fmt.Sprintf("%s%s --seed %d (the Go scheduler has its say: it may take another try)", c.command(verb), c.order.Again, seed)
}

// smallestSchedules bounds each search for the smallest case of a program that failed freely.
const smallestSchedules = 3000

// foundFreely fails the test with the finding of a free run, and with the smallest case of the same program that exploration
// finds.
func (c *checking) foundFreely(r object.LoadResult) {
	c.t.Helper()
	f := r.Finding
	promise, sentence, detail := f.Violation.Broken()
	more := []string{fmt.Sprintf("found freely after %d operations\nprogram: %v", r.Operations, f.Case), f.History.String()}
	for _, stack := range []string{f.Violation.Stack(), f.Stacks} {
		if stack != "" {
			more = append(more, stack)
		}
	}
	// Report the finding before making it smaller: the search may end the process, as the subject's own fatal errors do.
	c.found(report.WithoutExecution(f.Violation.Class(), promise, sentence, detail, c.again("stress", r.Seed), ""), f.Case.String(), "", more...)
	c.makeSmaller(f.Case, f.Violation.Class())
}

// ofFreeRun is makeSmaller for what another build of the test has found.
func (c *checking) ofFreeRun(program, class string) {
	c.t.Helper()
	parsed, err := cases.ParseFile(program, cases.Only(c.object))
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	c.makeSmaller(parsed, class)
	c.send(drive.Event{Event: drive.Ended})
}

// makeSmaller explores a program that failed, and reports its smallest case. The command has code without markers explored in racewindow's
// runtime.
func (c *checking) makeSmaller(program cases.Case, class string) {
	c.t.Helper()
	if !sched.OnGoroutines() && !hasPoints() {
		c.send(drive.Event{Event: drive.Unexplored, Case: program.String(), Text: class})
		return
	}
	c.send(drive.Event{Event: drive.Progress, Text: fmt.Sprintf("found %s; its program is explored one thread at a time, for the smallest case", class)})
	smallest, why := c.smallest(program)
	if smallest == nil {
		c.send(drive.Event{Event: drive.Smaller, Text: "no smallest case: " + why + "\n"})
		return
	}
	words := "the smallest case of the same program, one thread at a time"
	if smallest.Report.Class != class {
		words += "; it breaks another promise, so it may be another bug"
	}
	c.tell(drive.Smaller, smallest.Report, smallest.Case, c.keep(*smallest), words)
}

// smallest explores a program: first each schedule with one preemption, then random ones. A program with a crash loses power
// at each step.
func (c *checking) smallest(program cases.Case) (found *explore.Finding, why string) {
	if program.Crash != nil && sched.UnderRaceDetector() {
		bare := program.Bare()
		bare.Crash = nil
		return nil, fmt.Sprintf("with a crash it is looked for in a build without -race: %s --crash --model %v --program '%v'", c.command("explore"), program.Crash.Model, bare)
	}
	why = "exploring its program did not show the same"
	for _, strategy := range []string{"bounded", "random"} {
		config := explore.Config{
			Subject: c.object, Name: c.name, Crash: program.Crash,
			Search: sched.Options{Strategy: strategy, Preemptions: 1, Schedules: smallestSchedules, Seed: 1, Budget: shortLastResort},
		}
		bare := program
		bare.Crash = nil
		config.Program = &bare
		s, err := explore.Run(c.context(), config)
		if len(s.Findings) > 0 {
			return &s.Findings[0], ""
		}
		why += fmt.Sprintf("; %s: %d schedules", strategy, s.Statistics.Schedules)
		if err != nil {
			why += ": " + err.Error()
		}
	}
	return nil, why
}

// racedFreely fails the test for data races, which the race detector has already printed.
func (c *checking) racedFreely(races int, seed uint64) {
	c.t.Helper()
	if races == 0 {
		return
	}
	const class = "data race"
	c.found(report.WithoutExecution(class, class, "two goroutines touch the same memory, one of them writes, and nothing orders them",
		fmt.Sprintf("Go's race detector reported %d, see the test's output", races), c.again("stress", seed), ""), "", "",
		"to have one with the schedule that shows it: "+c.command("explore")+" --race")
}
