package harness

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/harness/report"
)

// checksOf counts the Checks of each test in this process.
var checksOf = struct {
	sync.Mutex
	test map[string]int
}{test: map[string]int{}}

// nthOf returns the number of the Check that begins now in the test.
func nthOf(test string) int {
	checksOf.Lock()
	defer checksOf.Unlock()
	checksOf.test[test]++
	return checksOf.test[test]
}

// kill runs programs freely in processes of this binary, and kills these, as the order says.
func (c *checking) kill() {
	c.t.Helper()
	load, err := c.killLoad()
	if err == nil {
		load.Start, err = c.starts()
	}
	if err != nil {
		c.refuse(2, err.Error())
		return
	}
	load.Progress = func(r object.KillResult) {
		c.send(drive.Event{Event: drive.Progress, Text: killsCounted(r) + roomCounted(r, ", "), Done: doneFreely(r)})
	}
	r, err := c.object.Kill(c.context(), load)
	if c.refused(err) {
		return
	}
	if f := r.Finding; f != nil {
		promise, sentence, detail := f.Violation.Broken()
		text, words := "", fmt.Sprintf("found after %d kills", r.Kills)
		if f.Case.Subject != nil {
			text = f.Case.String()
			words += "\nprogram: " + text
		}
		c.found(report.WithoutExecution(f.Violation.Class(), promise, sentence, detail, c.again("kill", r.Seed), ""), text, "", words, f.Evidence)
		if text != "" {
			c.send(drive.Event{Event: drive.Smaller, Text: fmt.Sprintf(
				"no smallest case: a process was killed; if losing power shows the same, one thread at a time: %s --crash --program '%s'\n", c.command("explore"), text)})
		}
	}
	c.endFreely(err, r.Finding != nil, killsCounted(r)+roomCounted(r, "\n")+"\n"+killsShow, r.Canary, r)
}

// killsShow is part of each summary.
const killsShow = "this shows the death of processes, and no lost pages: the kernel keeps what was written (racewindow stress --crash)"

// killLoad makes the settings of a run with kills from the order.
func (c *checking) killLoad() (object.KillLoad, error) {
	load, err := c.load()
	d := c.order
	return object.KillLoad{
		Load: load, Dirs: d.Dirs, Kills: d.Kills, PerLog: d.PerLog, Workers: d.Workers, Acknowledgements: d.Acknowledgements, MinUnderLoad: d.MinUnderLoad,
		Limited: d.Limited, Full: d.Full,
	}, err
}

// starts returns a function that makes commands for processes with the same order, to be killed.
func (c *checking) starts() (func() *exec.Cmd, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	order := c.order
	order.Mode, order.Events, order.Nth, order.Again = drive.Killed, "", c.nth, ""
	test := "^" + strings.ReplaceAll(regexp.QuoteMeta(c.t.Name()), "/", "$/^") + "$"
	arguments := []string{"-test.run=" + test, "-test.count=1", "-test.timeout=0", "-" + drive.Flag + "=" + order.String()}
	return func() *exec.Cmd { return exec.Command(binary, arguments...) }, nil
}

// toldTo is the file descriptor through which a killed process reports what it does.
const toldTo = 3

// killed is what such a process executes, until it is killed or has nothing left to do.
func (c *checking) killed() {
	if c.nth != c.order.Nth {
		return // the order is for another Check of the same test
	}
	load, err := c.killLoad()
	if err == nil {
		err = c.object.Killed(c.context(), load, os.Stdin, os.NewFile(toldTo, "told"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// killsCounted says how much was tried.
func killsCounted(r object.KillResult) string {
	rate := 0.0
	if r.Duration > 0 {
		rate = float64(r.Kills) / r.Duration.Seconds()
	}
	words := fmt.Sprintf("%d processes were killed, %.0f a second: %d under load, %d within an operation, %d while they opened what was left; %d operations had returned, %d of them durable; %d folders were left, %d judged, on %d another process went on; %d programs, seed %d",
		r.Kills, rate, r.UnderLoad, r.Within, r.Opening, r.Operations, r.Durable, r.Folders, r.Judged, r.GoneOn, r.Programs, r.Seed)
	return words + besides(r.Ended, []count{
		{r.Unjudged, "folders not judged: they would take too many orders"},
		{r.Dropped, "folders dropped: a kill interrupted the process that queried them"},
	})
}

// roomCounted says what happened in the processes without room; separator precedes each kind.
func roomCounted(r object.KillResult, separator string) (words string) {
	for _, each := range []struct {
		what string
		was  *object.ShortResult
	}{{"a file size limit", r.Limited}, {"a full disk", r.Full}} {
		switch s := each.was; {
		case s == nil:
		case s.NotRun != "":
			words += fmt.Sprintf("%sNOT RUN: processes with %s: %s", separator, each.what, s.NotRun)
		default:
			words += fmt.Sprintf("%s%d processes with %s: %d objects ran into it, %d could not be opened because of it, %d were queried without being reopened after there was room again",
				separator, s.Processes, each.what, s.Met, s.NotOpened, s.Asked)
		}
	}
	return words
}
