package stress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	reports "github.com/racewindow/racewindow/harness/report"
)

// Report makes a report of the finding, for every format. A stress run cannot be replayed; the command runs the same settings
// again. Each row has its time since the first row, because the threads ran at the same time.
func (f *Finding) Report(again string) (*reports.Report, error) {
	command, remark, _ := strings.Cut(again, " (") // the command must not contain the remark, so that it can be pasted
	if remark != "" {
		remark = "; " + strings.TrimSuffix(remark, ")")
	}
	r := &reports.Report{
		Schema: reports.Schema, Verdict: reports.Violated, Promise: f.Promise, Sentence: f.Sentence, Class: f.Fingerprint, Detail: f.Detail,
		Case: command, Replay: command, Size: fmt.Sprintf("found %s into round %d, after %d operations%s", short(f.Found), f.Round+1, f.Operations, remark),
		Run: reports.Run{Case: command, Outcome: "fails", Threads: []string{}},
	}
	for i, m := range f.Moments {
		r.Run.Rows = append(r.Run.Rows, f.row(&r.Run, m, i))
	}
	f.intervals(&r.Run)
	if f.Thread != "" && len(f.Moments) > 0 {
		r.Run.Rows = append(r.Run.Rows, reports.Row{
			Step: len(r.Run.Rows) + 1, Kind: reports.KindFailure, Thread: slices.Index(r.Run.Threads, f.Thread), Text: "FAIL: " + f.Detail,
		})
	}
	if w := f.Window; w != nil {
		r.Windows = []reports.Window{{Thread: f.Thread, From: w.From, To: w.To, FromSource: f.source(w.From), ToSource: f.source(w.To), Other: w.Other}}
	}
	if err := r.Settle(); err != nil {
		return nil, fmt.Errorf("report a stress run: %w", err)
	}
	return r, nil
}

// row makes the row of the ith moment.
func (f *Finding) row(run *reports.Run, m Moment, i int) reports.Row {
	thread := slices.Index(run.Threads, m.Thread)
	if thread < 0 {
		thread = len(run.Threads)
		run.Threads = append(run.Threads, m.Thread)
	}
	row := reports.Row{Step: i + 1, Thread: thread, Kind: reports.KindNote, Text: m.Text + "  at " + relative(m.At-f.Moments[0].At)}
	switch {
	case m.Point != "":
		row.Kind, row.Text = reports.KindPoint, m.Point+"  at "+relative(m.At-f.Moments[0].At)
		file, line, _ := strings.Cut(m.Source, ":")
		if n, err := strconv.Atoi(line); err == nil {
			row.File, row.Line = file, n
		}
	case !ends(m):
		row.Kind = reports.KindBegin
	}
	return row
}

// ends reports whether a moment is the end of an operation.
func ends(m Moment) bool {
	return strings.HasPrefix(m.Text, "returns") || strings.HasPrefix(m.Text, "acknowledged ") || strings.HasPrefix(m.Text, "fails: ")
}

// intervals adds the operations whose begin is among the moments.
func (f *Finding) intervals(run *reports.Run) {
	for i, row := range run.Rows {
		text := f.Moments[i].Text
		switch row.Kind {
		case reports.KindBegin:
			run.History = append(run.History, reports.Interval{Thread: row.Thread, Text: text, From: row.Step, Bad: f.Moments[i].Thread == f.Thread})
		case reports.KindNote:
			for j := len(run.History) - 1; j >= 0; j-- {
				if h := &run.History[j]; h.Thread == row.Thread && h.To == 0 {
					h.To, h.Outcome = row.Step, text
					break
				}
			}
		}
	}
}

// source is the place of a failpoint's marker.
func (f *Finding) source(point string) string {
	for _, m := range f.Moments {
		if m.Point == point {
			return m.Source
		}
	}
	return ""
}
