package object

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/storage/disk"
)

// The canary of a first opening is an object that makes a mark before it makes anything else, removes it, and refuses a disk with the mark.
// Nobody who never loses power there notices: the mark is gone when the object sees its folder.

// halfMade is the name of the mark.
const halfMade = "racewindow-half-made"

// changesOfMark is how many changes of the disk the mark takes.
const changesOfMark = 4

var errHalfMade = errors.New("half made")

// openObject opens the object, with the defect of a canary if it is one of the opening.
func (p *plan) openObject(ctx context.Context, e *Env) (reflect.Value, error) {
	if p.refusesHalfMade() {
		if err := p.object.mark(e); err != nil {
			return reflect.Value{}, fmt.Errorf("open: %w", err)
		}
	}
	return p.object.open(ctx, e)
}

func (p *plan) refusesHalfMade() bool { return p.planted != nil && p.planted.kind == refusesHalfMade }

// mark makes the mark and removes it. It refuses a disk that has it.
func (o *Object) mark(e *Env) error {
	d := o.diskOf(e)
	f, err := d.Open(halfMade)
	switch {
	case err == nil:
		return errors.Join(errHalfMade, f.Close())
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if f, err = d.Create(halfMade); err != nil {
		return err
	}
	return errors.Join(f.Close(), d.SyncDir("."), d.Remove(halfMade), d.SyncDir("."))
}

// diskOf is where the object keeps its data.
func (o *Object) diskOf(e *Env) disk.Disk {
	if o.keepsInFolder() {
		return disk.OS(e.Dir())
	}
	return e.Disk()
}

// openingCanary returns a canary that only a loss of power during the first opening shows. It needs no operation.
func (o *Object) openingCanary(crash *cases.Crash) (canary cases.Canary, err error) {
	c := cases.Case{Subject: o, Settings: o.defaults(), Threads: []cases.Thread{{Name: "c0"}}, Crash: crash}
	p, err := o.plan(c)
	if err != nil {
		return canary, err
	}
	p.planted = &defect{kind: refusesHalfMade}
	return cases.Canary{What: defectWords[refusesHalfMade], Case: p.c, Plan: &cases.Plan{Scenario: p.scenario, Crashes: p.crashes}}, nil
}
