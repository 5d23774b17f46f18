package soak

import (
	"context"
	"maps"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
)

// A Kind is a kind of rounds. A new one is one file, and one line in the command's list of kinds.
type Kind interface {
	// Name is one word.
	Name() string
	// Variants are what rounds can test, one word each; at least one. Each is chosen by itself.
	Variants() []string
	// Run executes one round. What it does follows from the spec alone, as far as the Go scheduler allows. The end of ctx ends
	// the round early. An error means that the round itself failed and has no verdict.
	Run(ctx context.Context, spec RoundSpec) (RoundResult, error)
}

// A Replayer is a kind that executes the cases of its findings itself, because only it can: those of other people's packages.
type Replayer interface {
	// Replay executes a case of a variant again, and returns the class of its failure, or Holds.
	Replay(ctx context.Context, variant, text string) (class string, err error)
}

// Holds stands for the class of a case that shows no failure.
const Holds = "holds"

// Counts say how often things were done, by their names in the plural: schedules, operations, crashes.
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

// countNames are the names of the counts of this package's kinds. A minimum can have one of these names, or one that another
// kind counts.
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

// A RoundResult is the result of a round.
type RoundResult struct {
	Counts Counts `json:"counts,omitempty"`
	// Engine is the engine that was tested, "" for the one of this module. Handover is its hand-over, "" for none in particular.
	Engine   string `json:"engine,omitempty"`
	Handover string `json:"handover,omitempty"`
	// Points says how often each failpoint was passed.
	Points Counts `json:"points,omitempty"`
	// Faults says how often each fault was injected.
	Faults Counts `json:"faults,omitempty"`
	// Behaviour are names of what was seen, with any meaning: a name that was never seen before counts as new. Names that begin
	// with PairPrefix are pairs of failpoints.
	Behaviour []string `json:"behaviour,omitempty"`
	// Unnamed is how much new behaviour has no name, such as partial orders, of which there are too many.
	Unnamed uint64 `json:"unnamed,omitempty"`
	// Found are violations, shrunk if that was possible.
	Found []Found `json:"found,omitempty"`
	// NotRun is what the round should have done but could not do here.
	NotRun []NotRun `json:"not_run,omitempty"`
	// Inconclusive says why the round has no verdict, "" if it has one. A round without a verdict never passes.
	Inconclusive string `json:"inconclusive,omitempty"`
	// Canary says how the round found the bug that it planted itself, "" if it plants none.
	Canary string `json:"canary,omitempty"`
	// Peak is the most memory that a child process had, in bytes.
	Peak uint64 `json:"peak_bytes,omitempty"`
}

// PairPrefix begins a behaviour that is a pair of failpoints: one thread stood at the first while another executed the code
// after the second.
const PairPrefix = drive.PairPrefix

// A Found is one violation of a round.
type Found struct {
	// Class is the kind of failure, as sched.Failure.Class gives it.
	Class string `json:"class"`
	// Report explains the violation. If it is nil, the other fields must.
	Report *report.Report `json:"report,omitempty"`
	// Shape distinguishes findings of one class that have no case.
	Shape  string `json:"shape,omitempty"`
	Detail string `json:"detail"`
	// Case is the smallest case, "" if there is none. Size orders cases of one shape; 0 if the campaign can parse the case, and
	// so can find size and shape itself.
	Case string `json:"case,omitempty"`
	Size int    `json:"size,omitempty"`
	// Text is other evidence to keep: the history of a stress run, the output of a child.
	Text string `json:"text,omitempty"`
	// Disk is a gzipped tar of the files that a crash left, nil if there are none.
	Disk []byte `json:"disk,omitempty"`
	// Inputs are the inputs on which a fuzz target fails, by name.
	Inputs map[string][]byte `json:"inputs,omitempty"`
	// Count is how often it was seen in this round, at least 1.
	Count uint64 `json:"count"`
}

// copyOf is a copy for another goroutine to read.
func (c Counts) copyOf() Counts { return maps.Clone(c) }
