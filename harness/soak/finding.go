package soak

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/report"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
)

// A Finding is one bug, as far as its fingerprint can tell: class and shape of the smallest case.
type Finding struct {
	Fingerprint string `json:"fingerprint"`
	Class       string `json:"class"`
	Shape       string `json:"shape"`
	Promise     string `json:"promise,omitempty"`
	Detail      string `json:"detail"`
	// Case is the smallest that was found, Size what is compared to say so; "" where there is no case.
	Case string `json:"case,omitempty"`
	Size int    `json:"size,omitempty"`
	// Kind and Round found it first; Round runs alone again.
	Kind  string    `json:"kind"`
	Round string    `json:"round"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Count is how often it was seen, Rounds in how many rounds.
	Count  uint64 `json:"count"`
	Rounds uint64 `json:"rounds"`
	// Files are those in its folder, findings/FINGERPRINT.
	Files []string `json:"files"`
	// Gone says that its case was executed again, later, and held: it is fixed, and counts no more.
	Gone bool `json:"gone,omitempty"`
}

const findingsFolder = "findings"

// Fingerprint is eight letters that stand for class and shape.
func Fingerprint(class, shape string) string {
	sum := sha256.Sum256([]byte(class + "\n" + shape))
	return hex.EncodeToString(sum[:4])
}

// ShapeOf is what the smallest cases of one bug have in common: the hand-over and the windows or, where no switch is needed, what
// each thread does. Who does what, in a case with windows, differs from one smallest case to another of the same bug; names,
// numbers, sizes and the order of the threads differ always. Of a crash the place says more than what came before it.
func ShapeOf(c cases.Case, r *report.Report) string {
	var parts []string
	if c.Crash != nil && !c.Crash.Any {
		parts = append(parts, "crash at "+c.Crash.At.Point)
	} else if r != nil {
		for _, w := range r.Windows {
			parts = append(parts, w.From+" .. "+w.To)
		}
	}
	if len(parts) == 0 {
		for _, t := range c.Threads {
			var kinds []string
			for _, o := range t.Operations {
				kinds = append(kinds, o.Kind.String())
			}
			parts = append(parts, strings.Join(kinds, ", "))
		}
	}
	slices.Sort(parts)
	return c.Options.Handover + ": " + strings.Join(parts, " | ")
}

// alike says whether two findings are one bug as far as can be told: the same class in the same hand-over, and all that must be
// atomic in one must be in the other. A case whose shrinking ended early has a window more.
//
// A load that found it without a case breaks now this promise about reads and now that one, so there the subject is all that counts.
func (n *Finding) alike(other *Finding) bool {
	where, mine := parts(n.Shape)
	there, others := parts(other.Shape)
	if n.Size == 0 || other.Size == 0 {
		if family(n.Class) == lostReads && family(other.Class) == lostReads {
			return where == there
		}
	}
	if n.Class != other.Class {
		return false
	}
	return where == there && (within(mine, others) || within(others, mine))
}

// lostReads is the family of the promises that one lost record breaks: which of them is luck.
const lostReads = "reads"

// family is the class, but for those promises.
func family(class string) string {
	promise, _, _ := strings.Cut(class, "/")
	for _, p := range []check.Promise{check.ReadAfterWrite, check.Order, check.NoDuplicate, check.TransactionAtomicity, check.MonotonicReads} {
		if promise == p.Name {
			return lostReads
		}
	}
	return class
}

// parts takes a shape apart, as ShapeOf has put it together.
func parts(shape string) (handover string, all []string) {
	handover, rest, _ := strings.Cut(shape, ": ")
	return handover, strings.Split(rest, " | ")
}

func within(few, many []string) bool {
	return !slices.ContainsFunc(few, func(part string) bool { return !slices.Contains(many, part) })
}

// sighting is what a finding is another sighting of, in the form with the smallest case; nil if it is new. kept are those of the
// same round. What is gone counts only if nothing tells the two apart.
func (s *State) sighting(n *Finding, kept []Finding) (known *Finding) {
	known = s.Findings[n.Fingerprint]
	all := s.Open()
	for i := range kept {
		all = append(all, &kept[i])
	}
	for _, f := range all {
		same := f.Fingerprint == n.Fingerprint || known == nil && f.alike(n)
		if same && (known == nil || f.smaller(known)) {
			n.Fingerprint, known = f.Fingerprint, f
		}
	}
	return known
}

// sizeOf orders cases of one shape: fewer operations and records, then switches, then letters.
func sizeOf(c cases.Case) (n int) {
	for _, t := range c.Threads {
		for _, o := range t.Operations {
			n += 1000*(1+o.Records()) + len(o.String())
		}
	}
	return n + 100*(len(c.Switches)+len(c.Delays)) + len(c.String())
}

// describe makes a finding of a violation, without its files.
func describe(f Found, spec RoundSpec, now time.Time) Finding {
	n := Finding{
		Class: f.Class, Shape: f.Shape, Detail: f.Detail, Case: f.Case, Kind: spec.Kind, Round: spec.String(),
		First: now, Last: now, Count: max(f.Count, 1), Rounds: 1,
	}
	if f.Report != nil {
		n.Promise, n.Detail = f.Report.Promise, f.Report.Detail
		if n.Case == "" {
			n.Case = f.Report.Case
		}
	}
	if c, err := cases.Parse(n.Case); err == nil {
		n.Size = sizeOf(c)
		n.Shape = ShapeOf(c, f.Report)
	}
	if n.Shape == "" {
		n.Shape = spec.arm()
	}
	n.Fingerprint = Fingerprint(n.Class, n.Shape)
	if n.Size == 0 {
		n.Fingerprint = Fingerprint(family(n.Class), n.Shape)
	}
	return n
}

// smaller says whether a finding has a better case than what is known.
func (n *Finding) smaller(known *Finding) bool {
	return n.Size > 0 && (known.Size == 0 || n.Size < known.Size)
}

// addFindings takes over what was seen: a bug that is known is counted, and keeps the smallest case.
func (s *State) addFindings(all []Finding) {
	for _, n := range all {
		known := s.Findings[n.Fingerprint]
		if known == nil {
			s.Findings[n.Fingerprint] = &n
			continue
		}
		if n.Count == 0 { // not seen, judged again
			known.Gone = n.Gone
			continue
		}
		known.join(n)
	}
}

// join adds another sighting.
func (n *Finding) join(other Finding) {
	if other.smaller(n) {
		n.Case, n.Size, n.Detail, n.Shape, n.Files = other.Case, other.Size, other.Detail, other.Shape, other.Files
	}
	if other.First.Before(n.First) {
		n.First, n.Kind, n.Round = other.First, other.Kind, other.Round
	}
	if other.Last.After(n.Last) {
		n.Last = other.Last
	}
	n.Count += other.Count
	n.Rounds += other.Rounds
	n.Gone = n.Gone && other.Gone
}

func compareFindings(a, b *Finding) int {
	return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Fingerprint, b.Fingerprint))
}

// report makes one of a finding that has none: of its case, if the scheduler shows the same, else of what was told of it.
func (n *Finding) report(f Found) *report.Report {
	if c, err := cases.Parse(n.Case); err == nil && len(c.Delays) == 0 {
		if r, err := report.OfCase(c.General()); err == nil && r.Class == n.Class {
			return r
		}
	}
	again := "racewindow soak --round " + quoted(n.Round)
	if n.Case != "" {
		again = "racewindow replay " + quoted(n.Case)
	}
	return analysis.Told(n.Class, n.Detail, again, f.Text)
}

// write puts everything that is known about a finding into its folder and returns the files' names.
func (n *Finding) write(folder string, f Found) (files []string, err error) {
	folder = filepath.Join(folder, findingsFolder, n.Fingerprint)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("keep a finding: %w", err)
	}
	keep := func(name string, content []byte) {
		err = errors.Join(err, writeWhole(filepath.Join(folder, name), content))
		files = append(files, name)
	}
	if n.Case != "" {
		keep("found.case", fmt.Appendf(nil, "# %s\n# found by racewindow soak --round '%s'\n# expect: %s\n%s\n",
			strings.ReplaceAll(n.Detail, "\n", " "), n.Round, n.Class, n.Case))
	}
	r := f.Report
	if r == nil {
		r = n.report(f)
	}
	for _, format := range report.Formats {
		var rendered bytes.Buffer
		switch failed := format.Write(&rendered, r); {
		case errors.Is(failed, report.ErrNoCase), errors.Is(failed, history.ErrTooLarge): // it is not for every finding
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", format.Name, failed))
		default:
			keep("report"+strings.Replace(format.Extension, ".go", ".go.txt", 1), rendered.Bytes()) // the folder may lie within a module
		}
	}
	if f.Text != "" {
		keep("history.txt", []byte(f.Text))
	}
	if len(f.Disk) > 0 {
		keep(diskName, f.Disk)
	}
	for name, content := range f.Inputs {
		keep("input-"+name, content)
	}
	if err != nil {
		return nil, fmt.Errorf("keep a finding: %w", err)
	}
	slices.Sort(files)
	return files, nil
}
