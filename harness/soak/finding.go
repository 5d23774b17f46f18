package soak

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
)

// A Finding is one bug, as far as its fingerprint (class and shape of the smallest case) can tell.
type Finding struct {
	Fingerprint string `json:"fingerprint"`
	Class       string `json:"class"`
	Shape       string `json:"shape"`
	Promise     string `json:"promise,omitempty"`
	Detail      string `json:"detail"`
	// Case is the smallest case that was found, "" if there is none. Size is compared to find the smallest.
	Case string `json:"case,omitempty"`
	Size int    `json:"size,omitempty"`
	// Family is the family of promises that the class belongs to, "" for none. Replay is the command that executes the case
	// again.
	Family string `json:"family,omitempty"`
	Replay string `json:"replay,omitempty"`
	// Kind and Round are those of the round that found it first. Round is the line that runs this round again.
	Kind  string    `json:"kind"`
	Round string    `json:"round"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	// Count is how often it was seen, Rounds in how many rounds.
	Count  uint64 `json:"count"`
	Rounds uint64 `json:"rounds"`
	// Files are the names of the files in its folder, findings/FINGERPRINT.
	Files []string `json:"files"`
	// Gone says that its case held when it was executed again, or that it was closed by hand: it is fixed, and no longer counts.
	Gone bool `json:"gone,omitempty"`
}

const findingsFolder = "findings"

// alike reports whether two findings are probably one bug: they have the same class in the same subject, and the windows of
// one are among those of the other. Equality would be too strict: a case whose shrinking ended early has more windows, and a
// finding without a case has none.
//
// If a free run found the bug without a case, chance decides which promise of a family breaks. Then it is enough that family and
// subject are the same.
func (n *Finding) alike(other *Finding) bool {
	if (n.Size == 0 || other.Size == 0) && n.Family != "" && n.Family == other.Family {
		return report.SubjectOf(n.Shape) == report.SubjectOf(other.Shape)
	}
	return n.Class == other.Class && report.Alike(n.Shape, other.Shape)
}

// sighting returns the known finding that n is another sighting of, nil if n is new; of several, the one with the smallest
// case. n gets its fingerprint. kept are the findings of the same round. A finding that is gone matches only by its
// fingerprint.
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

// describe makes a finding of a violation, without files.
func (s Subjects) describe(f Found, spec RoundSpec, now time.Time) Finding {
	n := Finding{
		Class: f.Class, Shape: f.Shape, Size: f.Size, Detail: f.Detail, Case: f.Case, Kind: spec.Kind, Round: spec.String(),
		First: now, Last: now, Count: max(f.Count, 1), Rounds: 1, Replay: replayOf(f.Report),
	}
	if f.Report != nil {
		n.Promise, n.Detail = f.Report.Promise, f.Report.Detail
		if n.Case == "" {
			n.Case = f.Report.Case
		}
	}
	if c, err := s.parse(n.Case); err == nil {
		n.Size, n.Shape = report.SizeOf(c), report.ShapeOf(c, f.Report)
	}
	if n.Shape == "" {
		n.Shape = spec.arm()
	}
	promise, _, family := s.promise(n.Class)
	n.Promise, n.Family, n.Fingerprint = cmp.Or(n.Promise, promise), family, report.Fingerprint(n.Class, n.Shape)
	if n.Size == 0 {
		n.Fingerprint = report.Fingerprint(cmp.Or(family, n.Class), n.Shape)
	}
	return n
}

// smaller reports whether a finding has a smaller case than a known one.
func (n *Finding) smaller(known *Finding) bool {
	return n.Size > 0 && (known.Size == 0 || n.Size < known.Size)
}

// addFindings adds findings. One that is known is counted again, and keeps the smallest case.
func (s *State) addFindings(all []Finding) {
	for _, n := range all {
		known := s.Findings[n.Fingerprint]
		if known == nil {
			s.Findings[n.Fingerprint] = &n
			continue
		}
		if n.Count == 0 { // no sighting: its case was tried again, or it was closed
			known.Gone = n.Gone
			continue
		}
		known.join(n)
	}
}

// join adds another sighting of the same finding.
func (n *Finding) join(other Finding) {
	if other.smaller(n) {
		n.Case, n.Size, n.Detail, n.Shape, n.Files, n.Replay = other.Case, other.Size, other.Detail, other.Shape, other.Files, other.Replay
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

// write writes the case, the reports and the evidence of a finding to its folder, and returns the files' names.
func (s Subjects) write(n *Finding, folder string, f Found) (files []string, err error) {
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
		r = s.report(n, f.Text)
	}
	for _, format := range report.Formats {
		var rendered bytes.Buffer
		switch failed := format.Write(&rendered, r); {
		case errors.Is(failed, report.ErrNoCase), errors.Is(failed, report.ErrNoPackage), errors.Is(failed, cases.ErrNoPicture): // this format does not exist for every finding
		case failed != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", format.Name, failed))
		default:
			keep("report"+strings.Replace(format.Extension, ".go", ".go.txt", 1), rendered.Bytes()) // .go.txt, because the folder may be part of a module
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
