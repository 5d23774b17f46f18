package results

import (
	"encoding/json"
	"io"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/racewindow/racewindow/harness/report"
)

// rules are the kinds of findings, each with a sentence for the reader of the list.
var rules = map[string]string{
	"failed":        "An assertion of a test fails in some interleaving.",
	"panic":         "The code panics in some interleaving.",
	"fatal error":   "The runtime ends the program in some interleaving, for example because it unlocks a mutex that is not locked.",
	"os.Exit":       "The code ends the process of its test in some interleaving.",
	"process ended": "The process of a test ends in some interleaving.",
	"deadlock":      "In some interleaving no goroutine can go on.",
	"leak":          "In some interleaving a goroutine is blocked for ever after its test.",
	"data race":     "Two goroutines access the same memory at the same time, and one of them writes.",
	"livelock":      "In some interleaving goroutines run for ever without making progress.",
}

// rule is the kind of a finding. Kinds without a rule, such as promises of Checks, are "failed".
func (f *Finding) rule() string {
	kind, _, _ := strings.Cut(f.Report.Class, " in ")
	if _, known := rules[kind]; !known {
		return "failed"
	}
	return kind
}

// WriteSARIF writes the findings as SARIF 2.1.0, for code scanning: the place, the steps of each goroutine as code flow, and a
// fingerprint that survives edits. A known finding is suppressed. root is the checkout; paths of files are relative to it.
func WriteSARIF(w io.Writer, all []Result, root string) error {
	run := sarif.NewRunWithInformationURI("racewindow", "https://github.com/racewindow/racewindow")
	names := make([]string, 0, len(rules))
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		run.AddRule(name).WithDescription(rules[name])
	}
	run.Results = []*sarif.Result{}
	for _, r := range all {
		for i := range r.Findings {
			r.Findings[i].add(run, root)
		}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(sarif.NewReport().AddRun(run))
}

// add adds the finding to a run as a result.
func (f *Finding) add(run *sarif.Run, root string) {
	r := run.CreateResultForRule(f.rule())
	r.RuleIndex = run.GetRuleIndex(f.rule())
	r.Level = sarif.LevelError
	r.Message = sarif.NewTextMessage(f.title() + ": " + f.Report.Detail + "\n" + f.Report.Replay)
	r.PartialFingerprints = map[string]string{"racewindow/1": report.Fingerprint(f.Name(), "")}
	if f.File != "" {
		r.Locations = []*sarif.Location{location(inRoot(f.File, root), f.Line)}
	}
	if flow := f.flow(root); len(flow.ThreadFlows) > 0 {
		r.CodeFlows = []*sarif.CodeFlow{flow}
	}
	if f.Known != "" {
		s := sarif.NewSuppression()
		kind := "external"
		s.Kind, s.Justification = &kind, &f.Known
		r.Suppressions = []*sarif.Suppression{s}
	}
}

// flow are the steps of each goroutine, numbered in the order in which they were executed.
func (f *Finding) flow(root string) *sarif.CodeFlow {
	flow := sarif.NewCodeFlow()
	folder := path.Dir(filepath.ToSlash(inRoot(f.File, root)))
	for i, thread := range f.Report.Run.Threads {
		steps := sarif.NewThreadFlow()
		steps.ID = &f.Report.Run.Threads[i]
		steps.Message = sarif.NewTextMessage(thread)
		for _, row := range f.Report.Run.Rows {
			if row.Thread != i || row.Line == 0 || path.Dir(row.File) != f.Package {
				continue
			}
			step := sarif.NewThreadFlowLocation()
			step.ExecutionOrder = row.Step
			step.Location = location(path.Join(folder, path.Base(row.File)), row.Line)
			step.Location.Message = sarif.NewTextMessage(row.Text)
			steps.Locations = append(steps.Locations, step)
		}
		if len(steps.Locations) > 0 {
			flow.ThreadFlows = append(flow.ThreadFlows, steps)
		}
	}
	return flow
}

func location(file string, line int) *sarif.Location {
	physical := sarif.NewPhysicalLocation()
	uri := url.URL{Path: filepath.ToSlash(file)}
	physical.ArtifactLocation = sarif.NewSimpleArtifactLocation(strings.TrimPrefix(uri.String(), "./"))
	physical.Region = sarif.NewSimpleRegion(max(line, 1), max(line, 1))
	l := sarif.NewLocationWithPhysicalLocation(physical)
	return l
}

// inRoot makes a path relative to root, if the file is below it.
func inRoot(file, root string) string {
	absolute, err := filepath.Abs(file)
	if err != nil || root == "" {
		return file
	}
	if relative, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return file
}
