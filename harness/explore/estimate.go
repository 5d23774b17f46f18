package explore

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// An Estimate says about how large the space of a program's schedules is, before an exhaustive search begins.
type Estimate struct {
	// Bounds are the estimates for each bound, from 0 on.
	Bounds sched.Space `json:"bounds"`
	// Schedules is how many the search will probably execute, Duration how long that takes. If Reduced, the search is one up to the
	// order of independent steps: then Schedules counts every order, so that the search executes fewer, each of which costs more.
	Schedules float64       `json:"schedules"`
	Duration  time.Duration `json:"duration_ns"`
	Reduced   bool          `json:"reduced,omitempty"`
}

const (
	// descents are executed for each bound; estimateTime is the most time for all of them.
	descents     = 200
	estimateTime = 2 * time.Second
)

// estimate estimates the space of a program. Its executions count nowhere: a plan of its own judges them.
func (s *Summary) estimate(ctx context.Context, c Config, program cases.Case, o sched.Options) error {
	if !c.Estimate {
		return nil
	}
	s.teller.stage(StageEstimate)
	plan, err := program.Subject.Plan(program)
	if err != nil {
		return err
	}
	space, err := sched.EstimateSpace(ctx, plan.Scenario, o, descents, estimateTime)
	if err != nil || len(space) == 0 {
		return err
	}
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s.Estimate = &Estimate{Bounds: space, Schedules: space.Schedules(), Duration: space.Time(workers), Reduced: o.Reduced && plan.Declared}
	if c.Estimated != nil {
		c.Estimated(*s.Estimate, c)
	}
	return nil
}

// Words says an estimate for a search of c in one line.
func (e Estimate) Words(c Config) string {
	last := e.Bounds[len(e.Bounds)-1]
	how := "with a standard error of less than 1 %"
	switch percent := 100 * last.Error / last.Schedules; {
	case math.IsNaN(percent) || percent > 100:
		how = "no more than a guess"
	case percent >= 1:
		how = fmt.Sprintf("with a standard error of %.0f %%", percent)
	}
	reduced := ""
	if e.Reduced {
		reduced = "; this counts every order of steps that share nothing, of which the search executes one"
	}
	return fmt.Sprintf("about %s schedules %s, %s (from %d descents, %s)%s", number(e.Schedules), sched.Within(last.Bound, c.Search.Strategy), length(e.Duration), descentsOf(e.Bounds), how, reduced)
}

func descentsOf(s sched.Space) (n int) {
	for _, e := range s {
		n += e.Descents
	}
	return n
}

// number writes an estimated number with two digits that mean something.
func number(n float64) string {
	if n >= 1e6 {
		return fmt.Sprintf("%.1e", n)
	}
	if n >= 100 {
		unit := math.Pow(10, math.Floor(math.Log10(n))-1)
		n = math.Round(n/unit) * unit
	}
	return fmt.Sprintf("%.0f", n)
}

// length writes an estimated time.
func length(d time.Duration) string {
	switch {
	case d < time.Second:
		return "about " + d.Round(time.Millisecond).String()
	case d < time.Hour:
		return "about " + d.Round(time.Second).String()
	case d < 1000*time.Hour:
		return fmt.Sprintf("about %.0f hours", d.Hours())
	case d < math.MaxInt64:
		return fmt.Sprintf("about %.0f years", math.Ceil(d.Hours()/24/365))
	}
	return "longer than anybody can wait"
}
