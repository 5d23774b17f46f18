package soak

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A State is everything that is known about a campaign: what its journal folds to.
type State struct {
	Campaign
	// Began is when the first process started, Elapsed how long rounds and checks took in all. Leg is how long they took in the
	// newest leg, LegDone what was done in it. A leg begins with the first start after the campaign's time was over, and lasts
	// until that time is over again, over as many processes as it takes. For is how long a leg lasts, 0 if the journal does not
	// say.
	Began   time.Time   `json:"began"`
	Elapsed Nanoseconds `json:"elapsed_ns"`
	Leg     Nanoseconds `json:"leg_ns"`
	LegDone Done        `json:"leg"`
	For     Nanoseconds `json:"for_ns"`
	// Starts is how many processes have started. Ended says how the last one ended, "" if it did not end in order. Complete says
	// that the time was over then. StartRounds is how many rounds it finished.
	Starts      int    `json:"starts"`
	StartRounds uint64 `json:"rounds_of_this_start"`
	Ended       string `json:"ended"`
	Complete    bool   `json:"complete"`
	// Rounds is how many rounds were finished. InProgress is the round that has begun. Lost is how many rounds were in progress
	// when their process ended, Deaths how often in a row that was the round that comes next.
	Rounds     uint64 `json:"rounds"`
	InProgress string `json:"in_progress,omitempty"`
	Lost       uint64 `json:"rounds_lost"`
	Deaths     int    `json:"deaths_in_this_round,omitempty"`

	Checks []Check  `json:"checks"`
	NotRun []NotRun `json:"not_run,omitempty"`
	Counts Counts   `json:"counts"`
	// Kinds, Handovers and Engines say what was done for each, Points and Faults how often each was passed or injected.
	Kinds     map[string]*Tally `json:"kinds"`
	Handovers map[string]*Tally `json:"handovers"`
	Engines   map[string]*Tally `json:"engines"`
	Points    Counts            `json:"failpoints"`
	// Declared are all failpoints that the newest start knows.
	Declared []string `json:"failpoints_declared,omitempty"`
	Faults   Counts   `json:"faults,omitempty"`
	// Behaviour is what was seen, with the number of the round that saw it first.
	Behaviour map[string]uint64 `json:"behaviour"`
	// Arms are what the choice of the next round depends on.
	Arms map[string]*Arm `json:"arms"`
	// Findings by fingerprint.
	Findings map[string]*Finding `json:"findings"`
	// Samples are taken after each round. When there are too many, every second one is dropped. Every is how many rounds there
	// are for each sample.
	Samples []Sample `json:"samples"`
	Every   uint64   `json:"sample_every"`
}

// Done is what was done in a leg. Minimums are compared with it, because earlier legs say nothing about this one.
type Done struct {
	Rounds uint64            `json:"rounds"`
	Counts Counts            `json:"counts"`
	Kinds  map[string]*Tally `json:"kinds"`
}

func (d *Done) add(kind string, r *RoundRecord) {
	d.Rounds++
	d.Counts.Add(r.Counts)
	if !strings.HasPrefix(r.Inconclusive, interrupted) { // an interruption says nothing about the kind
		tally(d.Kinds, kind).add(r)
	}
}

// A Tally is what was done of one kind, or with one hand-over or engine.
type Tally struct {
	Rounds       uint64      `json:"rounds"`
	Inconclusive uint64      `json:"inconclusive"`
	Reason       string      `json:"inconclusive_because,omitempty"` // the last one's
	Took         Nanoseconds `json:"took_ns"`
	New          uint64      `json:"new_behaviour"`
	Counts       Counts      `json:"counts"`
}

// NotRun is something that could not be done at all. It never counts as passed.
type NotRun struct {
	What    string `json:"what"`
	Because string `json:"because"`
}

// A RoundRecord is what the journal keeps of a round.
type RoundRecord struct {
	Took         Nanoseconds `json:"took_ns"`
	Counts       Counts      `json:"counts,omitempty"`
	Engine       string      `json:"engine"`
	Handover     string      `json:"handover,omitempty"`
	Points       Counts      `json:"points,omitempty"`
	Faults       Counts      `json:"faults,omitempty"`
	New          []string    `json:"new,omitempty"` // behaviour that no round before has shown
	Unnamed      uint64      `json:"unnamed,omitempty"`
	NotRun       []NotRun    `json:"not_run,omitempty"`
	Inconclusive string      `json:"inconclusive,omitempty"`
}

// defaultEngine is the engine of this module.
const defaultEngine = "storage"

// maxSamples bounds the samples that are kept.
const maxSamples = 4096

// NewState is the state of a campaign that has not begun.
func NewState() *State {
	return &State{
		Counts: Counts{}, Kinds: map[string]*Tally{}, Handovers: map[string]*Tally{}, Engines: map[string]*Tally{}, Points: Counts{}, Faults: Counts{},
		Behaviour: map[string]uint64{}, Arms: map[string]*Arm{}, Findings: map[string]*Finding{}, Every: 1, LegDone: Done{Counts: Counts{}, Kinds: map[string]*Tally{}},
	}
}

