// Package explore searches the schedules of a subject's programs for failures, makes the findings smaller and reports them.
package explore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
)

// Config says what to explore. With a Subject, the zero value of every other field means its default.
type Config struct {
	Subject cases.Subject
	// Name is the name in the summary; default the subject's head.
	Name string
	// Program is what to explore. If it is nil, programs are drawn, each for a share of the budget; Settle, if set, then
	// changes each of them.
	Program *cases.Case
	Settle  func(*cases.Case)
	// Crash, if set, ends each execution: usually at every step, with every disk that a crash may leave (cases.Crash.Any).
	// Drawn programs get at most DrawFaults faults each.
	Crash      *cases.Crash
	DrawFaults int
	// Draw bounds the programs that are drawn.
	Draw cases.Shape
	// ShortFirst draws programs of few operations first; half of all programs stay short.
	ShortFirst bool
	// Search holds the settings of the search. Reduced counts only where a plan says Declared.
	Search sched.Options
	// PerProgram is the largest number of schedules for a drawn program; default 2,000. A program that repeats itself gets
	// fewer (news.go).
	PerProgram int
	// Shrink bounds the time for making a finding smaller. PerClass is how many findings of one class are made smaller,
	// default all. Further ones are only counted with the first; so are findings of a known class after the budget is spent.
	Shrink   shrink.Limits
	PerClass int
	// Canary looks for the subject's canaries first, with the same strategy. Canaries of crashes are always looked for.
	Canary bool
	// Exhaustive demands the claim that every schedule up to Search.Preemptions holds; anything less is no verdict.
	Exhaustive bool
	// Estimate estimates the space of Program before it is searched; Estimated, if set, is then called with the estimate.
	Estimate  bool
	Estimated func(Estimate, Config)
	// Progress, if set, is called about four times a second, from one goroutine, until Run returns.
	Progress func(Progress)
	// Found is called with each failure that will be made smaller, and its case, before that: it can take a while.
	Found func(*sched.Failure, cases.Case)
}

// A Finding is a counterexample.
type Finding struct {
	Report   *report.Report `json:"report"`
	Case     string         `json:"case"`
	Drawn    string         `json:"found_as"`
	Strategy string         `json:"strategy"`
	// After is the number of the schedule that showed it first, counted from 1 across all programs.
	After uint64 `json:"after_schedules"`
	Count uint64 `json:"count"`
	Class string `json:"class"`
}

// A Summary is the result of an exploration.
type Summary struct {
	Name       string            `json:"name"`
	Program    string            `json:"program,omitempty"`
	Programs   int               `json:"programs"`
	Seed       uint64            `json:"seed"`
	Strategy   string            `json:"strategy"`
	Statistics sched.Statistics  `json:"statistics"`
	Rate       float64           `json:"schedules_per_second"`
	Exhausted  []sched.Exhausted `json:"exhausted,omitempty"`
	Claims     []string          `json:"claims,omitempty"`
	Canary     string            `json:"canary,omitempty"`
	// Estimate is how large the space was estimated to be, before it was searched.
	Estimate *Estimate `json:"estimate,omitempty"`
	// SecondOpinions counts the histories on which porcupine agreed with the checker.
	SecondOpinions int       `json:"second_opinions"`
	Crashes        Crashes   `json:"crashes"`
	Tried          Tried     `json:"tried"`
	Findings       []Finding `json:"findings"`
	Ended          string    `json:"ended"`
	// Verdict is Held, Violated or NoVerdict. Because says why there is no verdict, or why it covers less than what was
	// asked.
	Verdict string `json:"verdict"`
	Because string `json:"because,omitempty"`

	teller teller
	until  time.Time // when the budget of drawn programs is spent; zero means never
}

// spent says whether the budget is spent.
func (s *Summary) spent() bool { return !s.until.IsZero() && time.Now().After(s.until) }

