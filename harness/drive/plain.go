package drive

import (
	"fmt"
	"os"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
)

// Variable is the environment variable with the order for the tests of a binary that was built with the runtime with hooks.
// It is not a flag, because the tests are not this project's. The driver removes it from the environment, because processes
// that a test starts must not see it.
const Variable = "RACEWINDOW_ORDER"

// mostInVariable bounds the text of an order in the variable; systems allow at most 128 KiB for one.
const mostInVariable = 64 << 10

// ForEnvironment returns the value of Variable. An order that is too long, because of its schedule, goes to a file in the
// folder, which must exist as long as somebody may read the order.
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

// OfEnvironment reads a value from ForEnvironment.
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
	// ApartNone: one after the other in one process.
	ApartNone = ""
	// ApartFirst: each in its own process, as the first execution there.
	ApartFirst = "first"
	// ApartWarm: each in its own process, after the schedule without a switch.
	ApartWarm = "warm"
)

// The verdicts on a plain test.
const (
	// HeldAll says that no executed schedule failed.
	HeldAll = "held"
	// Sequential says that there was never a second goroutine that could go on, so there was nothing to explore.
	Sequential = "sequential"
	// SkippedItself says that the test skipped itself.
	SkippedItself = "skipped"
	// FoundSome says that there were findings.
	FoundSome = "found"
	// Unrepeatable says that the same schedule took another path the next time.
	Unrepeatable = "cannot be repeated"
	// Unjudged says that there is no verdict for another reason.
	Unjudged = "not judged"
)

// A PlainSummary is the result of exploring a plain test.
type PlainSummary struct {
	Verdict string `json:"verdict"`
	// Because says why the verdict is Unrepeatable or Unjudged, or else why the search ended.
	Because    string            `json:"because,omitempty"`
	Statistics sched.Statistics  `json:"statistics"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
	// Goroutines is the largest number of goroutines in one execution.
	Goroutines int    `json:"goroutines"`
	Seed       uint64 `json:"seed"`
	// Leaks are goroutines that never end, whatever the schedule. Running are goroutines that went on after the test's end,
	// for as long as they were watched.
	Leaks   []string `json:"leaks,omitempty"`
	Running string   `json:"running,omitempty"`
	// OneOrder says that goroutines went on after the test's end for so long that their order was no longer chosen. Exhausted does not
	// cover that part.
	OneOrder bool `json:"one_order_at_last,omitempty"`
	// Findings is the number of findings.
	Findings int `json:"findings"`
	// Apart says why each schedule had its own process; "" if none had.
	Apart string `json:"apart,omitempty"`
	// Strayed says what differed in the first schedule that went another way in another process, and what may have caused
	// that; "" for none. Statistics counts such schedules.
	Strayed string `json:"strayed,omitempty"`
	// Timing is the result of the search in which timers are choices; nil if the test has no timer that could fire early, or
	// if there was no such search because the first one had findings.
	Timing *PlainTiming `json:"timing,omitempty"`
	// First is the result of the search of first executions; nil if those take the same way as later ones, or if the search of later ones
	// had findings. If the search of first executions had, the summary is of that one, and Apart says why.
	First *PlainFirst `json:"first,omitempty"`
	// Losses is nil if the test lost no power (harness.LosePower).
	Losses *PlainLosses `json:"losses,omitempty"`
}

// PlainLosses are the losses of power in one execution: after each of so many operations that change a folder, so many disks in all. Of
// several executions they are those with the most.
type PlainLosses struct {
	Operations int `json:"operations"`
	Disks      int `json:"disks"`
}

// Add takes the losses of another execution.
func (l *PlainLosses) Add(operations, disks int) {
	l.Operations, l.Disks = max(l.Operations, operations), max(l.Disks, disks)
}

// A PlainTiming is the result of a search in which the next timer may fire although others could go on. Statistics,
// Exhausted and Because are like those of PlainSummary, whose search lets time pass only when all threads wait.
type PlainTiming struct {
	Because    string            `json:"because,omitempty"`
	Statistics sched.Statistics  `json:"statistics"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
	// OneOrder is like that of PlainSummary, or says that a timer could have fired early after the test's end.
	OneOrder bool `json:"one_order_at_last,omitempty"`
	// Findings counts those that only this search found.
	Findings int `json:"findings"`
}

// A PlainFirst is the result of a search in which each schedule is the first execution in a process of its own. Differs says how the
// schedule without a switch takes another way there. The other fields are like those of PlainSummary.
type PlainFirst struct {
	Differs    string            `json:"differs"`
	Verdict    string            `json:"verdict"`
	Because    string            `json:"because,omitempty"`
	Statistics sched.Statistics  `json:"statistics"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
}

// A PlainFinding is a failure of a plain test and the schedule that shows it.
type PlainFinding struct {
	Failure     *sched.Failure `json:"failure"`
	Schedule    sched.Schedule `json:"schedule"`
	Preemptions int            `json:"preemptions"`
	// Strategy found it in schedule number After. FromSwitches and FromPreemptions describe that schedule before it was
	// shrunk.
	Strategy        string `json:"strategy"`
	After           uint64 `json:"after_schedules"`
	FromSwitches    int    `json:"from_switches"`
	FromPreemptions int    `json:"from_preemptions"`
	// Apart says how the schedule must be executed, as in Order.
	Apart string `json:"apart,omitempty"`
	// Timers are those that fired early, by choice: what each is, its duration, and who set it where. Failure.Timing is then
	// set.
	Timers []string `json:"timers,omitempty"`
	// Polls names whoever read the clock in a loop until time had passed although others could go on; "" for nobody. If
	// it is set, Failure.Timing is too.
	Polls string `json:"polls,omitempty"`
	// Early says that shrinking ended before everything was tried.
	Early bool `json:"early,omitempty"`
	// Late says that shrinking, or the search for what lies next to it, ended because its time was over.
	Late bool `json:"late,omitempty"`
	// Fewer is how many schedules with fewer preemptions were executed while it was shrunk, none of which shows the failure; 0 if
	// there are no others.
	Fewer int `json:"fewer,omitempty"`
	// Replays is how often the process that found it executed it again, and Replayed how often it failed in the same way.
	Replays  int `json:"replays"`
	Replayed int `json:"replayed"`
	// Outcome is the execution, with its events.
	Outcome sched.Outcome `json:"outcome"`
	// Windows say how far the switches can be moved.
	Windows []sched.Window `json:"windows,omitempty"`
	// Passing is the nearest execution that does not fail, nil if none was found; Change says how it differs.
	Passing *sched.Outcome `json:"passing,omitempty"`
	Change  string         `json:"change,omitempty"`
}

// A KeptSchedule failed once, and is executed before a search.
type KeptSchedule struct {
	// File is the file that holds it, relative to the package's folder.
	File     string         `json:"file"`
	Schedule sched.Schedule `json:"schedule"`
}