// Fold adds one entry of the journal.
func (s *State) Fold(e Entry) error {
	switch e.Type {
	case entryCampaign:
		if e.Campaign == nil || e.Campaign.Version != journalVersion {
			return fmt.Errorf("%w: it is not of version %d: use the racewindow that wrote it", ErrJournal, journalVersion)
		}
		s.Campaign, s.Began = *e.Campaign, e.Time
	case entryState:
		if e.State == nil || e.State.Version != journalVersion {
			return fmt.Errorf("%w: a state that is not of version %d", ErrJournal, journalVersion)
		}
		*s = *e.State
		s.fill()
	case entryStart:
		s.start(e)
	case entryChecks:
		s.Checks = e.Checks
		s.passTime(e.Took)
		s.addFindings(e.Findings)
	case entryBegin:
		s.InProgress = e.Spec
	case entryRound:
		return s.foldRound(e)
	case entryFound:
		s.addFindings(e.Findings)
	case entryEnd:
		s.Ended, s.Complete = e.Ended, e.Complete
		s.addFindings(e.Findings)
	default:
		return fmt.Errorf("%w: an entry of type %q: use the racewindow that wrote it", ErrJournal, e.Type)
	}
	return nil
}

func (s *State) start(e Entry) {
	if s.Complete { // the leg is over, so this start begins another
		s.Leg, s.LegDone = 0, NewState().LegDone
	}
	s.Starts++
	s.StartRounds, s.For = 0, e.For
	s.Ended, s.Complete, s.Checks, s.NotRun, s.Declared = "", false, nil, slices.Clone(e.NotRun), e.Points
	if s.InProgress != "" {
		s.InProgress = ""
		s.Lost++
		s.Deaths++
	}
}

func (s *State) passTime(took time.Duration) {
	s.Elapsed += took
	s.Leg += took
}

func (s *State) foldRound(e Entry) error {
	spec, err := ParseRound(e.Spec)
	if err != nil || e.Round == nil {
		return fmt.Errorf("%w: a round without its spec: %w", ErrJournal, err)
	}
	r := e.Round
	s.Rounds++
	s.StartRounds++
	s.InProgress, s.Deaths = "", 0
	s.passTime(r.Took)
	s.Counts.Add(r.Counts)
	s.Points.Add(r.Points)
	s.Faults.Add(r.Faults)
	for _, name := range r.New {
		if _, known := s.Behaviour[name]; !known {
			s.Behaviour[name] = spec.Number
		}
	}
	for _, n := range r.NotRun {
		if !slices.Contains(s.NotRun, n) {
			s.NotRun = append(s.NotRun, n)
		}
	}
	s.LegDone.add(spec.Kind, r)
	tally(s.Kinds, spec.Kind).add(r)
	tally(s.Engines, r.Engine).add(r)
	if r.Handover != "" {
		tally(s.Handovers, r.Handover).add(r)
	}
	s.learn(spec.arm(), r)
	s.addFindings(e.Findings)
	if e.Sample != nil {
		s.addSample(*e.Sample)
	}
	return nil
}

func tally(all map[string]*Tally, name string) *Tally {
	if all[name] == nil {
		all[name] = &Tally{Counts: Counts{}}
	}
	return all[name]
}

func (t *Tally) add(r *RoundRecord) {
	t.Rounds++
	t.Took += r.Took
	t.New += uint64(len(r.New))
	t.Counts.Add(r.Counts)
	if r.Inconclusive != "" {
		t.Inconclusive++
		t.Reason = r.Inconclusive
	}
}

// addSample keeps a sample. When there are too many, it drops every second one, and takes half as many from then on.
func (s *State) addSample(n Sample) {
	if s.Every > 1 && s.Rounds%s.Every != 0 {
		return
	}
	s.Samples = append(s.Samples, n)
	if len(s.Samples) > maxSamples {
		kept := s.Samples[:0]
		for i, sample := range s.Samples {
			if i%2 == 0 {
				kept = append(kept, sample)
			}
		}
		s.Samples, s.Every = kept, 2*s.Every
	}
}

// novel are the behaviours that were not seen before, each once, in order. A name that is too long is cut.
func (s *State) novel(seen []string) (names []string) {
	for _, name := range seen {
		if len(name) > 200 {
			name = name[:200]
		}
		if _, known := s.Behaviour[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Pairs counts the pairs of failpoints that were seen.
func (s *State) Pairs() (n int) {
	for name := range s.Behaviour {
		if strings.HasPrefix(name, PairPrefix) {
			n++
		}
	}
	return n
}

// Open are the findings that are not fixed, those seen most often first.
func (s *State) Open() (open []*Finding) {
	for _, f := range s.Findings {
		if !f.Gone {
			open = append(open, f)
		}
	}
	slices.SortFunc(open, compareFindings)
	return open
}

// fill creates the maps that JSON leaves nil, and those that an earlier version did not write. A leg of such a version counts
// from here on.
func (s *State) fill() {
	fresh := NewState()
	for _, c := range []struct{ to, from *Counts }{{&s.Counts, &fresh.Counts}, {&s.LegDone.Counts, &fresh.LegDone.Counts}, {&s.Points, &fresh.Points}, {&s.Faults, &fresh.Faults}} {
		if *c.to == nil {
			*c.to = *c.from
		}
	}
	for _, c := range []struct{ to, from *map[string]*Tally }{{&s.Kinds, &fresh.Kinds}, {&s.LegDone.Kinds, &fresh.LegDone.Kinds}, {&s.Handovers, &fresh.Handovers}, {&s.Engines, &fresh.Engines}} {
		if *c.to == nil {
			*c.to = *c.from
		}
	}
	if s.Behaviour == nil {
		s.Behaviour = fresh.Behaviour
	}
	if s.Arms == nil {
		s.Arms = fresh.Arms
	}
	if s.Findings == nil {
		s.Findings = fresh.Findings
	}
	s.Every = max(s.Every, 1)
}

// rate is a number per second, to one decimal.
func rate(n uint64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return math.Round(float64(n)/took.Seconds()*10) / 10
}
