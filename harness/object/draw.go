package object

import (
	"fmt"
	"iter"
	"math/rand"
	"slices"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/values"
)

// Draw implements cases.Subject. A client has at least one operation. Short programs are more likely than long ones, because
// most bugs need few operations. Half of the programs use only some of the operations, because one that closes or empties the
// object hides what the others would do.
func (o *Object) Draw(random *rand.Rand, s cases.Shape) (cases.Case, error) {
	s = s.WithDefaults()
	c := cases.Case{Subject: o, Settings: o.drawSettings(random)}
	drawing := &values.Drawing{Random: random, Unique: random.Intn(2) == 0}
	methods := o.drawMethods(random)
	threads := 1 + random.Intn(s.Threads)
	if s.Threads > 1 {
		threads = max(threads, 2)
	}
	for i := range threads {
		t := cases.Thread{Name: fmt.Sprintf("c%d", i)}
		for range 1 + min(random.Intn(s.Operations), random.Intn(s.Operations)) {
			m := methods[random.Intn(len(methods))]
			arguments, err := drawing.Draw(m.Operation)
			if err != nil {
				return c, err
			}
			t.Operations = append(t.Operations, newCall(m, arguments))
		}
		c.Threads = append(c.Threads, t)
	}
	return c, nil
}

// drawMethods returns all operations, or at least two of them.
func (o *Object) drawMethods(random *rand.Rand) []*method {
	if len(o.methods) <= 2 || random.Intn(2) == 0 {
		return o.methods
	}
	methods := slices.Clone(o.methods)
	random.Shuffle(len(methods), func(i, j int) { methods[i], methods[j] = methods[j], methods[i] })
	return methods[:2+random.Intn(len(methods)-2)]
}

// DrawFaults implements cases.Subject: rules for the disk. Where power is lost, a quarter of them are a failed read while the object is
// opened after that.
func (o *Object) DrawFaults(random *rand.Rand, c cases.Case, most int) (faults []cases.Fault) {
	if !o.keeps() {
		return nil
	}
	kinds := []string{"write * #%d = EIO", "write * #%d = ENOSPC", "write * #%d = EIO/40", "sync * #%d = EIO", "syncdir * #%d = EIO", failedRead}
	for range 1 + random.Intn(most) {
		kind, n := kinds[random.Intn(len(kinds))], 1+random.Intn(mostOfKind)
		if c.Crash != nil && random.Intn(1/atOpenShare) == 0 {
			faults = append(faults, failedReadAtOpen(n))
			continue
		}
		faults = append(faults, cases.Fault{Disk: fmt.Sprintf(kind, n)})
	}
	return faults
}

const (
	failedRead  = "read * #%d = EIO"
	mostOfKind  = 4 // the first operation of its kind fails, or one of those that follow, up to this one
	atOpenShare = 0.25
)

// failedReadAtOpen is the failure of the n-th read while an object is opened after a loss of power.
func failedReadAtOpen(n int) cases.Fault {
	return cases.Fault{Disk: fmt.Sprintf(failedRead, n), AtOpen: true}
}

// Smaller implements cases.Subject.
func (o *Object) Smaller(c cases.Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		for _, plainer := range o.settings(c).plainer() {
			next := c.Clone()
			if next.Settings = plainer; !yield(next) {
				return
			}
		}
		for i := range c.Threads {
			for j, operation := range c.Threads[i].Operations {
				for smaller := range operation.(*Call).smaller() {
					next := c.Clone()
					if next.Threads[i].Operations[j] = smaller; !yield(next) {
						return
					}
				}
			}
		}
	}
}

// smaller yields calls with one argument a step smaller.
func (c *Call) smaller() iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for arguments := range c.method.Smaller(c.arguments) {
			if !yield(newCall(c.method, slices.Clone(arguments))) {
				return
			}
		}
	}
}
