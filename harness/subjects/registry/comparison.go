package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// A Verdict is the result of exploring a scenario exhaustively.
type Verdict struct {
	// Preemptions is the bound, Schedules how many schedules there are within it.
	Preemptions int
	Schedules   uint64
	// Findings are one failing schedule of each class, those with the fewest preemptions first.
	Findings []sched.Finding
}

// Verify executes every schedule with at most so many preemptions, and keeps one failing schedule of each class.
func Verify(ctx context.Context, s sched.Scenario, preemptions int) (Verdict, error) {
	r, err := sched.Search(ctx, s, sched.Options{Strategy: "bounded", Preemptions: preemptions, All: true, Workers: 1})
	if err != nil {
		return Verdict{}, err
	}
	if !r.ExhaustedTo(preemptions) {
		return Verdict{}, fmt.Errorf("the exploration ended early: %s", r.Ended)
	}
	slices.SortStableFunc(r.Findings, func(a, b sched.Finding) int { return a.Preemptions - b.Preemptions })
	return Verdict{preemptions, r.Exhausted[len(r.Exhausted)-1].Schedules, r.Findings}, nil
}

// of is the finding of a class, nil if there is none.
func (v Verdict) of(class string) *sched.Finding {
	i := slices.IndexFunc(v.Findings, func(f sched.Finding) bool { return f.Failure.Class() == class })
	if i < 0 {
		return nil
	}
	return &v.Findings[i]
}

// String is one line, for a table.
func (v Verdict) String() string {
	if len(v.Findings) == 0 {
		return fmt.Sprintf("holds in all %d schedules %s", v.Schedules, sched.Within(v.Preemptions, ""))
	}
	var words []string
	for _, f := range v.Findings {
		words = append(words, fmt.Sprintf("%s with %s (%s)", f.Failure.Class(), preemptions(f.Preemptions), scheduleText(f.Schedule)))
	}
	return "breaks: " + strings.Join(words, "; ")
}

func scheduleText(s sched.Schedule) string {
	if len(s) == 0 {
		return "no switch"
	}
	return s.String()
}

func preemptions(n int) string {
	if n == 1 {
		return "1 preemption"
	}
	return fmt.Sprintf("%d preemptions", n)
}

// Measured is what was measured of a Bug.
type Measured struct {
	Bug    Bug
	Itself Verdict
	// First is the failure with the fewest preemptions.
	First sched.Finding
	// Steps is the number of steps of that execution.
	Steps int
	// Median and Most say how many schedules random walks with Seeds different seeds tried until they found the bug.
	Median, Most uint64
	Seeds        int
	// Window are those points of the victim at which a switch to the striker shows the bug; its end counts as a point. Points
	// is how many points it passes in all.
	Window []string
	Points int
	// Verdicts of the fixes, in their order.
	Verdicts []Verdict
}

// Measure explores a bug and its fixes. With seeds=0 it leaves out the random walks, which take longest. The same build gives the
// same numbers each time.
func Measure(ctx context.Context, b Bug, bound, seeds int) (m Measured, err error) {
	if err := failpoints.Require("the comparison of the two bugs", "racewindow test ./harness/subjects/registry"); err != nil {
		return m, err
	}
	m = Measured{Bug: b, Seeds: seeds}
	if m.Itself, err = Verify(ctx, b.Scenario, bound); err != nil {
		return m, err
	}
	if len(m.Itself.Findings) == 0 {
		return m, fmt.Errorf("%s was not found with up to %s", b.Title, preemptions(bound))
	}
	m.First = m.Itself.Findings[0]
	m.Steps = sched.NewRunner(b.Scenario, sched.Options{}).Replay(m.First.Schedule, false).Steps
	if seeds > 0 {
		if m.Median, m.Most, err = randomWalks(ctx, b.Scenario, seeds); err != nil {
			return m, err
		}
	}
	m.Window, m.Points = window(b)
	for _, fix := range b.Fixes {
		v, err := Verify(ctx, fix.Scenario, bound)
		if err != nil {
			return m, fmt.Errorf("%s: %w", fix.Name, err)
		}
		m.Verdicts = append(m.Verdicts, v)
	}
	return m, nil
}

