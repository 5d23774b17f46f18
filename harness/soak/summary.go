package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

// SummarySchema names the form of the JSON summary. A field that is added keeps the number; one that changes its meaning or goes
// makes another.
const SummarySchema = "racewindow-soak/1"

// Minimums say how much must have been done, by name: rounds, schedules, operations, failpoints, pairs, corpus, canaries, the
// name of a kind for its rounds that have a verdict, or the name of a count.
type Minimums map[string]uint64

// ParseMinimums reads KEY=N, and "none", which takes away all before it.
func ParseMinimums(into Minimums, words []string) error {
	for _, word := range words {
		if word == "none" {
			clear(into)
			continue
		}
		key, value, found := strings.Cut(word, "=")
		n, err := strconv.ParseUint(value, 10, 64)
		if !found || key == "" || err != nil {
			return fmt.Errorf("minimum %q: write NAME=N, such as schedules=100000, or none", word)
		}
		into[key] = n
	}
	return nil
}

// A Minimum is one that was asked for, and what there is.
type Minimum struct {
	Name  string `json:"name"`
	Least uint64 `json:"least"`
	Got   uint64 `json:"got"`
}

// Verdicts of a summary.
const (
	VerdictPassed     = "passed"
	VerdictViolated   = "violated"
	VerdictNone       = "no verdict" // too little was done, or the harness is blind
	VerdictUnfinished = "unfinished"
)

// A Summary says what a campaign did, what it found, and whether that is a pass. It is never changed.
type Summary struct {
	Schema  string `json:"schema"`
	Verdict string `json:"verdict"`
	Passed  bool   `json:"passed"`
	// Missed says in words why it is no pass though nothing was found.
	Missed   []string  `json:"missed"`
	Minimums []Minimum `json:"minimums"`
	Trends   []Trend   `json:"trends"`
	// Pairs, Points and Seen count failpoint pairs, failpoints and all behaviour; Never are failpoints that nothing passed.
	Pairs  int      `json:"failpoint_pairs"`
	Passes int      `json:"failpoints_passed"`
	Seen   int      `json:"behaviour_seen"`
	Never  []string `json:"failpoints_never_passed"`
	// Shards are the parts that a merged summary is made of.
	Shards []string `json:"shards,omitempty"`
	// State has everything else, but for the names of what was seen.
	State *State `json:"state"`
}

// Summary is what was done until now. It may be called by any goroutine.
func (s *Soak) Summary() *Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.summary(s.config.Minimums, s.ended)
}

func (s *State) summary(minimums Minimums, ended bool) *Summary {
	c := s.clone()
	m := &Summary{
		Schema: SummarySchema, State: c, Trends: Trends(c.Samples), Pairs: c.Pairs(), Passes: c.Points.passed(), Seen: len(c.Behaviour), Missed: []string{}, Never: []string{},
	}
	for _, e := range failpoints.Catalogue() {
		if c.Points[e.Name] == 0 {
			m.Never = append(m.Never, e.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(minimums)) {
		n := Minimum{name, minimums[name], m.value(name)}
		if m.Minimums = append(m.Minimums, n); n.Got < n.Least {
			m.Missed = append(m.Missed, fmt.Sprintf("%s: %d, at least %d", n.Name, n.Got, n.Least))
		}
	}
	for _, check := range c.Checks {
		if !check.Passed && !check.Skipped {
			m.Missed = append(m.Missed, fmt.Sprintf("%s %s: %s", check.What, check.Name, check.Detail))
		}
	}
	c.Behaviour = nil
	m.judge(ended)
	return m
}

func (m *Summary) judge(ended bool) {
	switch {
	case len(m.State.Open()) > 0:
		m.Verdict = VerdictViolated
	case !ended:
		m.Verdict = VerdictUnfinished
	case len(m.Missed) > 0:
		m.Verdict = VerdictNone
	default:
		m.Verdict, m.Passed = VerdictPassed, true
	}
}

// value is what a minimum is compared with.
func (m *Summary) value(name string) uint64 {
	s := m.State
	switch name {
	case "rounds":
		return s.Rounds
	case "failpoints":
		return uint64(m.Passes)
	case "pairs":
		return uint64(m.Pairs)
	case "corpus":
		passed, _ := s.passed(CheckCorpus)
		return uint64(passed)
	case "canaries":
		passed, _ := s.passed(CheckCanary)
		return uint64(passed)
	}
	if t := s.Kinds[name]; t != nil {
		return t.Rounds - t.Inconclusive
	}
	return s.Counts[name]
}

// passed counts the checks of a sort.
func (s *State) passed(what string) (passed, all int) {
	for _, c := range s.Checks {
		if c.What != what {
			continue
		}
		if all++; c.Passed {
			passed++
		}
	}
	return passed, all
}

// clone copies what a campaign that goes on may change.
func (s *State) clone() *State {
	c := *s
	c.Counts, c.Points, c.Faults = maps.Clone(s.Counts), maps.Clone(s.Points), maps.Clone(s.Faults)
	c.Kinds, c.Handovers, c.Engines = cloneTallies(s.Kinds), cloneTallies(s.Handovers), cloneTallies(s.Engines)
	c.Behaviour = maps.Clone(s.Behaviour)
	c.Arms = map[string]*Arm{}
	for name, arm := range s.Arms {
		copied := *arm
		c.Arms[name] = &copied
	}
	c.Findings = map[string]*Finding{}
	for print, f := range s.Findings {
		copied := *f
		c.Findings[print] = &copied
	}
	c.Samples, c.Checks, c.NotRun = slices.Clone(s.Samples), slices.Clone(s.Checks), slices.Clone(s.NotRun)
	return &c
}

func cloneTallies(all map[string]*Tally) map[string]*Tally {
	c := map[string]*Tally{}
	for name, t := range all {
		copied := *t
		copied.Counts = maps.Clone(t.Counts)
		c[name] = &copied
	}
	return c
}

// Write writes the summary in all formats.
func (m *Summary) Write(folder string) error {
	structured, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	junit, err := m.junit()
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	for name, content := range map[string][]byte{
		"summary.json": append(structured, '\n'), "summary.txt": []byte(m.Text()), "summary.md": []byte(m.Markdown()), "summary.xml": junit,
	} {
		err = errors.Join(err, writeWhole(filepath.Join(folder, name), content))
	}
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// ReadSummary reads summary.json of a campaign's folder.
func ReadSummary(folder string) (*Summary, error) {
	content, err := os.ReadFile(filepath.Join(folder, "summary.json"))
	if err != nil {
		return nil, err
	}
	m := &Summary{}
	if err := json.Unmarshal(content, m); err != nil {
		return nil, err
	}
	if m.Schema != SummarySchema || m.State == nil {
		return nil, fmt.Errorf("its schema is %.60q, not %s", m.Schema, SummarySchema)
	}
	m.State.fill()
	return m, nil
}

// short prints a duration without what nobody reads.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// bytesOf prints bytes.
func bytesOf(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