// Crashes counts the crashes and faults of an exploration.
type Crashes struct {
	// Moments are steps at which the disk, or what must be on it, had changed; at Unsynced of them something could be lost.
	// Disks are the legal disks at these steps, Drawn those that were drawn because there were too many, Distinct those that
	// differ within one program. Kills are deaths of the process alone. Recoveries includes those that crashed. Faults
	// counts the faults that came.
	Moments    uint64 `json:"moments"`
	Unsynced   uint64 `json:"unsynced_moments"`
	Disks      uint64 `json:"disks"`
	Drawn      uint64 `json:"disks_drawn"`
	Distinct   uint64 `json:"distinct_disks"`
	Kills      uint64 `json:"kills"`
	Recoveries uint64 `json:"recoveries"`
	// SecondLives are those from a second crash, after the subject has gone on from the first.
	SecondLives uint64 `json:"second_lives,omitempty"`
	Faults      uint64 `json:"faults"`
	// Exposed are the moments at which the program had begun to do something that a crash may take, from the disk or from
	// memory.
	Exposed uint64 `json:"exposed_moments"`
	// Partial are the schedules in which time ran out before every disk of every step was tried.
	Partial uint64 `json:"schedules_partly_tried"`
	// Came counts the faults by kind (cases.Fault.Kind).
	Came map[string]uint64 `json:"faults_by_kind,omitempty"`
}

func (c *Crashes) add(more *cases.Crashes, of cases.Case) {
	c.Moments += more.Moments.Load()
	c.Unsynced += more.Unsynced.Load()
	c.Disks += more.Disks.Load()
	c.Drawn += more.Drawn.Load()
	c.Distinct += uint64(more.Distinct())
	c.Kills += more.Kills.Load()
	c.Recoveries += more.Recoveries.Load()
	c.SecondLives += more.SecondLives.Load()
	c.Faults += more.Faults.Load()
	c.Exposed += more.Exposed.Load()
	c.Partial += more.Partial.Load()
	for kind, n := range more.Came(of) {
		if c.Came == nil {
			c.Came = map[string]uint64{}
		}
		c.Came[kind] += n
	}
}

// ErrCanary is returned if a planted bug was not found. Finding nothing else would then mean nothing.
var ErrCanary = errors.New("the canary was not found")

// ErrMissing is returned if a fault of a given program never came. An exploration without findings then says nothing about
// it.
var ErrMissing = errors.New("faults that never came")

// Run explores. An error means that the exploration itself failed; otherwise Summary.Verdict is the result.
func Run(ctx context.Context, c Config) (*Summary, error) {
	if c.Name == "" {
		c.Name = c.Subject.Head()
	}
	s := &Summary{Name: c.Name, Seed: c.Search.Seed, Strategy: c.Search.Strategy, Findings: []Finding{}}
	if s.Strategy == "" {
		s.Strategy = "portfolio"
	}
	defer s.teller.tell(c.Progress)()
	err := s.run(ctx, c)
	s.conclude(ctx, c, err)
	return s, err
}

func (s *Summary) run(ctx context.Context, c Config) error {
	s.teller.stage(StageCanary)
	if err := s.findCanaries(ctx, c); err != nil {
		return err
	}
	if len(s.Findings) > 0 && !c.Search.All {
		s.Ended = "a data race was found with the canary"
		return nil
	}
	if c.Program != nil {
		program := *c.Program
		program.Crash = c.Crash
		s.Program = program.String()
		if err := s.estimate(ctx, c, program, c.Search); err != nil {
			return err
		}
		return s.explore(ctx, c, program, c.Search)
	}
	return s.drawn(ctx, c)
}

