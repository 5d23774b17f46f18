package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// describe says which promise was broken, and how.
func (r *Report) describe(f *sched.Failure) {
	r.Class = clean(f.Class(), maxName)
	r.Promise, r.Detail = clean(string(f.Kind), maxName), clean(f.Message, maxText)
	r.Stack = cleanLines(f.Stack, maxStack)
	switch f.Kind {
	case sched.Deadlock, sched.Leak, sched.Panicked, sched.Livelock:
		r.Promise, r.Sentence = check.Progress.Name, "every operation ends, and leaves nothing running"
		r.Detail = clean(f.Error(), maxText)
	case sched.DataRace:
		r.Sentence = "no two threads touch the same memory at the same time, one of them to write"
	}
	v := cases.Violation(f)
	if v == nil {
		return
	}
	r.Promise, r.Sentence, r.Detail = v.Promise.Name, v.Promise.Sentence, clean(v.Detail, maxText)
	if names, where := r.missing(v); names != "" {
		r.Detail = "missing " + names + " " + where
		if last := &r.Run.Rows[len(r.Run.Rows)-1]; last.Text == "FAIL" {
			last.Text += ": " + names + " missing"
		}
	}
	if f.Thread == mainThread && cases.CrashOf(f) == nil {
		r.Detail += "; found by the scan at the end"
	}
}

// missing names the records that did not come, "" if it was not that, and says when they were acknowledged and since when they
// are on the disk.
func (r *Report) missing(v *check.Violation) (names, where string) {
	if v.MissingFrom == 0 {
		return "", ""
	}
	acknowledged, newest := 0, harness.Offset{}
	for _, row := range r.Run.Rows {
		text, ok := strings.CutPrefix(row.Text, "acknowledged ")
		if at, parsed := parseOffset(text); ok && parsed && at.Tx >= v.MissingFrom && at.Tx <= v.MissingTo {
			acknowledged, newest = max(acknowledged, row.Step), later(newest, at)
		}
	}
	if acknowledged == 0 {
		return "", ""
	}
	first := harness.Offset{Tx: v.MissingFrom}
	if v.At.Tx == v.MissingFrom { // the last one that came
		first.Op = v.At.Op + 1
	}
	names = first.String()
	if first != newest {
		names += " to " + newest.String()
	}
	return names, fmt.Sprintf("(acknowledged at step %d, %s)", acknowledged, r.Run.onDisk(newest))
}

func later(a, b harness.Offset) harness.Offset {
	if a.Before(b) {
		return b
	}
	return a
}

// onDisk says since when the files hold a record, by what was seen of them.
func (r *Run) onDisk(at harness.Offset) string {
	i := r.field(harness.FieldFile)
	if i < 0 {
		return "where it is was not looked at"
	}
	state, since := "in memory alone", 0
	for _, row := range r.Rows {
		if row.Step == 0 || i >= len(row.State) {
			continue
		}
		words := strings.Fields(row.State[i])
		switch {
		case slices.Contains(words, at.String()):
			if since == 0 {
				since = row.Step
			}
			state = fmt.Sprintf("on disk since step %d", since)
		case slices.Contains(words, "("+at.String()+")"):
			if since == 0 {
				since = row.Step
			}
			state = fmt.Sprintf("written at step %d and not published", since)
		}
	}
	return state
}

// parseOffset reads T.O.
func parseOffset(text string) (at harness.Offset, ok bool) {
	tx, op, found := strings.Cut(text, ".")
	var err, err2 error
	at.Tx, err = strconv.ParseUint(tx, 10, 64)
	at.Op, err2 = strconv.ParseUint(op, 10, 64)
	return at, found && err == nil && err2 == nil
}