// randomWalks says how many schedules random walks try until the first failure.
func randomWalks(ctx context.Context, s sched.Scenario, seeds int) (median, most uint64, err error) {
	const limit = 100_000
	var after []uint64
	for seed := range seeds {
		r, err := sched.Search(ctx, s, sched.Options{Strategy: "random", Seed: uint64(seed) + 1, Schedules: limit, Workers: 1, RepeatEvery: -1})
		if err != nil {
			return 0, 0, err
		}
		if len(r.Findings) == 0 {
			return 0, 0, fmt.Errorf("a random walk with the seed %d found nothing in %d schedules", seed+1, limit)
		}
		after = append(after, r.Findings[0].After)
	}
	slices.Sort(after)
	return after[len(after)/2], after[len(after)-1], nil
}

// window replays the victim once for each of its points, and for its end, with a switch to the striker there.
func window(b Bug) (open []string, points int) {
	runner := sched.NewRunner(b.Scenario, sched.Options{})
	hits := map[string]int{}
	for _, e := range runner.Replay(b.Until, true).Events {
		if !e.Point && !e.Ended || e.Thread != b.Victim {
			continue
		}
		points++
		hits[e.Text]++
		at := sched.Place{Thread: b.Victim, Point: e.Text, Hit: hits[e.Text]}
		if e.Ended {
			at.Hit = 0
		}
		way := b.Until
		if i := slices.IndexFunc(way, func(s sched.Switch) bool { return s.At == at }); i >= 0 {
			way = way[:i]
		}
		o := runner.Replay(append(slices.Clone(way), sched.Switch{At: at, To: b.Striker}), false)
		if o.Failure != nil && o.Failure.Kind != sched.Unusable {
			open = append(open, e.Text)
		}
	}
	return open, points
}

// severity follows from the failures themselves.
func (m *Measured) severity() string {
	switch {
	case m.Itself.of(NoCrash.Name) != nil:
		return "high: the process ends"
	case m.Itself.of(lostForGood.Name) != nil:
		return "high: lost for good"
	}
	return fmt.Sprintf("medium: temporary, the next read returns the record in all %d schedules %s",
		m.Itself.Schedules, sched.Within(m.Itself.Preemptions, ""))
}

const randomWalkRow = "Random walk, schedules until found"

// Table renders the measurements of two bugs in the form of the analysis's table.
func Table(one, two Measured) string {
	rows := [][3]string{{"Aspect", one.Bug.Title, two.Bug.Title}, {"---", "---", "---"}}
	add := func(name string, cell func(m *Measured) string) {
		rows = append(rows, [3]string{name, cell(&one), cell(&two)})
	}
	add("Location", func(m *Measured) string { return m.Bug.Location })
	add("Cause", func(m *Measured) string { return m.Bug.Cause })
	add("Symptom", func(m *Measured) string { return m.First.Failure.Message })
	add("Severity", (*Measured).severity)
	add("Program", func(m *Measured) string { return "`" + m.Bug.Program + "`" })
	add("Preemptions needed", func(m *Measured) string { return fmt.Sprint(m.First.Preemptions) })
	add("Schedule", func(m *Measured) string { return "`" + scheduleText(m.First.Schedule) + "`" })
	add("Steps, of which until the failure", func(m *Measured) string { return fmt.Sprintf("%d, %d", m.Steps, m.First.Failure.Step) })
	if one.Seeds > 0 {
		add(randomWalkRow, func(m *Measured) string {
			return fmt.Sprintf("median %d, most %d of %d seeds", m.Median, m.Most, m.Seeds)
		})
	}
	add("Window", func(m *Measured) string {
		return fmt.Sprintf("%d of %d points of %s: %s", len(m.Window), m.Points, m.Bug.Victim, strings.Join(m.Window, ", "))
	})
	for i := range max(len(one.Verdicts), len(two.Verdicts)) {
		add("Fix", func(m *Measured) string {
			if i >= len(m.Verdicts) {
				return ""
			}
			return m.Bug.Fixes[i].Name + ": " + m.Verdicts[i].String()
		})
	}
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row[:], " | "))
	}
	return b.String()
}
