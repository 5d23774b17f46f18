package kept

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/storage/disk"
)

func check(t *testing.T, on func(harness.Env) disk.Disk, durable string, f faults) {
	harness.Check(t, harness.Subject[*page]{
		Open: func(_ context.Context, e harness.Env) (*page, error) { return open(on(e), f) },
		Ops:  harness.Ops{"add": harness.Op{Do: (*page).Add, Durable: durable}, "text": (*page).Text},
	})
}

func onDisk(e harness.Env) disk.Disk   { return e.Disk() }
func onFolder(e harness.Env) disk.Disk { return disk.OS(e.Dir()) }
func nowhere(harness.Env) disk.Disk    { return disk.Memory() }

func TestRight(t *testing.T)    { check(t, onDisk, harness.OnReturn, faults{}) }
func TestLate(t *testing.T)     { check(t, onDisk, harness.OnReturn, faults{late: true}) }
func TestForgets(t *testing.T)  { check(t, onDisk, harness.OnReturn, faults{forgets: true}) }
func TestTrusts(t *testing.T)   { check(t, onDisk, harness.OnReturn, faults{trusts: true}) }
func TestFolder(t *testing.T)   { check(t, onFolder, harness.OnReturn, faults{}) }
func TestNowhere(t *testing.T)  { check(t, nowhere, harness.OnReturn, faults{}) }
func TestVolatile(t *testing.T) { check(t, onDisk, "", faults{}) }

// An error of the disk breaks it for good, whichever error that is.
func TestSaysItGoesOn(t *testing.T) {
	harness.Check(t, harness.Subject[*page]{
		Open:   func(_ context.Context, e harness.Env) (*page, error) { return open(e.Disk(), faults{}) },
		Ops:    harness.Ops{"add": harness.Op{Do: (*page).Add, Durable: harness.OnReturn}, "text": (*page).Text},
		GoesOn: true,
	})
}

// A test may check more than one object; each has processes of its own.
func TestTwo(t *testing.T) {
	check(t, onDisk, harness.OnReturn, faults{})
	check(t, onFolder, harness.OnReturn, faults{late: true})
}
