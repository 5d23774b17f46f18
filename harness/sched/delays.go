package sched

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/spelling"
)

// harnessPoints is the package whose points are the harness's own. They are never suggested.
const harnessPoints = "github.com/racewindow/racewindow/harness/object"

// CheckDelays reports what is wrong with d in this program: impossible numbers, or a prefix that matches no failpoint at which a
// goroutine could be delayed. If the failpoints were compiled away, the prefixes are not checked.
func CheckDelays(d failpoints.Delays) error {
	if err := d.Check(); err != nil || !failpoints.Instrumented() {
		return err
	}
	var known, near []string
	for _, p := range failpoints.Points() {
		if p.Kind() == failpoints.KindFault {
			continue
		}
		if known = append(known, p.Name()); p.Package() != harnessPoints {
			near = append(near, p.Name())
		}
	}
	for _, prefix := range d.Points {
		switch {
		case prefix == "":
			return errors.New("an empty name among the failpoints to delay at: leave all out to delay at each of them")
		case slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, prefix) }):
		case len(near) == 0:
			return fmt.Errorf("no failpoint to delay at begins with %q: what is tested has none; put failpoint.InjectCall where another goroutine may come between, or leave the name out", prefix)
		default:
			return fmt.Errorf("no failpoint to delay at begins with %q; near are %s (racewindow failpoints lists all; at those of kind fault nothing is delayed)",
				prefix, strings.Join(spelling.Near(prefix, near, 3), ", "))
		}
	}
	return nil
}