// drawn explores drawn programs, one after the other.
func (s *Summary) drawn(ctx context.Context, c Config) error {
	random := rand.New(rand.NewSource(int64(c.Search.Seed)))
	began := time.Now()
	budget := c.Search.Budget
	if budget == 0 && c.Search.Schedules == 0 {
		budget = 10 * time.Second
	}
	per := c.PerProgram
	if per == 0 {
		per = 2000
	}
	if budget > 0 {
		s.until = began.Add(budget)
	}
	for ctx.Err() == nil && !s.spent() {
		o := c.Search
		o.Seed = random.Uint64()
		o.Schedules = per
		if limit := c.Search.Schedules; limit > 0 {
			if o.Schedules = min(per, limit-int(s.Statistics.Schedules)); o.Schedules <= 0 {
				s.Ended = "the number of schedules is reached"
				return nil
			}
		}
		if budget > 0 {
			o.Budget = max(time.Until(s.until), time.Millisecond)
		}
		program, err := s.draw(c, random)
		if err != nil {
			return err
		}
		err = s.explore(ctx, c, program, o)
		if errors.Is(err, sched.ErrNoSchedule) && s.Statistics.Schedules > 0 {
			break // time ran out, or it was interrupted, just after the program was drawn
		}
		if err != nil && (!errors.Is(err, sched.ErrNoVerdict) || s.Statistics.Unknown == s.Statistics.Schedules) {
			return err
		}
		if len(s.Findings) > 0 && !c.Search.All {
			return nil
		}
	}
	if s.Ended = sched.TimeIsUp; ctx.Err() != nil {
		s.Ended = "interrupted"
	}
	return nil
}

// draw draws the next program. Some programs have no faults that a subject defines; if there must be faults, they are drawn again.
func (s *Summary) draw(c Config, random *rand.Rand) (program cases.Case, err error) {
	shape := c.Draw
	if c.ShortFirst {
		shape = sizes(s.Programs, shape)
	}
	const tries = 20
	for range tries {
		if program, err = c.Subject.Draw(random, shape); err != nil {
			return program, err
		}
		if c.Settle != nil {
			c.Settle(&program)
		}
		program.Crash = c.Crash
		if c.DrawFaults == 0 {
			break
		}
		if program.Faults = c.Subject.DrawFaults(random, program, c.DrawFaults); len(program.Faults) > 0 {
			break
		}
	}
	s.Tried.add(program)
	return program, nil
}

// explore searches one program and adds its results.
func (s *Summary) explore(ctx context.Context, c Config, program cases.Case, o sched.Options) error {
	plan, err := program.Subject.Plan(program)
	if err != nil {
		return err
	}
	crashes := plan.Crashes
	if crashes != nil {
		defer func() { s.Crashes.add(crashes, program) }()
		ended, release := over(ctx, o.Budget)
		defer release()
		crashes.Until(ended)
	}
	before := s.Statistics
	o.Reduced = o.Reduced && plan.Declared
	o.Progress = s.show(before, crashes)
	if c.Program == nil {
		o.Enough = repeats(crashes)
	}
	s.teller.stage(StageSearch)
	r, err := sched.Search(ctx, plan.Scenario, o)
	s.Programs++
	s.Statistics = plus(before, r.Statistics)
	o.Progress(r.Statistics)
	s.Rate = s.Statistics.Rate()
	s.Ended = r.Ended
	for i := range r.Findings {
		r.Findings[i].After += before.Schedules
	}
	if err != nil { // keep what was found before the error
		return errors.Join(err, s.addAll(ctx, c, program, r.Findings))
	}
	more, disagreement := s.askAgain(program, o.Seed)
	if len(r.Findings) == 0 || o.All {
		r.Findings = append(r.Findings, more...)
	}
	if s.Program != "" && (crashes == nil || crashes.Partial.Load() == 0) {
		s.Exhausted = r.Exhausted
		for _, e := range r.Exhausted {
			if slices.ContainsFunc(r.Findings, func(f sched.Finding) bool { return f.Preemptions <= e.Bound }) {
				break // with --all the search goes on after a violation
			}
			s.Claims = append(s.Claims, Claim(e, program, o.Strategy, len(r.Points), crashes))
		}
	}
	if len(r.Findings) == 0 && s.Program != "" && crashes != nil {
		if missing := crashes.Missing(program); len(missing) > 0 {
			s.Claims = nil
			return fmt.Errorf("%w in any of %d schedules: %v; so nothing is known of what comes after: another count (#N) or another program may reach it", ErrMissing, r.Schedules, missing)
		}
	}
	return errors.Join(disagreement, s.addAll(ctx, c, program, r.Findings)) // even with a disagreement, the findings are reported
}

