package properties

import (
	"context"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/analysis"
)

// The same promises, one thread at a time: gopter draws the program, the scheduler the order. Here no delay has to come true,
// and what fails is shrunk to a case that can be shown to be minimal.

// schedulesOf is how many schedules each drawn program gets.
const schedulesOf = 40

// programs draws programs without delays. They are shrunk together with their schedule, so gopter need not.
func programs(handovers []string) gopter.Gen {
	return func(p *gopter.GenParameters) *gopter.GenResult {
		r := rand.New(rand.NewSource(p.Rng.Int63()))
		c := cases.Draw(r, cases.Shape{Threads: 3, Operations: 4, Small: true})
		c.Options.Handover = one(r, handovers...)
		return gopter.NewGenResult(c, gopter.NoShrinker)
	}
}

// explored searches some schedules of a program and explains what it finds.
func explored(c cases.Case, seed uint64) (problem string, err error) {
	scenario, err := c.Scenario()
	if err != nil {
		return "", err
	}
	o := sched.Options{Strategy: "random", Schedules: schedulesOf, Seed: seed, Workers: 1, RepeatEvery: 16}
	r, err := sched.Search(context.Background(), scenario, o)
	if err != nil || len(r.Findings) == 0 {
		return "", err
	}
	f := r.Findings[0]
	c.Switches = f.Schedule
	m, err := shrink.Minimize(context.Background(), c.General(), shrink.Limits{})
	if err != nil {
		return "", err
	}
	rep, err := report.New(m, c.General(), f.Preemptions)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = rep.WriteText(&text, 100, report.Palette{})
	return text.String(), err
}

func TestEveryPromiseHoldsOneThreadAtATime(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	p := gopter.DefaultTestParametersWithSeed(*seedFlag)
	p.MinSuccessfulTests = max(10, *casesFlag/3)
	programs := programs(holding())
	result := prop.ForAll(func(c cases.Case) (bool, error) {
		problem, err := explored(c, uint64(*seedFlag))
		if problem != "" {
			err = fmt.Errorf("gopter seed %d\n%s", *seedFlag, problem)
		}
		return err == nil, err
	}, programs).Check(p)
	require.Equal(t, gopter.TestPassed, result.Status, "%v", result.Error)
}

func TestADrawnProgramFindsEachBadHandoverOneThreadAtATime(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, b := range bad {
		t.Run(b.handover, func(t *testing.T) {
			t.Parallel()
			p := gopter.DefaultTestParametersWithSeed(*seedFlag)
			p.MinSuccessfulTests, p.MaxShrinkCount = 1000, 0
			drawn, problem := 0, ""
			result := prop.ForAll(func(c cases.Case) (bool, error) {
				drawn++
				var err error
				problem, err = explored(c, uint64(*seedFlag))
				return problem == "", err
			}, programs([]string{b.handover})).Check(p)
			require.NoError(t, result.Error)
			require.Equal(t, gopter.TestFailed, result.Status, "%d programs showed nothing", drawn)
			t.Logf("found in program %d\n%s", drawn, problem)
		})
	}
}

func TestTheStatementsOfTheAnalysisAreTrueOfTheRealCode(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	all, err := analysis.Verify(context.Background(), 1, func(analysis.Statement) {})
	require.NoError(t, err)
	numbers := map[int]int{}
	for _, s := range all {
		require.True(t, s.True, "%v", s)
		numbers[s.Number]++
	}
	require.Len(t, numbers, 5, "the four statements, and what goes beyond them")
}
