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

	"github.com/racewindow/racewindow/harness/spelling"
)

// SummarySchema names the format of the JSON summary. The number stays when a field is added, and changes when a field changes
// its meaning or is removed.
const SummarySchema = "racewindow-soak/1"

// Minimums say how much must have been done, by name: rounds, schedules, operations, failpoints, pairs, corpus, canaries,
// the name of a kind for its rounds that have a verdict, or the name of a count. They are compared with what the newest
// leg did, that is, with everything since the campaign's time was last over; for corpus and canaries, with what the
// newest start did. Only failpoints and pairs are compared with the whole campaign, because a later leg spends less time
// on behaviour that is already known.
type Minimums map[string]uint64

// ownMinimums are the names of minimums that are neither counts nor kinds.
var ownMinimums = []string{"rounds", "failpoints", "pairs", "corpus", "canaries"}

// MinimumNames are all names that a minimum can have; more are the names of kinds and of their own counts. Other names must be
// refused: a minimum that nothing counts would only show as missed after the whole night.
func MinimumNames(more ...string) []string { return slices.Concat(ownMinimums, more, countNames) }

// ParseMinimums reads words of the form NAME=N with known names. The word "none" removes all minimums before it.
func ParseMinimums(into Minimums, words, known []string) error {
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
		if !slices.Contains(known, key) {
			return fmt.Errorf("no count is called %q%s: choose one of %s", key, spelling.Meant(key, known), strings.Join(known, ", "))
		}
		into[key] = n
	}
	return nil
}

// A Minimum is a minimum, and what was done: in the newest leg or, if Whole is set, in the whole campaign.
type Minimum struct {
	Name  string `json:"name"`
	Least uint64 `json:"least"`
	Got   uint64 `json:"got"`
	Whole bool   `json:"whole_campaign,omitempty"`
}

// missed says how much is missing, "" if nothing is.
func (n Minimum) missed() string {
	if n.Got >= n.Least {
		return ""
	}
	return fmt.Sprintf("%s: %d, at least %d", n.Name, n.Got, n.Least)
}

// Verdicts of a summary.
const (
	VerdictPassed     = "passed"
	VerdictViolated   = "violated"
	VerdictNone       = "no verdict" // too little was done, or the harness is blind
	VerdictUnfinished = "unfinished"
)

// A Summary says what a campaign did, what it found, and whether it passed.
type Summary struct {
	Schema  string `json:"schema"`
	Verdict string `json:"verdict"`
	Passed  bool   `json:"passed"`
	// Missed says in words why it did not pass although nothing was found.
	Missed   []string  `json:"missed"`
	Minimums []Minimum `json:"minimums"`
	Trends   []Trend   `json:"trends"`
	// Pairs, Passes and Seen count the pairs of failpoints, the failpoints that were passed, and all behaviour. Never are the
	// failpoints that were never passed.
	Pairs  int      `json:"failpoint_pairs"`
	Passes int      `json:"failpoints_passed"`
	Seen   int      `json:"behaviour_seen"`
	Never  []string `json:"failpoints_never_passed"`
	// Shards are the parts that a merged summary is made of.
	Shards []string `json:"shards,omitempty"`
	// State has everything else, except the names of behaviour.
	State *State `json:"state"`
}

// Summary says what was done until now. Any goroutine may call it.
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
	for _, name := range c.Declared {
		if c.Points[name] == 0 {
			m.Never = append(m.Never, name)
		}
	}
	if ended {
		m.miss(c.shortfalls()...)
	}
	for _, name := range slices.Sorted(maps.Keys(minimums)) {
		n := Minimum{Name: name, Least: minimums[name]}
		n.Got, n.Whole = m.value(name)
		m.Minimums = append(m.Minimums, n)
		m.miss(n.missed())
	}
	for _, check := range c.Checks {
		m.miss(check.missed())
	}
	c.Behaviour = nil
	m.judge(ended)
	return m
}

// miss adds reasons for not passing; "" is none.
func (m *Summary) miss(all ...string) {
	for _, text := range all {
		if text != "" {
			m.Missed = append(m.Missed, OneLine(text))
		}
	}
}

// missed says that the check failed, "" if it did not.
func (c Check) missed() string {
	if c.Passed || c.Skipped {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", c.What, c.Name, c.Detail)
}

// shortfalls say why a campaign that has ended does not pass, whatever its minimums are.
func (s *State) shortfalls() (missed []string) {
	switch {
	case !s.Complete:
		missed = append(missed, s.early())
	case s.StartRounds == 0:
		missed = append(missed, fmt.Sprintf("0 rounds in this start: the time of its leg, %v, was already over", s.For))
	}
	for _, name := range slices.Sorted(maps.Keys(s.LegDone.Kinds)) {
		if t := s.LegDone.Kinds[name]; 2*t.Inconclusive > t.Rounds {
			missed = append(missed, fmt.Sprintf("%s: %d of %d rounds have no verdict, the last: %s", name, t.Inconclusive, t.Rounds, Clip(t.Reason, 200)))
		}
	}
	return missed
}

// early says how far a campaign came that ended before its time was over.
func (s *State) early() string {
	why, of := s.Ended, ""
	if why == "" {
		why = "its process was killed, or still works"
	}
	if s.For > 0 {
		of = fmt.Sprintf(" of %v", s.For)
	}
	return fmt.Sprintf("ended early: %s, %s%s", Clip(why, 300), short(s.Leg), of)
}

// judge sets the verdict. Violated is possible at any time, passed only at the end.
func (m *Summary) judge(ended bool) {
	m.Passed = false
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

// value is what a minimum is compared with, and whether that counts over the whole campaign.
func (m *Summary) value(name string) (n uint64, whole bool) {
	s := m.State
	switch name {
	case "rounds":
		return s.LegDone.Rounds, false
	case "failpoints":
		return uint64(m.Passes), true
	case "pairs":
		return uint64(m.Pairs), true
	case "corpus":
		passed, _ := s.passed(CheckCorpus)
		return uint64(passed), false
	case "canaries":
		passed, _ := s.passed(CheckCanary)
		return uint64(passed), false
	}
	if t := s.LegDone.Kinds[name]; t != nil {
		return t.Rounds - t.Inconclusive, false
	}
	return s.LegDone.Counts[name], false
}

// passed counts the checks of one kind (What), and those of them that passed.
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

// clone copies everything that the running campaign may change.
func (s *State) clone() *State {
	c := *s
	c.Counts, c.Points, c.Faults = maps.Clone(s.Counts), maps.Clone(s.Points), maps.Clone(s.Faults)
	c.Kinds, c.Handovers, c.Engines = cloneTallies(s.Kinds), cloneTallies(s.Handovers), cloneTallies(s.Engines)
	c.LegDone = Done{s.LegDone.Rounds, maps.Clone(s.LegDone.Counts), cloneTallies(s.LegDone.Kinds)}
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

// short prints a duration with few digits.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// bytesOf prints a number of bytes in MiB.
func bytesOf(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
