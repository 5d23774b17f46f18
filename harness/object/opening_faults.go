package object

import (
	"errors"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
)

// Faults at open strike while an object is opened on what a loss of power has left, and end when Open returns. An Open that returns an error
// then has refused, which it may; a process that tries again, on a disk that works, must find everything. An Open that succeeds owes what it
// always owes: one that takes a failed read for the end of its file has lost something.

// openingFaults are the faults at open of one opening.
type openingFaults struct {
	rules    []cases.Fault
	disk     *disks.Disk
	counters []*disks.Counter // by fault; nil for one that does not strike at open
	came     []string         // the faults that came
	// count is called with the number of a fault that came, and how often it did.
	count func(i int, times int)
}

// failOpening makes a disk fail as these faults say, until end is called.
func failOpening(d *disks.Disk, rules []cases.Fault, count func(i int, times int)) *openingFaults {
	o := &openingFaults{rules: rules, disk: d, counters: make([]*disks.Counter, len(rules)), count: count}
	var all []disks.Injector
	for i, f := range rules {
		if rule := f.Rule(); rule != nil && f.AtOpen {
			o.counters[i] = disks.Count(rule)
			all = append(all, o.counters[i])
		}
	}
	if len(all) > 0 {
		d.Inject(disks.Any(all...))
	}
	return o
}

// end ends the faults and counts those that came.
func (o *openingFaults) end() {
	for i, counter := range o.counters {
		if counter != nil && counter.Faults() > 0 {
			o.count(i, counter.Faults())
			o.came = append(o.came, o.rules[i].String())
		}
		o.counters[i] = nil
	}
	o.disk.Inject(nil)
}

// slow lets a delay pass in the time of an execution.
func (o *openingFaults) slow(x *sched.Execution) { o.disk.Sleep(x.Advance) }

// excuse says whether Open has refused because a fault came.
func (o *openingFaults) excuse(err error) bool {
	var refused refusedError
	return len(o.came) > 0 && errors.As(err, &refused)
}

// when says when the object was opened.
func (o *openingFaults) when(text string, refused bool) string {
	switch came := strings.Join(o.came, " and "); {
	case refused:
		return text + ", when it was opened again after it had refused because of " + came
	case came != "":
		return text + ", when it was opened despite " + came
	}
	return text
}
