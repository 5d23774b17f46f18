package explore

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Vocal subject says what its drawn programs can say and pass, so that an exploration can say what was never tried.
type Vocal interface {
	// Words are the operations.
	Words() []string
	// Places are the failpoints where threads of a program that is meant to hold may stand, in order.
	Places() []string
}

// Tried is what the drawn programs of an exploration said.
type Tried struct {
	// Operations and Settings count the programs that have them: an operation by its word, a setting as NAME=VALUE.
	Operations map[string]int `json:"operations,omitempty"`
	Settings   map[string]int `json:"settings,omitempty"`
	// Longest is how many operations the longest client had.
	Longest int `json:"longest_client"`
}

// mostValues is how many values of a setting are counted: a seed has another in each program, which says nothing.
const mostValues = 64

func (t *Tried) add(c cases.Case) {
	if t.Operations == nil {
		t.Operations, t.Settings = map[string]int{}, map[string]int{}
	}
	said := map[string]bool{}
	for _, thread := range c.Threads {
		t.Longest = max(t.Longest, len(thread.Operations))
		for _, o := range thread.Operations {
			said[o.Word()] = true
		}
	}
	for word := range said {
		t.Operations[word]++
	}
	if c.Settings == nil {
		return
	}
	for _, setting := range strings.Fields(c.Settings.String()) {
		t.Settings[setting]++
	}
}

// values counts the values of each setting, as "NAME N".
func (t *Tried) values() (all []string) {
	counts := map[string]int{}
	for setting := range t.Settings {
		name, _, _ := strings.Cut(setting, "=")
		counts[name]++
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] <= mostValues && name != "seed" {
			all = append(all, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	return all
}

// lines say what drawn programs tried, and what of what they could have none did.
func (t *Tried) lines(s *Summary, subject cases.Subject) (lines []string) {
	if s.Programs == 0 || len(t.Operations) == 0 {
		return nil
	}
	text := fmt.Sprintf("tried: %s of up to %s a client, %s", columns.Count(s.Programs, "program"),
		columns.Count(t.Longest, "operation"), columns.Count(s.Statistics.PartialOrders, "partial order"))
	if n := s.Crashes.Distinct; n > 0 {
		text += fmt.Sprintf(", %s", columns.Count(n, "disk"))
	}
	if values := t.values(); len(values) > 0 {
		text += "; values of settings: " + strings.Join(values, ", ")
	}
	lines = append(lines, text)
	vocal, ok := subject.(Vocal)
	if !ok {
		return lines
	}
	var words, places []string
	for _, word := range vocal.Words() {
		if t.Operations[word] == 0 {
			words = append(words, word)
		}
	}
	for _, place := range vocal.Places() {
		if !slices.ContainsFunc(s.Statistics.Points, func(p sched.PointCount) bool { return p.Point == place }) {
			places = append(places, place)
		}
	}
	var never []string
	if len(words) > 0 {
		never = append(never, "operations "+some(words))
	}
	if len(places) > 0 {
		never = append(never, "places "+some(places))
	}
	if len(never) > 0 {
		lines = append(lines, "never reached: "+strings.Join(never, "; "))
	}
	return lines
}

// mostNamed is how many names a line of the summary has.
const mostNamed = 8

// some names the first ones, and counts the others.
func some(names []string) string {
	if len(names) <= mostNamed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), len(names)-mostNamed)
}

// sizes says how long the clients of one drawn program after the other may be: most bugs need few operations, and few take few
// schedules. Short ones come first, and stay half of all.
func sizes(program int, shape cases.Shape) cases.Shape {
	shape = shape.WithDefaults()
	short := 1 + program%3
	if program%2 == 1 && program > 3*shortPrograms {
		short = shape.Operations
	}
	shape.Operations = min(short, shape.Operations)
	return shape
}

// shortPrograms of each short length come before any that is longer.
const shortPrograms = 10
