// Command faults puts each fault to the engine in every schedule of a small program with at most one preemption, and prints
// how often each promise was put to the test behind it. It runs in the instrumented build:
//
//	go run ./harness/cmd/racewindow run ./scripts/faults
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

const (
	two   = "w0: append 1, flush, append 1, flush, append 1, flush; r0: read - end"
	rolls = "w0: append 1 of 300, flush, append 1 of 300, flush, append 1, flush; r0: read - end"
	reads = "w0: append 1, flush; r0: read - end, read - end"
)

var faults = []struct{ program, fault string }{
	{two, "w0@flush/write-error#2=EIO"},
	{two, "w0@flush/short-write#2=30"},
	{two, "w0@flush/no-space#2=30"},
	{two, "w0@flush/sync-error#2=EIO"},
	{two, "w0@index/write-error#1=3"},
	{rolls, "w0@segment/dirsync-error#1=EIO"},
	{reads, "r0@read/io-error#1=EIO"},
	{reads, "r0@read/bit-flip#1=40"},
	{two, "disk write * #3 = EIO/40"},
	{two, "disk write * #3 = ENOSPC/40"},
	{two, "disk sync * #2 = EIO"},
	{rolls, "disk create * #1 = ENOSPC"},
	{rolls, "disk rename * #1 = EIO"},
	{rolls, "disk syncdir * #1 = EIO"},
	{reads, "disk read * #1+ = EIO"},
	{reads, "disk read * #1+ = FLIP/300"},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func run() error {
	var names []string
	for i, f := range faults {
		c, err := cases.Parse("v1 scenario=log handover=snapshot chunk=100 segment=200; " + f.program + "; ! " + f.fault + "; crash any")
		if err != nil {
			return err
		}
		s, came, err := c.Crashing()
		if err != nil {
			return err
		}
		r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded", Preemptions: 1})
		if err != nil {
			return err
		}
		checked := came.Checked()
		if i == 0 {
			for name := range checked {
				names = append(names, name)
			}
			slices.Sort(names)
			fmt.Printf("| fault | schedules | came | disks | %s |\n|---|---|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
		}
		fmt.Printf("| `%s` | %d | %d | %d |", f.fault, r.Schedules, came.Faults.Load(), came.Disks.Load())
		for _, name := range names {
			if checked[name] == 0 { // a full disk and a failed read poison nothing
				fmt.Print(" - |")
				continue
			}
			fmt.Printf(" %d |", checked[name])
		}
		fmt.Println()
		if len(r.Findings) > 0 {
			c.Switches = r.Findings[0].Schedule
			return fmt.Errorf("%w: %v", r.Findings[0].Failure, c)
		}
		if came.Faults.Load() == 0 {
			return fmt.Errorf("%s never came", f.fault)
		}
	}
	return nil
}
