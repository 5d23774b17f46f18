package stress

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// A Finding is a violation with the history around it. Times count from the begin of the round.
type Finding struct {
	Promise     string `json:"promise"`
	Sentence    string `json:"sentence"`
	Detail      string `json:"detail"`
	Fingerprint string `json:"fingerprint"`
	Round       int    `json:"round"`
	// Thread is the client whose operation showed it; empty if the scan at the round's end did.
	Thread       string `json:"thread,omitempty"`
	After        string `json:"after"`
	UpTo         string `json:"up_to"`
	Acknowledged uint64 `json:"acknowledged"`
	MissingFrom  uint64 `json:"missing_from,omitempty"`
	MissingTo    uint64 `json:"missing_to,omitempty"`
	Got          int    `json:"records_returned"`
	// Found is when it was found, Operations after how many operations of all clients in this round.
	Found      time.Duration `json:"found_after_ns"`
	Operations uint64        `json:"found_after_operations"`
	// Moments is the history of the threads that matter around the operation, oldest first.
	Moments []Moment `json:"timeline"`
	// Window names two failpoints of Thread, and what another thread did while Thread was between them; nil if unknown.
	Window *Window `json:"window,omitempty"`
	// Program has the operations around the violation, for 'racewindow explore --program'; empty if unknown.
	Program string `json:"program,omitempty"`
	// Stacks are those of the goroutines that wait for one another; empty for any other violation.
	Stacks string `json:"stacks,omitempty"`
	// Overlapping counts the operations of other clients, by kind, that overlapped the one that failed.
	Overlapping map[string]int `json:"overlapping"`
}

// A Moment is one line of a timeline.
type Moment struct {
	At     time.Duration `json:"at_ns"`
	Thread string        `json:"thread"`
	Text   string        `json:"text"`
	// Point is the failpoint that was passed, Source its FILE:LINE; both are empty for the begin or end of an operation.
	Point  string `json:"failpoint,omitempty"`
	Source string `json:"source,omitempty"`
}

// A Window is a stretch of one thread, between two failpoints, during which another thread passed failpoints.
type Window struct {
	From   string        `json:"from"`
	To     string        `json:"to"`
	Stood  time.Duration `json:"stood_ns"`
	Other  string        `json:"other_thread"`
	Passed []string      `json:"other_passed"`
}

// bareFinding is the finding of a violation, without history.
func bareFinding(r *round) *Finding {
	v := r.violation
	return &Finding{
		Promise: v.Promise.Name, Sentence: v.Promise.Sentence, Detail: v.Detail, Fingerprint: v.Fingerprint(), Round: r.number,
		After: bound(v.After), UpTo: bound(v.UpTo), Acknowledged: v.Acknowledged, MissingFrom: v.MissingFrom, MissingTo: v.MissingTo, Got: v.Got,
		Operations: r.doneSoFar(), Overlapping: map[string]int{}, Found: time.Since(r.began),
	}
}

func newFinding(r *round) *Finding {
	v, f := r.violation, bareFinding(r)
	if r.violator == nil {
		return f
	}
	f.Thread = r.violator.recorder.name
	own := lastOperation(r.violator.recorder)
	if len(own) == 0 {
		return f
	}
	from, to := own[0].at, own[len(own)-1].at
	f.Found = to
	f.Moments = moments(r.violator.recorder, own)
	if flusher := r.flusherBetween(from, to); flusher != nil {
		f.Moments = append(f.Moments, moments(flusher, eventsBetween(flusher, from, to))...)
	}
	if writer, events := r.appendOf(v); writer != nil && writer != r.violator.recorder {
		f.Moments = append(f.Moments, moments(writer, events)...)
	}
	slices.SortStableFunc(f.Moments, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
	f.Window = windowOf(f.Thread, f.Moments)
	f.Program = r.smallProgram(v)
	r.countOverlapping(f.Overlapping, from, to)
	return f
}

// bound prints a bound. One after all records of a transaction is "tx.+".
func bound(o harness.Offset) string {
	if o != (harness.Offset{}) && o.Op == storage.End.Op && o != storage.End {
		return fmt.Sprintf("%d.+", o.Tx)
	}
	return o.String()
}

// lastOperation returns the events of the last operation that the goroutine began.
func lastOperation(r *recorder) []event {
	events := r.events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].kind == eventBegin {
			return events[i:]
		}
	}
	return events
}

