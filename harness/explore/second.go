package explore

import (
	"fmt"
	"math/rand/v2"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// opinions is how many schedules of each program a second checker also judges. It takes longer than the rest of a schedule,
// and the two checkers differ in the kinds of mistakes they can make, not in how often they make them.
const opinions = 5

// askAgain compares the checker with a second one, if the subject has one, on a few random schedules of a program. A
// disagreement is an error, because the results of the exploration are then worthless. A failure in these schedules is a
// finding like any other.
func (s *Summary) askAgain(program cases.Case, seed uint64) (findings []sched.Finding, err error) {
	if crash := program.Crash; crash != nil && crash.Any {
		program = program.Clone()
		program.Crash = nil // a history says nothing about what a crash leaves, and trying crashes takes longer than everything else
	}
	witness, ok := program.Subject.(cases.Witness)
	if !ok {
		return nil, nil
	}
	plan, err := witness.Recorded(program)
	if err != nil {
		return nil, err
	}
	runner, walk := sched.NewRunner(plan.Scenario, sched.Options{}), walk{rand.New(rand.NewPCG(seed, 0))}
	for range opinions {
		out := runner.Run(walk, false)
		if f := out.Failure; f != nil && f.Kind == sched.Unusable {
			return findings, f
		} else if f != nil {
			findings = append(findings, sched.Finding{Failure: f, Schedule: out.Schedule, Preemptions: out.Preemptions, Strategy: "walk", Count: 1})
		}
		sentence, err := plan.Opinion(out.Failure)
		if err != nil {
			program.Switches = out.Schedule
			return findings, fmt.Errorf("%w; the case: %v", err, program)
		}
		if sentence != "" {
			s.SecondOpinions++
		}
	}
	return findings, nil
}

// A walk chooses a random thread at each point.
type walk struct{ random *rand.Rand }

func (walk) Name() string               { return "walk" }
func (walk) Begin() bool                { return true }
func (walk) End(int, bool)              {}
func (w walk) Next(c *sched.Choice) int { return w.random.IntN(len(c.Enabled)) }
