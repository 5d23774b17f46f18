package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// writeJSON writes the report in its schema. It escapes characters that could end a script element.
func writeJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// ErrNotReport is wrapped by the errors of Load.
var ErrNotReport = errors.New("not a report")

// maxReportBytes bounds the input of Load.
const maxReportBytes = 256 << 20

// Load reads a report in JSON, written by this program or by a later one with the same schema. It does not trust the
// content: it cleans texts, and refuses numbers that refer to nothing.
func Load(source io.Reader) (*Report, error) {
	data, err := io.ReadAll(io.LimitReader(source, maxReportBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	if len(data) > maxReportBytes {
		return nil, fmt.Errorf("%w: more than %d MiB", ErrNotReport, maxReportBytes>>20)
	}
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReport, err)
	}
	switch {
	case r.Schema == "":
		return nil, fmt.Errorf("%w: it names no schema: it should say %q", ErrNotReport, Schema)
	case r.Schema != Schema && strings.HasPrefix(r.Schema, "racewindow-report/"):
		return nil, fmt.Errorf("%w of schema %s: its schema is %.80q: use the racewindow that wrote it", ErrNotReport, Schema, r.Schema)
	case r.Schema != Schema:
		return nil, fmt.Errorf("%w: its schema is %.80q, not %s", ErrNotReport, r.Schema, Schema)
	case r.Verdict != Violated && r.Verdict != Held:
		return nil, fmt.Errorf("%w: its verdict is %.80q: %s or %s", ErrNotReport, r.Verdict, Violated, Held)
	}
	if err := r.Settle(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReport, err)
	}
	return r, nil
}

// Settle prepares a report that was composed elsewhere for every format: it cleans the texts, and refuses numbers that refer
// to nothing.
func (r *Report) Settle() error {
	if err := r.check(); err != nil {
		return err
	}
	r.sanitize()
	r.markWindows()
	return nil
}

// check refuses numbers that refer to nothing.
func (r *Report) check() error {
	if err := r.Run.check(); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if r.Passing != nil {
		if err := r.Passing.check(); err != nil {
			return fmt.Errorf("passing: %w", err)
		}
	}
	for i, s := range r.Sources {
		if s.From < 1 {
			return fmt.Errorf("source %d begins at line %d", i, s.From)
		}
	}
	return nil
}

func (r *Run) check() error {
	step := 0
	for i, row := range r.Rows {
		if row.Thread < -1 || row.Thread >= len(r.Threads) || row.To < -1 || row.To > len(r.Threads) {
			return fmt.Errorf("row %d names thread %d, to %d, of %d", i, row.Thread, row.To, len(r.Threads))
		}
		if row.Step != 0 && row.Step != step+1 {
			return fmt.Errorf("row %d is step %d, after step %d", i, row.Step, step)
		}
		step = max(step, row.Step)
		for _, field := range row.Learned {
			if field < 0 || field >= len(r.Fields) {
				return fmt.Errorf("row %d learned field %d of %d", i, field, len(r.Fields))
			}
		}
	}
	for i, h := range r.History {
		if h.Thread < 0 || h.Thread >= len(r.Threads) || h.From < 1 || h.From > step || h.To > step || h.To < 0 {
			return fmt.Errorf("operation %d is of thread %d of %d, from step %d to %d of %d", i, h.Thread, len(r.Threads), h.From, h.To, step)
		}
	}
	return nil
}