// flusherBetween returns the goroutine that last trimmed the tail in that time, and otherwise one that was flushing.
func (r *round) flusherBetween(from, to time.Duration) *recorder {
	var found *recorder
	best, bestAt := 0, time.Duration(0)
	r.everybody(func(t *recorder) {
		for _, e := range t.events() {
			if t == r.violator.recorder || e.kind != eventPoint || e.at < from || e.at > to {
				continue
			}
			rank := 0
			switch e.point {
			case r.opens:
				rank = 1
			case r.closes:
				rank = 2
			}
			if rank > best || rank == best && rank > 0 && e.at > bestAt {
				found, best, bestAt = t, rank, e.at
			}
		}
	})
	return found
}

// appendOf returns the goroutine to which a missing transaction was acknowledged, and the begin and end of its append, if these
// are still in its history.
func (r *round) appendOf(v *check.Violation) (writer *recorder, found []event) {
	r.everybody(func(t *recorder) {
		var began event
		for _, e := range t.events() {
			switch {
			case e.kind == eventBegin:
				began = e
			case e.kind == eventEnd && appended(e.op) && v.MissingFrom != 0 && e.op.at.Tx >= v.MissingFrom && e.op.at.Tx <= v.MissingTo:
				writer, found = t, []event{began, e}
			}
		}
	})
	return writer, found
}

func appended(op *operation) bool {
	return op.err == nil && op.Kind.Appends()
}

func (r *round) everybody(visit func(*recorder)) {
	for _, c := range r.clients {
		visit(c.recorder)
	}
	for _, t := range r.tasks.tasks {
		visit(t)
	}
}

// eventsBetween returns the events of a goroutine in that time, after the begin of the operation that was running at its start.
func eventsBetween(t *recorder, from, to time.Duration) (found []event) {
	for _, e := range t.events() {
		switch {
		case e.at > to:
			return found
		case e.at >= from:
			found = append(found, e)
		case e.kind == eventBegin:
			found = []event{e}
		case e.kind == eventEnd:
			found = nil
		}
	}
	return found
}

// moments describes events of a goroutine. It leaves out wait points, because the yield points around them say as much.
func moments(t *recorder, events []event) (ms []Moment) {
	for _, e := range events {
		m := Moment{At: e.at, Thread: t.name, Text: describe(e)}
		if e.kind == eventPoint {
			if e.point.Kind() == failpoints.KindWait {
				continue
			}
			m.Point = e.point.Name()
			if file, line := e.point.Position(); line > 0 {
				m.Source = fmt.Sprintf("%s:%d", file, line)
			}
		}
		ms = append(ms, m)
	}
	return ms
}

func describe(e event) string {
	switch e.kind {
	case eventPoint:
		return "* " + e.point.Name()
	case eventBegin:
		if e.op.Kind == harness.OpRead {
			return fmt.Sprintf("read (%s, %s]", bound(e.op.after), bound(e.op.upTo))
		}
		if e.op.Records == 0 {
			return e.op.Kind.String()
		}
		return fmt.Sprintf("%v of %d", e.op.Kind, e.op.Records)
	}
	switch {
	case e.op.err != nil:
		return "fails: " + e.op.err.Error()
	case e.op.Kind == harness.OpRead:
		return fmt.Sprintf("returns %d records", e.op.got)
	case appended(e.op):
		return "acknowledged " + e.op.at.String()
	}
	return "returns"
}

// windowOf finds the stretch of the thread, from one moment to its next, during which another thread passed the most failpoints.
func windowOf(thread string, moments []Moment) *Window {
	var best *Window
	var from *Moment
	others := map[string][]string{}
	for i := range moments {
		m := &moments[i]
		if m.Thread != thread {
			if m.Point != "" {
				others[m.Thread] = append(others[m.Thread], m.Point)
			}
			continue
		}
		for _, other := range slices.Sorted(maps.Keys(others)) {
			passed := others[other]
			if from != nil && (best == nil || len(passed) > len(best.Passed)) {
				best = &Window{From: from.Point, To: m.Point, Stood: m.At - from.At, Other: other, Passed: passed}
			}
		}
		others = map[string][]string{}
		from = m
	}
	if best != nil && best.From == "" {
		best.From = "its begin"
	}
	if best != nil && best.To == "" {
		best.To = "its end"
	}
	return best
}

func (r *round) countOverlapping(counts map[string]int, from, to time.Duration) {
	for _, c := range r.clients {
		if c == r.violator {
			continue
		}
		var began *event
		events := c.recorder.events()
		for i := range events {
			e := &events[i]
			switch {
			case e.kind == eventBegin:
				began = e
			case e.kind == eventEnd && began != nil:
				if began.at <= to && e.at >= from {
					counts[e.op.Kind.String()]++
				}
				began = nil
			}
		}
		if began != nil && began.at <= to {
			counts[began.op.Kind.String()]++
		}
	}
}
