package sched

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/spelling"
)

// Options of a search. The zero value is ready: a portfolio of strategies for 2 s, until the first failure.
type Options struct {
	// Strategy is one of Strategies, or "" for a portfolio of them.
	Strategy string
	// Preemptions is the highest bound of "bounded" and the number of delays of "delay-bounded", where 0 means none. For "pct" it
	// is the number of priority changes, 2 by default: its depth is one more.
	Preemptions int
	// Schedules and Budget end the search, whichever comes first. Default: no limit; if neither is set, 2 s.
	Schedules int
	Budget    time.Duration
	// Seed is the source of every random choice. The same seed makes the same search with any number of workers, unless the budget
	// of time ends it; each schedule can be repeated by its text.
	Seed uint64
	// Workers is how many workers search at the same time; default one per processor, and 1 under -race, where a report must
	// belong to one execution.
	Workers int
	// Reduced lets "bounded" execute only one of the schedules that differ in the order of independent steps, where that loses
	// nothing (strategy_reduced.go): with markers, without faults, with nothing that is asked between steps, and while no thread
	// waits for the clock. It believes what points declare (failpoints.Declaration: Resource and Also).
	Reduced bool
	// All goes on after the first failure, and keeps one schedule for each class (Failure.Class).
	All bool
	// Class, if set, is the class of the failure that ends the search; failures of other classes are kept, as with All.
	Class string
	// After StepLimit choices threads take turns, for as many choices again; an execution that has not ended then is a livelock or
	// unknown. Default 20,000.
	StepLimit int
	// RepeatEvery executes every Nth schedule again to detect nondeterminism. Default 64, negative for never.
	RepeatEvery int
	// Strays lets the search go on after an execution could not be repeated, as long as most could. It then claims no bound, and
	// Result.Differed says what differed the first time. Without it the search ends with an error.
	Strays bool
	// Hang is how long the code between two stops may take. After that the process prints the marker that the thread passed last,
	// the schedule and the stack, and ends with exit code 3. Default 30 s; for Explore what -racewindow.hang says, or 10 s. It
	// decides no verdict.
	Hang time.Duration
	// NoFailpoints lets Explore pass although some or all threads came to no failpoint.
	NoFailpoints bool
	// Enough, if set, ends the search when it returns true. It is asked between the stages of random schedules, with the
	// statistics so far. The first stage has firstStage schedules, each later one as many as all before it. It is asked about
	// the same schedules with any number of workers.
	Enough func(Statistics) bool
	// Trail, if not nil, records what is chosen. There is one worker then.
	Trail *Trail
	// Progress is called about once a second, from one goroutine.
	Progress func(Statistics)
	// test is the name of the test that explores.
	test string
	// affordable makes an enumeration leave a bound of which its first schedule tells that it has more schedules than that; 0 for
	// never.
	affordable float64
	// switches makes a bound count every switch, for shrinking, which looks for the fewest.
	switches bool
}

// Parameters are what a strategy is made from.
type Parameters struct {
	Seed, Stream uint64
	// Preemptions is that of Options.
	Preemptions int
}

// strategies lists what can be asked for by name. A new one is one file and one line here.
var strategies = []struct {
	name  string
	about string
	make  func(Parameters) Strategy
}{
	{"random", "random walk: every thread that can go on is as likely as any other", newRandom},
	{"pct", "PCT: random priorities and Preemptions changes of them (default 2), in half of the schedules up to four times as many", newPCT},
	{"pos", "partial order sampling: a random priority for each event, drawn again when a conflicting one was executed", newPOS},
	{"surw", "selectively uniform random walk: every order of the accesses to one resource is as likely as any other", newSURW},
	{"guided", "goes by what schedules have shown: aims at writes that no event has followed yet, and at what led to something new", newGuided},
}

// Strategies are the names that Options.Strategy may have.
func Strategies() []string {
	names := []string{"bounded", "delay-bounded"}
	for _, s := range strategies {
		names = append(names, s.name)
	}
	return names
}

const (
	// ReductionPays is the bound from which Options.Reduced saves time. With fewer preemptions, what it leaves out costs no more
	// than to find out what that is.
	ReductionPays = 4
	// MaxPreemptions is the highest Options.Preemptions; an enumeration does not end even with far fewer.
	MaxPreemptions = 1000
	// MaxWorkers is the highest Options.Workers; each worker keeps threads of its own.
	MaxWorkers = 1024
	// DefaultStepLimit is Options.StepLimit where it is not set.
	DefaultStepLimit = 20_000
)

// Check reports what is wrong with o.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

func (o Options) withDefaults() (Options, error) {
	if o.Strategy != "" && !slices.Contains(Strategies(), o.Strategy) {
		return o, fmt.Errorf("no strategy is called %q%s: choose one of %s", o.Strategy, spelling.Meant(o.Strategy, Strategies()), strings.Join(Strategies(), ", "))
	}
	if o.Preemptions < 0 || o.Schedules < 0 || o.Budget < 0 || o.Workers < 0 || o.StepLimit < 0 || o.Hang < 0 {
		return o, fmt.Errorf("preemptions %d, schedules %d, budget %v, workers %d, step limit %d, hang %v: none may be negative",
			o.Preemptions, o.Schedules, o.Budget, o.Workers, o.StepLimit, o.Hang)
	}
	if o.Preemptions > MaxPreemptions {
		return o, fmt.Errorf("preemptions %d: at most %d", o.Preemptions, MaxPreemptions)
	}
	if o.Workers > MaxWorkers {
		return o, fmt.Errorf("workers %d: at most %d", o.Workers, MaxWorkers)
	}
	if o.Schedules == 0 && o.Budget == 0 && !o.exhaustive() {
		o.Budget = 2 * time.Second
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Reduced = o.Reduced && o.Strategy == "bounded" && !o.switches && !raceEnabled && goroutines == nil
	if raceEnabled || o.Trail != nil || goroutines != nil {
		o.Workers = 1
	}
	if o.StepLimit == 0 {
		o.StepLimit = DefaultStepLimit
	}
	if o.RepeatEvery == 0 {
		o.RepeatEvery = 64
	}
	if o.Hang == 0 {
		o.Hang = 30 * time.Second
	}
	return o, nil
}

// Within says in words which schedules an enumeration of a bound executes: those without a preemption, with at most one preemption, with
// at most 2 preemptions; of the strategy "delay-bounded" they are delays.
func Within(bound int, strategy string) string {
	what := "preemption"
	if strategy == "delay-bounded" {
		what = "delay"
	}
	switch bound {
	case 0:
		return "without a " + what
	case 1:
		return "with at most one " + what
	}
	return fmt.Sprintf("with at most %d %ss", bound, what)
}

// everySchedule says what was executed within a bound.
func (o Options) everySchedule(bound int) string {
	text := fmt.Sprintf("every schedule %s was executed", Within(bound, o.Strategy))
	if o.Reduced {
		text += ", up to the order of independent steps"
	}
	return text
}

// exhaustive says whether the search ends by itself.
func (o Options) exhaustive() bool { return o.Strategy == "bounded" || o.Strategy == "delay-bounded" }
