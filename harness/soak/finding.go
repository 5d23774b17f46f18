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
	// Family is what the class belongs to, "" if it stands for itself. Replay is the command that executes the case again.
	Family string `json:"family,omitempty"`
	Replay string `json:"replay,omitempty"`
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

// alike says whether two findings are one bug as far as can be told: the same class in the same subject, and all that must be
// atomic in one must be in the other. A case whose shrinking ended early has a window more, and what has no case has none.
//
// A load that found it without a case breaks now this promise of a family and now that one, so there the subject is all that counts.
func (n *Finding) alike(other *Finding) bool {
	if (n.Size == 0 || other.Size == 0) && n.Family != "" && n.Family == other.Family {
		return report.SubjectOf(n.Shape) == report.SubjectOf(other.Shape)
	}
	return n.Class == other.Class && report.Alike(n.Shape, other.Shape)
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

// describe makes a finding of a violation, without its files.
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

// write puts everything that is known about a finding into its folder and returns the files' names.
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
		case errors.Is(failed, report.ErrNoCase), errors.Is(failed, report.ErrNoPackage), errors.Is(failed, cases.ErrNoPicture): // it is not for every finding
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
