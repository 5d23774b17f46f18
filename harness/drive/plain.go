package drive

import (
	"fmt"
	"os"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// Variable is the variable of the environment that holds the order for the tests of a binary that was built with the runtime with
// hooks. There is no flag for it, since the tests are not this project's. The driver takes it out of the environment: processes that
// a test starts are its own.
const Variable = "RACEWINDOW_ORDER"

// mostInVariable is how long the text of an order may be in a variable: systems take no more than 128 KiB for one.
const mostInVariable = 64 << 10

// ForEnvironment is the value of Variable. An order that is too long for it, because its schedule is, lies in a file of the folder, which must be
// there as long as somebody may read the order.
func (o *Order) ForEnvironment(folder string) (string, error) {
	text := o.String()
	if len(text) <= mostInVariable {
		return text, nil
	}
	f, err := os.CreateTemp(folder, "order-")
	if err != nil {
		return "", fmt.Errorf("write an order for a test binary: %w", err)
	}
	_, err = f.WriteString(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", fmt.Errorf("write an order for a test binary: %w", err)
	}
	return "@" + f.Name(), nil
}

// OfEnvironment reads what ForEnvironment has made.
func OfEnvironment(text string) (*Order, error) {
	if file, is := strings.CutPrefix(text, "@"); is {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Variable, err)
		}
		text = string(content)
	}
	return Parse(text)
}

// How the schedules of a plain test are executed.
const (
	// ApartNone is one after the other in one process.
	ApartNone = ""
	// ApartFirst is each in a process of its own, as the first thing that it executes.
	ApartFirst = "first"
	// ApartWarm is each in a process of its own, after the schedule without a switch.
	ApartWarm = "warm"
)

// What became of a plain test that was explored.
const (
	// HeldAll says that no schedule that was executed failed.
	HeldAll = "held"
	// Sequential says that there was never a second goroutine that could have gone on, so that nothing was explored.
	Sequential = "sequential"
	// SkippedItself says that the test did so.
	SkippedItself = "skipped"
	// FoundSome says that there were findings.
	FoundSome = "found"
	// Unrepeatable says that the same schedule took another way the next time.
	Unrepeatable = "cannot be repeated"
	// Unjudged says that nothing can be said for another reason.
	Unjudged = "not judged"
)

// A PlainSummary is what the exploration of a plain test came to.
type PlainSummary struct {
	Verdict string `json:"verdict"`
	// Because says why, where the verdict is Unrepeatable or Unjudged, and why the search ended where it is not.
	Because    string            `json:"because,omitempty"`
	Statistics sched.Statistics  `json:"statistics"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
	// Goroutines is how many the execution had that had most.
	Goroutines int    `json:"goroutines"`
	Seed       uint64 `json:"seed"`
	// Leaks are goroutines that never end, whatever the schedule. Running are such that went on after the test's end, for as long as
	// was looked.
	Leaks   []string `json:"leaks,omitempty"`
	Running string   `json:"running,omitempty"`
	// Findings is how many there were.
	Findings int `json:"findings"`
	// Apart says why each schedule had a process of its own, "" if none had.
	Apart string `json:"apart,omitempty"`
	// Timing is what the search came to in which timers are choices; nil if the test has no timer that could fire early, or there was no
	// such search because the first one had found something.
	Timing *PlainTiming `json:"timing,omitempty"`
}

// A PlainTiming is a search in which the next timer may fire although others could go on. Statistics, Exhausted and Because are as those
// of PlainSummary, which are about time that passes when all wait.
type PlainTiming struct {
	Because    string            `json:"because,omitempty"`
	Statistics sched.Statistics  `json:"statistics"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
	// Findings are those that only this search has.
	Findings int `json:"findings"`
}

// A PlainFinding is a failure of a plain test and the schedule that shows it.
type PlainFinding struct {
	Failure     *sched.Failure `json:"failure"`
	Schedule    sched.Schedule `json:"schedule"`
	Preemptions int            `json:"preemptions"`
	// Strategy found it, in the schedule of that number; its schedule had so many switches and preemptions before it was shrunk.
	Strategy        string `json:"strategy"`
	After           uint64 `json:"after_schedules"`
	FromSwitches    int    `json:"from_switches"`
	FromPreemptions int    `json:"from_preemptions"`
	// Apart is how the schedule must be executed, as in Order.
	Apart string `json:"apart,omitempty"`
	// Timers are those that fired early, by choice: what each is, for how long, and who set it where. Then Failure.Timing is set.
	Timers []string `json:"timers,omitempty"`
	// Early says that shrinking ended before everything was tried.
	Early bool `json:"early,omitempty"`
	// Replays is how often it was executed again in the process that found it, and Replayed how often it failed so.
	Replays  int `json:"replays"`
	Replayed int `json:"replayed"`
	// Outcome is the execution, with its events.
	Outcome sched.Outcome `json:"outcome"`
	// Windows are how far its switches can be moved.
	Windows []sched.Window `json:"windows,omitempty"`
	// Passing is the nearest execution that does not fail, nil if none was found, and Change what differs in it.
	Passing *sched.Outcome `json:"passing,omitempty"`
	Change  string         `json:"change,omitempty"`
}

// A KeptSchedule was found once, and is executed before a search.
type KeptSchedule struct {
	// File holds it, from the package's folder on.
	File     string         `json:"file"`
	Schedule sched.Schedule `json:"schedule"`
}
