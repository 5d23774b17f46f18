package log

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
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// A Fault is something that goes wrong once: what a fault point delivers to a thread, or what becomes of an operation of the
// disk.
type Fault struct {
	// At is the n-th time that a thread comes to a fault point, and Value what that delivers.
	At    Place
	Value string
	// Disk is a rule of package crash, such as "sync * #2 = EIO"; At and Value are then empty. Operations are counted from when
	// the log is open.
	Disk string
}

// String prints the fault as the grammar has it.
func (f Fault) String() string {
	if f.Disk != "" {
		return "disk " + f.Disk
	}
	return f.At.String() + "=" + f.Value
}

// Kind is where and what, without who, how often and how much: "flush/sync-error EIO", "disk write ENOSPC", "read/bit-flip".
func (f Fault) Kind() string {
	if words := strings.Fields(f.Disk); len(words) > 0 {
		what, _, _ := strings.Cut(words[len(words)-1], "/")
		return "disk " + words[0] + " " + what
	}
	if faultErrors[f.Value] == nil { // a length
		return f.At.Point
	}
	return f.At.Point + " " + f.Value
}

// rule is what the disk does, nil for a fault point.
func (f Fault) rule() *crash.Rule {
	if f.Disk == "" {
		return nil
	}
	rule, err := crash.ParseRule(f.Disk)
	if err != nil {
		return nil
	}
	return rule
}

// flips says whether the fault changes bits that are read.
func (f Fault) flips() bool {
	if r := f.rule(); r != nil {
		return r.Fault().Flip
	}
	return f.At.Point == "read/bit-flip"
}

// spares says whether the contract has the log go on after the fault: a full disk on a write, whatever befalls a read or an
// opening, and what is only slow.
func (f Fault) spares() bool {
	if r := f.rule(); r != nil {
		what := r.Fault()
		full := errors.Is(what.Err, syscall.ENOSPC)
		switch r.Kind() {
		case crash.Read, crash.Allocate:
			return true
		case crash.Write, crash.Create:
			return what.Err == nil || full
		}
		return what.Err == nil
	}
	switch f.At.Point {
	case "flush/no-space", "read/io-error", "read/bit-flip", "recovery/truncate-error":
		return true
	case "flush/write-error":
		return f.Value == "ENOSPC"
	}
	return false
}

// poisons says whether the contract has the log poisoned by the fault, unless it comes while the log is opened.
func (f Fault) poisons() bool {
	if r := f.rule(); r != nil {
		broken, full := errors.Is(r.Fault().Err, syscall.EIO), errors.Is(r.Fault().Err, syscall.ENOSPC)
		switch r.Kind() {
		case crash.Write, crash.Create:
			return broken
		case crash.Sync, crash.SyncDir, crash.Rename: // a full disk is excused on a write alone
			return broken || full
		}
		return false
	}
	return !f.spares() && (f.Value != "ENOSPC" || f.At.Point == "flush/sync-error") // delayed allocation fails in the sync, and drops pages
}

// spares says whether nothing that is to go wrong may poison the log, poisons whether all of it must.
func (c Case) spares() bool {
	return c.faulty() && !slices.ContainsFunc(c.Faults, func(f Fault) bool { return !f.spares() })
}

func (c Case) poisons() bool {
	return c.faulty() && !slices.ContainsFunc(c.Faults, func(f Fault) bool { return !f.poisons() })
}

// A Crash is a loss of power, or the death of the process.
type Crash struct {
	// Any crashes at every step, and tries every disk that this may leave, and the death of the process; At, Disk, Tape and Kill are
	// then empty.
	Any bool
	// At is the step.
	At Place
	// Disk is which of the disks that the crash may leave, counted from 1 in the order of crash.Enumerate; 0 if they are too
	// many, and Tape then is the seed of the one that is drawn.
	Disk int
	Tape uint64
	// Kill ends the process alone: the next one finds what the file system had in memory, synced or not.
	Kill bool
	// Model says what may survive.
	Model crash.Model
}

// String prints the clause.
func (c Crash) String() string {
	text := "crash "
	switch {
	case c.Any:
		text += "any"
	case c.Kill:
		text += c.At.String() + " kill"
	case c.Disk > 0:
		text += fmt.Sprintf("%v disk=%d", c.At, c.Disk)
	default:
		text += fmt.Sprintf("%v tape=%d", c.At, c.Tape)
	}
	if c.Model != crash.Ordered {
		text += " model=" + c.Model.String()
	}
	return text
}

// Limits of faults.
const MaxFaults = 64

