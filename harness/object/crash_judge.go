package object

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// An aftermath is a disk as a loss of power has left it, and what is known of the operations before that.
type aftermath struct {
	plan    *plan
	history spec.History // of the program
	image   *disks.Image
	where   string
	faults  []cases.Fault // of the disk, before the loss of power
	// before is the aftermath of the previous loss of power, on which the object was opened; nil for none.
	before *aftermath
	model  disks.Model
	// interrupts says that power is lost again while the object is opened.
	interrupts bool
	// atOpen is what fails while the object is opened, and failed how often it did.
	atOpen []cases.Fault
	failed uint64
	// opening says that power was lost while the object was opened for the first time.
	opening bool

	asked spec.History // what the object held, for the report
	// gone are the operations that this loss and earlier ones certainly took; known says that gone has been computed.
	gone  map[int]bool
	known bool
}

// when says at which moment power was lost.
func (a *aftermath) when() string { return "after a loss of power " + a.where }

// crashes counts the losses of power up to this one.
func (a *aftermath) crashes() (n int) {
	for ; a != nil; a = a.before {
		n++
	}
	return n
}

// allFaults returns the faults of all lives up to this loss of power, the latest life first, each rule once.
func (a *aftermath) allFaults() (all []cases.Fault) {
	for i := 0; a != nil; a, i = a.before, i+1 {
		faults := a.faults
		if i == 0 { // the others say nothing about this loss
			faults = append(slices.Clone(a.atOpen), faults...)
		}
		for _, fault := range faults {
			if !slices.Contains(all, fault) {
				all = append(all, fault)
			}
		}
	}
	return all
}

// owes is the promise about what the object holds after this loss of power.
func (a *aftermath) owes() promise {
	return a.plan.owedAfter(a.history)
}

// unfinished says whether the clients have operations left.
func (a *aftermath) unfinished() bool {
	return slices.ContainsFunc(a.history, func(e spec.Entry) bool { return e.Outcome == spec.NotInvoked })
}

// key is equal for two aftermaths that no judge can tell apart.
func (a *aftermath) key() (k key) {
	text := binary.AppendUvarint(make([]byte, 0, 256), uint64(a.plan.number))
	for _, e := range a.history {
		text = append(text, byte(e.Outcome), byte(e.Crashes))
		var before uint64
		for i, other := range a.history {
			if endsBefore(other, e) {
				before |= 1 << i
			}
		}
		text = binary.LittleEndian.AppendUint64(text, before)
	}
	hash := a.image.Hash()
	text = append(text, hash[:]...)
	if a.interrupts {
		text = append(text, 1)
	}
	if a.opening {
		text = append(text, 2)
	}
	for _, fault := range a.atOpen {
		text = append(text, fault.String()...)
	}
	if a.before != nil {
		before := a.before.key()
		text = append(text, before[:]...)
	}
	sum := sha256.Sum256(text)
	copy(k[:], sum[:])
	return k
}

// owed returns the history, without the operations that an earlier loss of power took.
func (a *aftermath) owed() (spec.History, error) {
	h := slices.Clone(a.history)
	if a.before == nil {
		return h, nil
	}
	gone, err := a.before.takes()
	for i := range gone {
		if o := h[i].Outcome; o == spec.Volatile || o == spec.Indeterminate {
			h[i] = spec.Entry{}
		}
	}
	return h, err
}

// takes returns the operations that this loss of power and earlier ones certainly took.
func (a *aftermath) takes() (map[int]bool, error) {
	if a.known {
		return a.gone, nil
	}
	h, err := a.owed()
	if err != nil {
		return nil, err
	}
	a.known, a.gone = true, map[int]bool{}
	if a.before != nil {
		for i := range a.before.gone {
			a.gone[i] = true
		}
	}
	asked, err := a.reopen(disks.Crash(a.image), h, questions{})
	if err != nil {
		return a.gone, nil // this error is found when the aftermath itself is judged
	}
	for _, i := range a.plan.taken(asked) {
		a.gone[i] = true
	}
	return a.gone, nil
}

func (a *aftermath) reopen(d *disks.Disk, h spec.History, q questions) (spec.History, error) {
	e := a.plan.object.newEnv(a.plan.settings)
	e.disk, e.keeps = d, a.plan.object.keepsInFolder()
	return a.plan.reopen(e, h, q)
}

// reopenDespite is reopen on a disk that fails, and calls during after each operation of the disk. If Open refuses because of a fault, a
// process that tries again finds a disk that works. when says that in words.
func (a *aftermath) reopenDespite(d *disks.Disk, h spec.History, during func(disks.Operation), rules []cases.Fault, when string) (spec.History, string, error) {
	faults := failOpening(d, rules, func(_ int, times int) { a.failed += uint64(times) })
	d.After(during)
	asked, err := a.reopen(d, h, questions{opened: func() { d.After(nil); faults.end() }})
	refused := faults.excuse(err)
	if refused {
		d.Kill()
		asked, err = a.reopen(d, h, questions{})
	}
	return asked, faults.when(when, refused), err
}

