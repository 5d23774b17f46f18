package soak

import (
	"context"
	"maps"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
)

// A Kind is something that a campaign can do for a while. A new one is one file, and one line where the command lists them.
type Kind interface {
	// Name is a word.
	Name() string
	// Variants are what it can be done to, words; at least one. Each is chosen for itself.
	Variants() []string
	// Run does one round. What it does follows from the spec alone, as far as the Go scheduler allows. The end of ctx ends the
	// round early. An error means that the round itself failed, and has no verdict.
	Run(ctx context.Context, spec RoundSpec) (RoundResult, error)
}

// A Replayer is a kind that executes the cases of its findings itself: those of other people's packages.
type Replayer interface {
	// Replay executes a case of a variant again and returns the class of its failure, or Holds.
	Replay(ctx context.Context, variant, text string) (class string, err error)
}

// Holds stands for the class of a case that shows no failure.
const Holds = "holds"

// Counts say how often something was done: schedules, operations, crashes, by their names in the plural.
type Counts map[string]uint64

// Names of counts that the views and the minimums know.
const (
	CountSchedules  = "schedules"
	CountOperations = "operations"
	CountRecords    = "records checked"
	CountCases      = "cases"
	CountCrashes    = "crashes"
	CountFaults     = "faults"
	CountPrograms   = "programs"
	CountOrders     = "partial orders"
	CountRecoveries = "recoveries"
	CountKills      = "kills"
)

// countNames are those of the counts that the kinds of this package make: what a minimum can be of, beside what other kinds count.
var countNames = []string{
	CountSchedules, CountOperations, CountRecords, CountCases, CountCrashes, CountFaults, CountPrograms, CountOrders, CountRecoveries, CountKills,
	countInputs, "steps", "disks", "distinct disks", "steps that could lose something",
}

// Add adds counts, name by name.
func (c Counts) Add(other Counts) {
	for name, n := range other {
		c[name] += n
	}
}

// A RoundResult is what a round came to.
type RoundResult struct {
	Counts Counts `json:"counts,omitempty"`
	// Engine is what was tested, "" for the engine of this module; Handover how it passes records on, "" for none in particular.
	Engine   string `json:"engine,omitempty"`
	Handover string `json:"handover,omitempty"`
	// Points says how often each failpoint was passed.
	Points Counts `json:"points,omitempty"`
	// Faults says how often each fault was injected.
	Faults Counts `json:"faults,omitempty"`
	// Behaviour are names for what was seen, whatever they mean: one that was never seen before counts as new. Those that begin
	// with PairPrefix are pairs of failpoints.
	Behaviour []string `json:"behaviour,omitempty"`
	// Unnamed is how much else was new, such as partial orders, which are too many to be named.
	Unnamed uint64 `json:"unnamed,omitempty"`
	// Found are violations, shrunk if that was possible.
	Found []Found `json:"found,omitempty"`
	// NotRun is what the round could not do here, beside what it did.
	NotRun []NotRun `json:"not_run,omitempty"`
	// Inconclusive says why the round has no verdict, "" if it has one. It is never a pass.
	Inconclusive string `json:"inconclusive,omitempty"`
	// Canary says how the round found what it had planted itself, "" if it plants nothing.
	Canary string `json:"canary,omitempty"`
	// Peak is the most memory that a child process had, in bytes.
	Peak uint64 `json:"peak_bytes,omitempty"`
}

// PairPrefix begins a behaviour that is a pair: one thread stood at the first failpoint while another did what follows the second.
const PairPrefix = drive.PairPrefix

// A Found is one violation of a round.
type Found struct {
	// Class is what kind of failure it is, as sched.Failure.Class.
	Class string `json:"class"`
	// Report explains it; nil where there is none, and then the rest must say it.
	Report *report.Report `json:"report,omitempty"`
	// Shape tells findings of a class apart that have no case.
	Shape  string `json:"shape,omitempty"`
	Detail string `json:"detail"`
	// Case is the smallest case, "" if there is none. Size orders those of one shape; 0 where the campaign can see to both itself.
	Case string `json:"case,omitempty"`
	Size int    `json:"size,omitempty"`
	// Text is what else is to be kept: the history of a stress run, the output of a child.
	Text string `json:"text,omitempty"`
	// Disk is a gzipped tar of the files as a crash has left them, nil if there are none.
	Disk []byte `json:"disk,omitempty"`
	// Inputs are those of a fuzz target, by their names.
	Inputs map[string][]byte `json:"inputs,omitempty"`
	// Count is how often it was seen in this round, at least 1.
	Count uint64 `json:"count"`
}

// copyOf is a copy that another goroutine may read.
func (c Counts) copyOf() Counts { return maps.Clone(c) }