// faultErrors are the errors that a fault point may deliver. A number is the length of a torn transfer.
var faultErrors = map[string]error{"EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS, "SHORT": io.ErrShortWrite}

// lengthPoints are the fault points that say where something is torn; all others deliver errors.
var lengthPoints = map[string]bool{"flush/short-write": true, "flush/no-space": true, "index/write-error": true, "read/bit-flip": true}

const faultRemedy = "write THREAD@FAULTPOINT#N=EIO (or ENOSPC, EROFS, SHORT; a number of bytes at flush/short-write, flush/no-space, index/write-error and read/bit-flip), or disk KIND GLOB #N = FAULT"

func parseFault(text string) (f Fault, err error) {
	if rule, ok := strings.CutPrefix(text, "disk "); ok {
		parsed, err := crash.ParseRule(rule)
		if err != nil {
			return f, fmt.Errorf("fault %.80q: %w", text, err)
		}
		return Fault{Disk: parsed.String()}, nil
	}
	at, value, ok := strings.Cut(text, "=")
	if !ok {
		return f, fmt.Errorf("fault %.80q: %s", text, faultRemedy)
	}
	f.Value = strings.TrimSpace(value)
	f.At, err = sched.ParsePlace(strings.TrimSpace(at))
	return f, err
}

func parseCrash(text string) (c Crash, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return c, errors.New("write 'crash any', 'crash PLACE disk=N' or 'crash PLACE kill'")
	}
	if c.Any = words[0] == "any"; !c.Any {
		if c.At, err = sched.ParsePlace(words[0]); err != nil {
			return c, err
		}
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, ok := strings.Cut(word, "=")
		if ok == (name == "kill") || seen[name] {
			return c, fmt.Errorf("%q%s: after the place stand disk=N, tape=N or kill, and model=ordered or model=weak", word, spelling.Meant(name, []string{"disk", "tape", "kill", "model"}))
		}
		seen[name] = true
		switch name {
		case "disk":
			if c.Disk, err = strconv.Atoi(value); err != nil {
				err = fmt.Errorf("disk=%.40s: write a number", value)
			} else if c.Disk < 1 {
				err = fmt.Errorf("disk=%s: disks are counted from 1", value)
			}
		case "tape":
			if c.Tape, err = parseNumber(value); err != nil {
				err = fmt.Errorf("tape=%.40s: write a number below 2^64", value)
			}
		case "kill":
			c.Kill = true
		case "model":
			c.Model, err = crash.ModelByName(value)
		default:
			err = fmt.Errorf("%q: unknown%s; use disk, tape, kill or model", word, spelling.Meant(name, []string{"disk", "tape", "kill", "model"}))
		}
		if err != nil {
			return c, err
		}
	}
	which := 0
	for _, name := range []string{"disk", "tape", "kill"} {
		if seen[name] {
			which++
		}
	}
	if c.Any && which > 0 || !c.Any && which != 1 {
		return c, errors.New("one of disk=N, tape=N and kill says what a crash at a place leaves; 'crash any' tries all")
	}
	return c, nil
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
		return fmt.Errorf("%w: %v: %w", ErrCase, c.Crash, err)
	}
	return nil
}

func (c Case) checkFault(f Fault) error {
	if f.Disk != "" {
		_, err := crash.ParseRule(f.Disk)
		return err
	}
	known := slices.Contains(faultPoints(), f.At.Point)
	_, named := faultErrors[f.Value]
	_, err := strconv.ParseUint(f.Value, 10, 31)
	if lengthPoints[f.At.Point] {
		named = false
	} else {
		err = strconv.ErrSyntax
	}
	switch {
	case !known:
		return fmt.Errorf("no fault point is called %q%s: 'racewindow failpoints' lists them", f.At.Point, spelling.Meant(f.At.Point, faultPoints()))
	case f.At.Thread == "main":
		return errors.New("the main thread only opens an empty log, and nothing goes wrong in that: a fault of a recovery belongs to a thread with a reopen")
	case !c.isThread(f.At.Thread):
		return c.noThread(f.At.Thread)
	case strings.HasPrefix(f.At.Point, "recovery/") && !c.recovers(f.At.Thread):
		return fmt.Errorf("thread %s recovers nothing: give it a reopen", f.At.Thread)
	case !named && err != nil:
		return fmt.Errorf("%q is no fault%s: %s", f.Value, spelling.Meant(f.Value, slices.Sorted(maps.Keys(faultErrors))), faultRemedy)
	}
	return nil
}

// faultPoints are the names of the points that a fault may come to.
func faultPoints() (names []string) {
	for _, e := range failpoints.Catalogue() {
		if e.Kind == failpoints.KindFault {
			names = append(names, e.Name)
		}
	}
	return names
}

// recovers says whether a thread opens the log again.
func (c Case) recovers(thread string) bool {
	i := c.thread(thread)
	return i >= 0 && slices.ContainsFunc(c.Threads[i].Operations, func(o Operation) bool { return o.Kind == Reopen })
}

// deliver decides what, and which fault it is, -1 for none, fault points deliver in an execution of the case.
func (c Case) deliver(thread string, p *failpoints.Point, hit int) (value any, index int) {
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