// judge opens the object on the disk and says what is wrong with its contents. If interrupts is set, it also loses power
// during the opening and judges what that leaves.
func (a *aftermath) judge() (interrupted uint64, err error) {
	h, err := a.owed()
	if err != nil {
		return 0, err
	}
	d := disks.Crash(a.image)
	var during *disks.Image
	var hook func(disks.Operation)
	if a.interrupts {
		hash := a.image.Hash()
		tape := disks.NewTape(cases.SaltOf(hash))
		steps := uint64(0)
		hook = func(o disks.Operation) {
			if !o.Kind.Changes() {
				return
			}
			if steps++; tape.Draw(steps) == 0 { // every step is equally likely
				during = d.At(a.model).Sample(tape)
			}
		}
	}
	if err := a.holds(d, h, hook, a.atOpen, a.owes(), a.when()); err != nil || during == nil {
		return 0, err
	}
	return 1, a.holds(disks.Crash(during), h, nil, nil, recovery, a.when()+", and a second one while the object was opened")
}

// holds judges the object after one opening.
func (a *aftermath) holds(d *disks.Disk, h spec.History, during func(disks.Operation), rules []cases.Fault, owed promise, when string) error {
	asked, when, err := a.reopenDespite(d, h, during, rules, when)
	a.asked = asked
	if err != nil {
		return owed.broken("%s%v", when, err)
	}
	found, err := a.plan.explain(asked)
	var unusable sched.UnusableError
	switch {
	case errors.As(err, &unusable):
		return err
	case err != nil:
		return owed.broken("%s%v", when, err)
	case found != nil:
		return owed.broken("%s, %s", when, found.detail)
	}
	return nil
}

// told reports all that is known: what was acknowledged, on what disk, and what the object held.
func (a *aftermath) told() string {
	var b strings.Builder
	fmt.Fprintf(&b, "power was lost %s, and left %v\n", a.where, a.image)
	for life := a; life != nil; life = life.before {
		if life != a {
			fmt.Fprintf(&b, "before that it was lost %s, and left %v\n", life.where, life.image)
		}
		for _, fault := range life.faults {
			fmt.Fprintf(&b, "before that the disk failed: %v\n", fault)
		}
	}
	b.WriteString(a.plan.survivors(a.history, "power was lost"))
	b.WriteString(a.plan.answered(a.asked, len(a.plan.calls)))
	return b.String()
}

// survivors has a line for each operation: when it was called and returned, its result, and whether it must survive.
func (p *plan) survivors(h spec.History, event string) string {
	var b strings.Builder
	calls := 0
	for _, c := range p.calls {
		calls = max(calls, len(c.text))
	}
	fmt.Fprintf(&b, "called  returned      %-*s  result\n", calls, "operation")
	var order []int
	for i, e := range h {
		if e.Outcome != spec.NotInvoked {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return h[i].Invoked - h[j].Invoked })
	for _, i := range order {
		e, c := h[i], p.calls[i]
		returned, said := fmt.Sprint(e.Returned), e.Result
		switch {
		case e.Outcome == spec.Durable:
			said += " (durable)"
		case e.Outcome == spec.Volatile && c.method.Durable != "":
			said += " (not durable when " + event + ")"
		case e.Outcome == spec.Indeterminate && e.Returned == 0:
			returned, said = "never", "(under way when "+event+": it may have taken effect or not)"
		case e.Outcome == spec.Indeterminate:
			said += " (called off: it may have taken effect or not)"
		}
		fmt.Fprintf(&b, "%6d  %8s  %-2s  %-*s  %s\n", e.Invoked, returned, p.whose(i), calls, c.text, said)
	}
	return b.String()
}

// answered lists what the probes returned. Those before the index again were called while the object was open and had room
// again, the others after it was opened again.
func (p *plan) answered(asked spec.History, again int) string {
	var b strings.Builder
	for i := len(p.calls); i < len(asked); i++ {
		when := "opened again"
		if i < again {
			when = "with room again"
		}
		switch e := asked[i]; e.Outcome {
		case spec.OK, spec.Durable, spec.Volatile:
			fmt.Fprintf(&b, "%s, %s gives %s\n", when, p.at(i).text, e.Result)
		case spec.Pending:
			fmt.Fprintf(&b, "%s, %s does not return\n", when, p.at(i).text)
		}
	}
	return b.String()
}