// over returns a function that says when to stop trying disks: after an interruption, or once the budget is spent; and one that
// releases what that needs. A timer says when, because the function is called in an execution, whose clock may be its own.
func over(ctx context.Context, budget time.Duration) (is func() bool, release func()) {
	if budget <= 0 {
		return func() bool { return ctx.Err() != nil }, func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	return func() bool { return ctx.Err() != nil }, cancel
}

// show returns a function that passes the statistics of a search to the teller.
func (s *Summary) show(before sched.Statistics, crashes *cases.Crashes) func(sched.Statistics) {
	program, disks := s.Programs+1, s.Crashes.Disks
	return func(now sched.Statistics) {
		s.teller.update(func(p *Progress) {
			p.Program, p.Disks = program, disks
			p.Statistics.Schedules, p.Statistics.Duration = before.Schedules+now.Schedules, before.Duration+now.Duration
			if crashes != nil {
				p.Disks += crashes.Disks.Load()
			}
		})
	}
}

func (s *Summary) addAll(ctx context.Context, c Config, program cases.Case, all []sched.Finding) (err error) {
	for _, f := range all {
		err = errors.Join(err, s.add(ctx, c, program, f))
	}
	return err
}

// add makes a finding smaller, and reports it.
func (s *Summary) add(ctx context.Context, c Config, program cases.Case, f sched.Finding) error {
	s.teller.update(func(p *Progress) { p.Stage, p.Findings = StageShrink, len(s.Findings)+1 })
	found := program.Clone()
	found.Switches = f.Schedule
	if crash := cases.CrashOf(f.Failure); crash != nil && found.Crash != nil {
		found.Crash = &cases.Crash{Any: true, Model: crash.Model}
	}
	if first := s.enough(c, f.Failure.Class()); first != nil {
		first.Count += f.Count
		return nil
	}
	if c.Found != nil && f.Failure.Kind != sched.DataRace {
		c.Found(f.Failure, found)
	}
	m := shrink.Minimized{Case: found, Failure: f.Failure, Preemptions: f.Preemptions}
	var err error
	if f.Failure.Kind != sched.DataRace { // the race detector reports equal races only once in a process
		limits := c.Shrink
		limits.StepLimit = c.Search.StepLimit
		m, err = shrink.Minimize(ctx, found, limits)
	}
	if err != nil { // then report it as it was found
		m = shrink.Minimized{Case: found, Failure: f.Failure, Preemptions: f.Preemptions}
	}
	if err = notShown(err); err != nil {
		err = fmt.Errorf("shrink %v: %w", found, err)
	}
	for i := range s.Findings {
		if known := &s.Findings[i]; known.Case == m.Case.String() {
			known.Count += f.Count
			return err
		}
	}
	rep, failed := report.New(m, found, f.Preemptions)
	if failed != nil {
		err = errors.Join(err, fmt.Errorf("report %v: %w", m.Case, failed))
		rep = report.WithoutExecution(f.Failure.Class(), "", "", f.Failure.Error(), "racewindow replay '"+found.String()+"'", f.Failure.Stack)
	}
	s.Findings = append(s.Findings, Finding{rep, m.Case.String(), found.String(), f.Strategy, f.After, f.Count, f.Failure.Class()})
	return err
}

// enough returns the first finding of a class if no more findings of the class should be made smaller, else nil.
func (s *Summary) enough(c Config, class string) (first *Finding) {
	n := 0
	for i := range s.Findings {
		if s.Findings[i].Class == class {
			if first == nil {
				first = &s.Findings[i]
			}
			n++
		}
	}
	if c.PerClass > 0 && (n >= c.PerClass || n > 0 && s.spent()) {
		return first
	}
	return nil
}

// notShown drops the error that a case does not fail alone, because that is not a fault of the search.
func notShown(err error) error {
	if errors.Is(err, shrink.ErrNotShown) {
		return nil
	}
	return err
}

// Claim says what an exhausted bound proves, with its conditions. crashes counts those of a program with a crash.
func Claim(e sched.Exhausted, program cases.Case, strategy string, points int, crashes *cases.Crashes) string {
	most := sched.Within(e.Bound, strategy)
	if e.Complete {
		most = "that there are"
	}
	if e.Reduced {
		most += ", up to the order of steps that share nothing by what their points declare,"
	}
	disk := "nothing lost on the disk in memory"
	if program.Crash != nil {
		disk = fmt.Sprintf("a loss of power at each choice, persistence model %v, with %s, and a death of the process there", program.Crash.Model, disksOf(crashes))
	}
	return fmt.Sprintf("no violation in all %d schedules of '%v' %s at %d yield points (at most %d choices a schedule), the code between them taken as atomic, time moving only when nobody can go on, %s",
		e.Schedules, program, most, points, e.MaxSteps, disk)
}

// disksOf says which of the legal disks were tried.
func disksOf(c *cases.Crashes) string {
	if drawn := c.Drawn.Load(); drawn > 0 {
		return fmt.Sprintf("each disk that this may leave, but where they are more than %d, for which %d of %d disks were drawn", cases.FewDisks, drawn, c.Disks.Load())
	}
	return "each disk that this may leave"
}

// plus adds the statistics of one program to those of others. Schedules of different programs are different. Coverage that
// can be counted only within one program is left out.
func plus(a, b sched.Statistics) sched.Statistics {
	if a.Schedules == 0 {
		return b
	}
	a.Schedules += b.Schedules
	a.Steps += b.Steps
	a.Duration += b.Duration
	a.Distinct += b.Distinct
	a.Confirmed += b.Confirmed
	a.Within = b.Within
	a.Unknown += b.Unknown
	a.MaxSteps = max(a.MaxSteps, b.MaxSteps)
	a.Executions += b.Executions
	a.PartialOrders += b.PartialOrders
	a.Unseen, a.Pairs = 0, max(a.Pairs, b.Pairs)
	a.Points = mergeCounts(a.Points, b.Points)
	a.Crossings = mergeCrossings(a.Crossings, b.Crossings)
	a.Undeclared = slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.Undeclared, b.Undeclared))))
	return a
}

func mergeCounts(a, b []sched.PointCount) []sched.PointCount {
	all := slices.Clone(a)
	for _, p := range b {
		if i := slices.IndexFunc(all, func(q sched.PointCount) bool { return q.Point == p.Point }); i >= 0 {
			all[i].Count += p.Count
			all[i].Overtaken = max(all[i].Overtaken, p.Overtaken)
		} else {
			all = append(all, p)
		}
	}
	return all
}

func mergeCrossings(a, b []sched.Crossing) []sched.Crossing {
	all := slices.Clone(a)
	for _, p := range b {
		if i := slices.IndexFunc(all, func(q sched.Crossing) bool { return q.Window == p.Window && q.By == p.By }); i >= 0 {
			all[i].Count += p.Count
		} else {
			all = append(all, p)
		}
	}
	return all
}

// Fingerprint tells findings apart: it is equal for equal cases of the same class.
func (f Finding) Fingerprint() string {
	sum := sha256.Sum256([]byte(f.Class + "\n" + f.Case))
	return hex.EncodeToString(sum[:4])
}
