package cases

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// A Fault is something that goes wrong once: what a fault point delivers to a thread, or how an operation of the disk fails.
type Fault struct {
	// At is a fault point and the n-th time that a thread comes to it. Value is what the point then delivers.
	At    Place
	Value string
	// Disk is a rule of package disks, such as "sync * #2 = EIO"; At and Value are then empty. AtOpen says that it holds while the subject
	// is opened after a loss of power, and counts from there, and not before.
	Disk   string
	AtOpen bool
}

// atOpen ends the text of such a fault.
const atOpen = " at open"

// String prints the fault in the grammar's form.
func (f Fault) String() string {
	if f.AtOpen {
		return "disk " + f.Disk + atOpen
	}
	if f.Disk != "" {
		return "disk " + f.Disk
	}
	return f.At.String() + "=" + f.Value
}

// Kind says where and what, but not which thread, how often or how much: "flush/sync-error EIO", "disk write ENOSPC",
// "read/bit-flip".
func (f Fault) Kind() string {
	if words := strings.Fields(f.Disk); len(words) > 0 {
		what, _, _ := strings.Cut(words[len(words)-1], "/")
		if f.AtOpen {
			what += atOpen
		}
		return "disk " + words[0] + " " + what
	}
	if faultErrors[f.Value] == nil { // a length
		return f.At.Point
	}
	return f.At.Point + " " + f.Value
}

// Rule returns what the disk does, nil for a fault at a fault point.
func (f Fault) Rule() *disks.Rule {
	if f.Disk == "" {
		return nil
	}
	rule, err := disks.ParseRule(f.Disk)
	if err != nil {
		return nil
	}
	return rule
}

// mainThread is the name of the thread that opens the subject.
const mainThread = "main"

// faultErrors are the errors that a fault point can deliver. A number means the length of a torn transfer.
var faultErrors = map[string]error{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS, "SHORT": io.ErrShortWrite}

// Error returns what the fault point delivers, if it is an error.
func (f Fault) Error() (err error, ok bool) {
	err, ok = faultErrors[f.Value]
	return err, ok
}

const faultRemedy = "write THREAD@FAULTPOINT#N=EIO (or ENOSPC, EROFS, SHORT, or a number of bytes where the point takes one), or disk KIND GLOB #N = FAULT [at open]"

func parseFault(text string) (f Fault, err error) {
	if rule, ok := strings.CutPrefix(text, "disk "); ok {
		rule, opening := strings.CutSuffix(strings.TrimSpace(rule), atOpen)
		parsed, err := disks.ParseRule(rule)
		if err != nil {
			return f, fmt.Errorf("fault %.80q: %w", text, err)
		}
		return Fault{Disk: parsed.String(), AtOpen: opening}, nil
	}
	at, value, ok := strings.Cut(text, "=")
	if !ok {
		return f, fmt.Errorf("fault %.80q: %s", text, faultRemedy)
	}
	f.Value = strings.TrimSpace(value)
	f.At, err = sched.ParsePlace(strings.TrimSpace(at))
	return f, err
}

func (c Case) checkFaults() error {
	if len(c.Faults) > MaxFaults {
		return fmt.Errorf("%w: %d faults: at most %d", ErrCase, len(c.Faults), MaxFaults)
	}
	if (len(c.Faults) > 0 || c.Crash != nil) && len(c.Delays) > 0 {
		return fmt.Errorf("%w: faults (!) and crashes belong to cases without delays (~)", ErrCase)
	}
	for i, f := range c.Faults {
		if err := c.checkFault(f); err != nil {
			return fmt.Errorf("%w: fault %d %v: %w", ErrCase, i+1, f, err)
		}
	}
	if c.Crash == nil || c.Crash.Any || c.Crash.At.Point == sched.StartPoint {
		return nil
	}
	if err := c.checkSwitch(sched.Switch{At: c.Crash.At, To: c.Crash.At.Thread}); err != nil {
		return fmt.Errorf("%w: %v: %w", ErrCase, *c.Crash, err)
	}
	return nil
}

func (c Case) checkFault(f Fault) error {
	if f.Disk != "" {
		rule, err := disks.ParseRule(f.Disk)
		if err == nil && f.AtOpen && rule.Misplaces() {
			err = errors.New("LOST and ASTRAY are not for faults at open, which an object must survive")
		}
		return err
	}
	if f.At.Thread == mainThread && c.Thread(mainThread) < 0 {
		return errors.New("the main thread only opens the subject, and nothing goes wrong in that: name a thread of the case")
	}
	if !c.mayRun(f.At.Thread) {
		return c.noThread(f.At.Thread)
	}
	if f.At.Hit < 1 || f.At.Hit > MaxHit {
		return fmt.Errorf("passes are counted from 1, to %d", MaxHit)
	}
	if _, ok := faultErrors[f.Value]; ok {
		return nil
	}
	if _, err := strconv.ParseUint(f.Value, 10, 31); err != nil {
		return fmt.Errorf("%q is no fault%s: %s", f.Value, spelling.Meant(f.Value, slices.Sorted(maps.Keys(faultErrors))), faultRemedy)
	}
	return nil
}

// Deliver returns what a thread gets when it comes to a fault point for the hit-th time, and the index of the fault; -1 if
// there is none.
func (c Case) Deliver(thread string, p *failpoints.Point, hit int) (value any, index int) {
	for i, f := range c.Faults {
		if f.Disk != "" || f.At.Hit != hit || f.At.Thread != thread || f.At.Point != p.Name() {
			continue
		}
		if err, ok := faultErrors[f.Value]; ok {
			return err, i
		}
		return f.Value, i
	}
	return nil, -1
}
