package object

import (
	"errors"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/spec"
)

// A recovery may leave something wrong that shows only later: it forgets to cut a torn tail, say, and a record that is written after
// it cannot be found again. So an object goes on after a crash, and power is lost once more. Nothing is drawn for that: the calls that
// ask the opened object what it holds are its operations, for those that change something come last. A case has no word for it either:
// it names one crash, and a case that names one always has the second life. What a new object loses too, with the same operations and one
// crash, is no matter of a second life: the first one shows it.

// A secondLife is what an object has done since it was opened after a crash, and what a second one leaves of it.
type secondLife struct {
	ends []int // the probes, by index, after which power is lost once more
	most int   // how many disks of each end are kept
	left []secondCrash
	err  error // something was done that cannot be recorded
	// history is that of the program, and of the probes as the opened object has answered them.
	history spec.History
}

// A secondCrash is a loss of power after a probe.
type secondCrash struct {
	probe  int
	images []*disks.Image
}

// One crash in secondLives is followed by a second life. It ends once, and the most disks of that are tried.
const (
	secondLives       = 4
	imagesOfSecondEnd = 2
)

// secondLife returns the second life that follows a crash of recorded code, nil for none. There is none if the object has been asked
// before, because a history has no room for it then, and none on a disk that has lost a write. In a case with one crash the second life
// ends after each operation that makes something durable; otherwise after a drawn one, because a later one may hide what it forgot.
func (r *run) secondLife(a cases.Aftermath, h spec.History) *secondLife {
	if r.env.recorded == nil || r.misplaced() || len(h) > len(r.plan.calls) || !a.Thorough && a.Salt%secondLives != 0 {
		return nil
	}
	ends := r.plan.endsOfSecondLife()
	if len(ends) == 0 {
		return nil
	}
	if !a.Thorough {
		drawn := a.Salt / secondLives % uint64(len(ends))
		ends = ends[drawn : drawn+1]
	}
	return &secondLife{ends: ends, most: imagesOfSecondEnd}
}

// endsOfSecondLife returns the probes, by index, that make something durable: themselves, or probes before them.
func (p *plan) endsOfSecondLife() (ends []int) {
	changed := map[string]bool{} // what is called durable, by the name of the operation that makes it so
	for i, c := range p.probes {
		if c.method.Durable == OnReturn || changed[c.method.Method.Name] {
			ends = append(ends, i)
		}
		changed[c.method.Durable] = true
	}
	return ends
}

// answered is called after each probe of the second life, in an Env that is still open.
func (l *secondLife) answered(probe int, a cases.Aftermath, e *Env) {
	if len(l.ends) == 0 || l.ends[0] != probe {
		return
	}
	l.ends = l.ends[1:]
	images := someOf(a)
	l.left = append(l.left, secondCrash{probe, images[:min(len(images), l.most)]})
	if l.err == nil {
		l.err = e.unrecorded()
	}
}

// judgeSecondLife judges what each second crash has left. What was durable before the first must still be there, and what the second
// life had made durable.
func (r *run) judgeSecondLife(l *secondLife, a cases.Aftermath) error {
	if l == nil || len(l.left) == 0 {
		return nil
	}
	if l.err != nil { // a disk that lacks something allows no verdict
		return l.err
	}
	h := r.plan.afterFirstCrash(l.history)
	judged := map[[32]byte]bool{}
	for i := len(l.left) - 1; i >= 0; i-- {
		lost := l.left[i]
		until := r.plan.until(h, lost.probe)
		for _, image := range lost.images {
			if hash := image.Hash(); !judged[hash] {
				judged[hash] = true // an earlier crash that leaves the same disk owes no more
				if err := r.judgeSecondCrash(image, until); err != nil && !r.losesInOneLife(a, lost.probe, err) {
					return err
				}
			}
		}
	}
	return nil
}

func (r *run) judgeSecondCrash(image *disks.Image, h spec.History) error {
	r.plan.crashes.SecondLives.Add(1)
	err := r.recoverFrom(disks.Crash(image), h, lastsTwice, "after the crash, operations on the object that was opened, and a second crash")
	var unknown unknownError
	if errors.As(err, &unknown) { // too many orders for a second opinion on the same disk are no reason to give up
		return nil
	}
	return err
}

// losesInOneLife says whether what a second crash takes is also lost by an object that begins on an empty disk, after the same operations.
func (r *run) losesInOneLife(a cases.Aftermath, probe int, taken error) bool {
	var v *Violation
	if !errors.As(taken, &v) {
		return false
	}
	p := r.plan
	p.mu.Lock()
	loses, known := p.lostByNew[probe]
	p.mu.Unlock()
	if !known {
		loses = r.newObjectLoses(a, probe)
		p.mu.Lock()
		p.lostByNew[probe] = loses
		p.mu.Unlock()
	}
	return loses
}

func (r *run) newObjectLoses(a cases.Aftermath, probe int) bool {
	a.Disk, a.Thorough = disks.New(), true
	only := &secondLife{ends: []int{probe}, most: imagesOfRecovery}
	if r.recoverInto(only, a, make(spec.History, len(r.plan.calls))) != nil {
		return true
	}
	for _, lost := range only.left {
		for _, image := range lost.images {
			if r.judgeSecondCrash(image, r.plan.until(r.plan.afterFirstCrash(only.history), probe)) != nil {
				return true
			}
		}
	}
	return false
}

// afterFirstCrash returns the history of the program and of the second life. What the first crash took is in it no more, and must not
// come back.
func (p *plan) afterFirstCrash(asked spec.History) spec.History {
	h := append(spec.History{}, asked[:len(p.calls)+len(p.probes)]...)
	for _, i := range p.taken(asked) {
		h[i] = spec.Entry{}
	}
	return h
}

// until returns the history that must explain what is found after a second crash that follows a probe.
func (p *plan) until(all spec.History, probe int) spec.History {
	h := append(spec.History{}, all...)
	sealed := map[string]bool{} // the operations that were called later, by name
	for i := len(p.probes) - 1; i >= 0; i-- {
		e, m := &h[len(p.calls)+i], p.probes[i].method
		switch {
		case e.Outcome != spec.OK || i > probe:
			*e = spec.Entry{}
			continue
		case m.Durable == OnReturn || m.Durable != "" && sealed[m.Durable]:
			e.Outcome, e.Crashes = spec.Durable, 1
		case m.Durable != "":
			e.Outcome, e.Crashes = spec.Volatile, 1
		default:
			*e = spec.Entry{} // its result was judged, and is not demanded again
		}
		sealed[m.Method.Name] = true
	}
	return h
}
