// Command faults injects each fault into the engine, in every schedule of a small program with at most one preemption, and prints
// how often each promise was tested after it. It runs in the instrumented build:
//
//	go run ./harness/cmd/racewindow run ./scripts/faults
//	go run ./harness/cmd/racewindow run ./scripts/faults -readme scripts/faults/README.md
//
// With -check the page must hold what is measured. Each search has one worker, since with more some counts move by a few; as many rows
// as there are processors are searched at the same time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/scripts/pages"
)

const (
	two   = "w0: append 1, flush, append 1, flush, append 1, flush; r0: read - end"
	rolls = "w0: append 1 of 300, flush, append 1 of 300, flush, append 1, flush; r0: read - end"
	roll  = "w0: append 1 of 300, flush, append 1, flush; r0: read - end"
	reads = "w0: append 1, flush; r0: read - end; r1: read - end"
	again = "w0: append 1, reopen, reopen; r0: read - end"
)

// command is what the page names as the command that makes its table.
const command = "racewindow run ./scripts/faults -readme scripts/faults/README.md"

// A row is one fault in one program.
type row struct{ program, fault string }

var rows = []row{
	{two, "w0@flush/write-error#2=EIO"},
	{two, "w0@flush/short-write#2=30"},
	{two, "w0@flush/no-space#2=30"},
	{two, "w0@flush/sync-error#2=EIO"},
	{two, "w0@index/write-error#1=3"},
	{rolls, "w0@segment/dirsync-error#1=EIO"},
	{reads, "r0@read/io-error#1=EIO"},
	{reads, "r0@read/bit-flip#1=40"},
	{again, "w0@recovery/truncate-error#1=EIO"},
	{again, "w0@read/io-error#1=EIO"},
	{two, "disk write * #3 = EIO/40"},
	{two, "disk write * #3 = ENOSPC/40"},
	{two, "disk write */index #2 = EIO/3"},
	{two, "disk write */index #2 = ENOSPC/3"},
	{two, "disk sync * #2 = EIO"},
	{two, "disk sync * #2 = DELAY/10ms"},
	{roll, "disk create * #1 = ENOSPC"},
	{rolls, "disk rename * #1 = EIO"},
	{roll, "disk rename * #1 = ENOSPC"},
	{rolls, "disk syncdir * #1 = EIO"},
	{reads, "disk read * #1 = EIO"},
	{reads, "disk read * #1 = FLIP/300"},
	{again, "disk read *.seg #2 = EIO"},
}

func main() {
	readme := flag.String("readme", "", "write the table into the page `FILE`")
	check := flag.String("check", "", "fail if the page `FILE` holds another table")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "faults: unexpected argument %q: use flags only\n", flag.Arg(0))
		os.Exit(2)
	}
	debug.SetGCPercent(400) // schedules make garbage and keep nothing
	var table strings.Builder
	err := run(io.MultiWriter(os.Stdout, &table), rows)
	if err == nil && *readme != "" {
		err = pages.Write(*readme, command, table.String())
	}
	if err == nil && *check != "" {
		err = pages.Check(*check, command, table.String(), false)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		if errors.As(err, new(*sched.Failure)) {
			os.Exit(1)
		}
		os.Exit(3)
	}
}

// run writes the table, a row as soon as those above it are there. A violation, a fault that never happens and a promise that was not
// tested are errors.
func run(w io.Writer, rows []row) error {
	if len(rows) == 0 {
		return errors.New("there are no faults, so nothing was judged")
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	type line struct {
		names []string
		text  string
		err   error
	}
	lines, free := make([]chan line, len(rows)), make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range rows {
		lines[i] = make(chan line, 1)
	}
	go func() {
		for i, f := range rows {
			free <- struct{}{}
			go func() {
				defer func() { <-free }()
				names, text, err := f.measure(ctx)
				lines[i] <- line{names, text, err}
			}()
		}
	}()
	for i := range rows {
		l := <-lines[i]
		if l.err != nil {
			return l.err
		}
		if i == 0 {
			fmt.Fprintf(w, "| fault | schedules | came | disks | %s |\n|---|---|---|---|%s\n", strings.Join(l.names, " | "), strings.Repeat("---|", len(l.names)))
		}
		fmt.Fprint(w, l.text)
	}
	return nil
}

// measure searches the schedules of a row, with one worker, and returns the promises of the table and the row's line in it.
func (f row) measure(ctx context.Context) (names []string, line string, err error) {
	c, err := cases.Parse("v1 scenario=log handover=snapshot chunk=100 segment=200; " + f.program + "; ! " + f.fault + "; crash any")
	if err != nil {
		return nil, "", err
	}
	s, came, err := c.Crashing()
	if err != nil {
		return nil, "", err
	}
	r, err := sched.Search(ctx, s, sched.Options{Strategy: "bounded", Preemptions: 1, Workers: 1})
	if err != nil {
		return nil, "", err
	}
	if len(r.Findings) > 0 {
		c.Switches = r.Findings[0].Schedule
		return nil, "", fmt.Errorf("%w: %v", r.Findings[0].Failure, c)
	}
	if !r.ExhaustedTo(1) {
		return nil, "", fmt.Errorf("%v: not every schedule with one preemption was executed: %s", c, r.Ended)
	}
	names, cells, err := cellsOf(asked(came.Checked()), came.Refused.Load())
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", f.fault, err)
	}
	if came.Faults.Load() == 0 {
		return nil, "", fmt.Errorf("%s never happened", f.fault)
	}
	return names, fmt.Sprintf("| `%s` | %d | %d | %d | %s |\n", f.fault, r.Schedules, came.Faults.Load(), came.Disks.Load(), strings.Join(cells, " | ")), nil
}

// asked returns the counts with every promise of the table: 0 for one that was never tested.
func asked(checked map[string]uint64) map[string]uint64 {
	all := map[string]uint64{}
	for _, p := range append(check.CrashPromises(), check.NoCorruption, check.Progress, check.ReadAfterWrite, check.TransactionAtomicity) {
		all[p.Name] = 0
	}
	maps.Copy(all, checked)
	return all
}

// cellsOf makes a cell of each count: the verdict, and how often it was reached. StickyPoison and NoPoison share a
// column, because a fault either poisons for good or not at all. While a log is opened no read can run, so StableReads
// then says how often opening was refused.
func cellsOf(checked map[string]uint64, refused uint64) (names, cells []string, err error) {
	sticky, none := checked[check.StickyPoison.Name], checked[check.NoPoison.Name]
	for name, n := range checked {
		cell := fmt.Sprintf("held %d", n)
		switch {
		case name == check.NoPoison.Name:
			continue
		case name == check.StickyPoison.Name && sticky > 0 && none > 0:
			return nil, nil, errors.New("the fault poisons in some schedules but not in others")
		case name == check.StickyPoison.Name:
			name, cell = "Poison", fmt.Sprintf("sticky, held %d", sticky)
			if n = sticky + none; none > 0 {
				cell = fmt.Sprintf("none, held %d", none)
			}
		case name == check.StableReads.Name && n == 0:
			n, cell = refused, fmt.Sprintf("closed %d", refused)
		}
		if n == 0 {
			return nil, nil, fmt.Errorf("%s was not tested", name)
		}
		names, cells = append(names, name), append(cells, name+"|"+cell)
	}
	slices.Sort(names)
	slices.Sort(cells)
	for i := range cells {
		_, cells[i], _ = strings.Cut(cells[i], "|")
	}
	return names, cells, nil
}
