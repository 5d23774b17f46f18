package log

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// Broken says which promise was broken.
func (v violated) Broken() (promise, sentence, detail string) {
	return v.Promise.Name, v.Promise.Sentence, v.Detail
}

// Explain names the records that are missing, and says when they were acknowledged and since when they are on the disk.
func (v violated) Explain(r cases.Timeline) (detail, mark string) {
	if names, where := missing(r, v.Violation); names != "" {
		detail, mark = "missing "+names+" "+where, names+" missing"
	}
	if v.scan && !v.recovered {
		if detail == "" {
			detail = v.Detail
		}
		detail += "; found by the scan at the end"
	}
	return detail, mark
}

// missing names the records that are missing, "" if the violation is another one. It says when they were acknowledged and
// since when they are on the disk.
func missing(r cases.Timeline, v *check.Violation) (names, where string) {
	if v.MissingFrom == 0 {
		return "", ""
	}
	acknowledged, newest := 0, harness.Offset{}
	for _, row := range r.Rows {
		text, ok := strings.CutPrefix(row.Text, "acknowledged ")
		if at, parsed := parseOffset(text); ok && parsed && at.Tx >= v.MissingFrom && at.Tx <= v.MissingTo {
			acknowledged, newest = max(acknowledged, row.Step), later(newest, at)
		}
	}
	if acknowledged == 0 {
		return "", ""
	}
	first := harness.Offset{Tx: v.MissingFrom}
	if v.At.Tx == v.MissingFrom { // At is the last record that came
		first.Op = v.At.Op + 1
	}
	names = first.String()
	if first != newest {
		names += " to " + newest.String()
	}
	return names, fmt.Sprintf("(acknowledged at step %d, %s)", acknowledged, onDisk(r, newest))
}

func later(a, b harness.Offset) harness.Offset {
	if a.Before(b) {
		return b
	}
	return a
}

// onDisk says since when the files hold a record, as far as they were observed.
func onDisk(r cases.Timeline, at harness.Offset) string {
	i := slices.Index(r.Fields, harness.FieldFile)
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
