package crashstress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// counts are the figures of what was done. Each goroutine has its own.
type counts struct {
	// Cycles counts those that ended with a loss of power or a process death. Of these, AtFailpoints ended at a failpoint,
	// AtOperations after an operation of the disk, AtRest when no operation was running.
	Cycles       uint64 `json:"cycles"`
	AtFailpoints uint64 `json:"at_failpoints"`
	AtOperations uint64 `json:"at_disk_operations"`
	AtRest       uint64 `json:"at_rest"`
	// Deaths counts the cycles in which the process died and the machine did not.
	Deaths uint64 `json:"process_deaths"`
	// Unsynced counts the cycles with effects that the loss could take, Effects those effects.
	Unsynced uint64 `json:"unsynced_cycles"`
	Effects  uint64 `json:"unsynced_effects"`
	// Exposed counts transactions that were acknowledged and not durable when power was lost: they may be gone.
	Exposed uint64 `json:"exposed_transactions"`
	// Recoveries include those that were interrupted. Refused counts those that a fault made fail.
	Recoveries uint64 `json:"recoveries"`
	Refused    uint64 `json:"refused_recoveries"`
	// Records and Transactions count what was checked after recoveries, Read the records that were checked under load.
	Records      uint64 `json:"records_recovered"`
	Transactions uint64 `json:"transactions_recovered"`
	Read         uint64 `json:"records_read"`
	Operations   uint64 `json:"operations"`
	Failures     uint64 `json:"operations_failed"`
	Faults       uint64 `json:"faults"`
	// Closes counts the closes of the store beside other clients, Waits how often appends were made to wait, and called off.
	Closes uint64 `json:"closes_beside_clients"`
	Waits  uint64 `json:"waits_called_off"`
	tested [promiseCount]uint64
}

// A promise is one that a run tests.
type promise uint8

const (
	durability promise = iota
	prefixRecovery
	recoveryIdempotence
	stickyPoison
	appendAfterRecovery
	transactionAtomicity
	readAfterWrite
	promiseCount
)

// promises are in the order of the constants.
var promises = [promiseCount]check.Promise{
	check.Durability, check.PrefixRecovery, check.RecoveryIdempotence, check.StickyPoison, check.AppendAfterRecovery,
	check.TransactionAtomicity, check.ReadAfterWrite,
}

func (c *counts) add(more *counts) {
	c.Cycles += more.Cycles
	c.AtFailpoints += more.AtFailpoints
	c.AtOperations += more.AtOperations
	c.AtRest += more.AtRest
	c.Deaths += more.Deaths
	c.Unsynced += more.Unsynced
	c.Effects += more.Effects
	c.Exposed += more.Exposed
	c.Recoveries += more.Recoveries
	c.Refused += more.Refused
	c.Records += more.Records
	c.Transactions += more.Transactions
	c.Read += more.Read
	c.Operations += more.Operations
	c.Failures += more.Failures
	c.Faults += more.Faults
	c.Closes += more.Closes
	c.Waits += more.Waits
	for i, n := range more.tested {
		c.tested[i] += n
	}
}

// lost counts a loss. acknowledged is the highest transaction that was acknowledged.
func (c *counts) lost(l *loss, acknowledged uint64) {
	c.Cycles++
	switch l.kind {
	case atFailpoint:
		c.AtFailpoints++
	case atOperation:
		c.AtOperations++
	default:
		c.AtRest++
	}
	if l.death {
		c.Deaths++
	}
	if l.unsynced > 0 {
		c.Unsynced++
	}
	c.Effects += uint64(l.unsynced)
	c.Exposed += acknowledged - min(acknowledged, l.durable)
}

// A Summary says what a run did, and what it found.
type Summary struct {
	Handover   string `json:"handover"`
	Model      string `json:"model"`
	Goroutines int    `json:"goroutines"`
	Workers    int    `json:"workers"`
	Seed       uint64 `json:"seed"`
	Race       bool   `json:"race_detector"`
	Logs       uint64 `json:"logs"`
	counts
	// Promises says how often each promise was tested.
	Promises map[string]uint64 `json:"promises"`
	// Disks is how many disks were recovered from, Distinct how many of them were new. DistinctBounded says that Distinct
	// reached its limit.
	Disks           uint64        `json:"disks"`
	Distinct        uint64        `json:"distinct_disks"`
	DistinctBounded bool          `json:"distinct_disks_bounded"`
	Elapsed         time.Duration `json:"elapsed_ns"`
	Rate            float64       `json:"cycles_per_second"`
	Canary          string        `json:"canary,omitempty"`
	Violation       *Finding      `json:"violation,omitempty"`
	Failure         string        `json:"failure,omitempty"`
}

// WriteText writes what was done, and the verdict.
func (s *Summary) WriteText(w io.Writer) error {
	var b strings.Builder
	race := ""
	if s.Race {
		race = " under the race detector"
	}
	line := func(name, format string, arguments ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", name, fmt.Sprintf(format, arguments...))
	}
	fmt.Fprintf(&b, "stress --crash of %s: %d cycles in %.1f s (%.0f/s), %d logs, %d goroutines, model %s, seed %d%s\n",
		s.Handover, s.Cycles, s.Elapsed.Seconds(), s.Rate, s.Logs, s.Goroutines, s.Model, s.Seed, race)
	line("crashes", "%d at failpoints, %d at disk operations, %d at rest; %d of them process deaths", s.AtFailpoints, s.AtOperations, s.AtRest, s.Deaths)
	line("at stake", "%d cycles (%.0f %%) with %d unsynced effects, %d acknowledged transactions not durable yet",
		s.Unsynced, share(s.Unsynced, s.Cycles), s.Effects, s.Exposed)
	bounded := ""
	if s.DistinctBounded {
		bounded = " at least"
	}
	line("disks", "%d recovered from,%s %d distinct (%.0f %%)", s.Disks, bounded, s.Distinct, share(s.Distinct, s.Disks))
	line("recovered", "%d recoveries, %d refused by a fault; %d records in %d transactions checked", s.Recoveries, s.Refused, s.Records, s.Transactions)
	line("load", "%d operations, %d records read and checked, %d faults, %d operations failed", s.Operations, s.Read, s.Faults, s.Failures)
	if s.Goroutines > 1 {
		line("besides", "the store was closed %d times beside clients, appends were made to wait %d times", s.Closes, s.Waits)
	}
	var held []string
	for _, p := range promises {
		verdict := fmt.Sprintf("%s %d", p.Name, s.Promises[p.Name])
		if s.Promises[p.Name] == 0 {
			verdict = p.Name + " unknown"
		}
		held = append(held, verdict)
	}
	for i := 0; i < len(held); i += 4 {
		name := ""
		if i == 0 {
			name = "checked"
		}
		line(name, "%s", strings.Join(held[i:min(i+4, len(held))], ", "))
	}
	if s.Canary != "" {
		line("canary", "%s", s.Canary)
	}
	switch {
	case s.Violation != nil:
		fmt.Fprintf(&b, "%s was violated.\n", s.Violation.Promise)
	case s.Failure != "":
		fmt.Fprintf(&b, "No verdict: %s\n", s.Failure)
	default:
		b.WriteString("No promise violated.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func share(part, whole uint64) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// untested lists the promises that every run must test and this one did not.
func (s *Summary) untested() (names []string) {
	for i, p := range promises {
		if s.tested[i] == 0 && promise(i) != stickyPoison { // which needs a fault at the right place
			names = append(names, p.Name)
		}
	}
	return names
}

// RaceDetector reports whether this binary has the race detector.
const RaceDetector = raceoff.Enabled
