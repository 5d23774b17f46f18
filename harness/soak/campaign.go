package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/racewindow/racewindow/harness/sched"
)

// A Config says what a campaign runs. Zero fields mean the documented defaults.
type Config struct {
	// Out is the campaign's folder. It is required.
	Out string
	// Of says in a few words what is tested. A folder whose campaign tests something else is refused; "" fits all folders.
	Of string
	// For is how long the campaign runs, in all processes together; default 10 minutes. RoundFor is about how long one round
	// takes; default a fortieth of For, but at least one and at most ten seconds.
	For, RoundFor time.Duration
	// Seed is the campaign's seed; 0 for the journal's, or for a new one if there is no journal.
	Seed  uint64
	Shard Shard
	// Kinds are the kinds of rounds. NotRun is what was asked for but cannot be done here.
	Kinds  []Kind
	NotRun []NotRun
	// Checks run before the first round. One that fails ends the campaign.
	Checks []Preparation
	// Minimums are what must be done before the campaign can pass.
	Minimums Minimums
	// Subjects are what this process knows of what is tested.
	Subjects Subjects
	// Rounds, if it is set, ends the campaign after that many rounds of a leg; For is then a last resort. Counts, by
	// kind, ends a round after that much of what the kind counts; RoundFor is then a last resort, default 5 minutes.
	Rounds uint64
	Counts map[string]uint64
	// Say, if set, is called with one line for each thing that happens.
	Say func(string)
	// Now, Measure and Wait are for tests. Their defaults are the wall clock, a sample of this process, and waiting until the
	// time is over or ctx ends.
	Now     func() time.Time
	Measure func() Sample
	Wait    func(ctx context.Context, d time.Duration)
}

func (c Config) withDefaults() Config {
	if c.For == 0 {
		c.For = 10 * time.Minute
	}
	if c.RoundFor == 0 && len(c.Counts) > 0 {
		c.RoundFor = 5 * time.Minute
	} else if c.RoundFor == 0 {
		c.RoundFor = min(max(c.For/40, time.Second), 10*time.Second)
	}
	if c.Shard.Count == 0 {
		c.Shard.Count = 1
	}
	say := c.Say
	c.Say = func(text string) { // text may quote findings, which must not reach a terminal as they are
		if say != nil {
			say(OneLine(text))
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Measure == nil {
		c.Measure = measure
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	return c
}

// ErrConfig is wrapped by errors of settings that contradict each other or the campaign.
var ErrConfig = errors.New("invalid soak settings")

func (c Config) check() error {
	switch {
	case c.Out == "":
		return fmt.Errorf("%w: no folder", ErrConfig)
	case len(c.Kinds) == 0:
		return fmt.Errorf("%w: no kind of rounds", ErrConfig)
	case c.For < 0 || c.RoundFor < 0:
		return fmt.Errorf("%w: %v in rounds of %v: must be positive", ErrConfig, c.For, c.RoundFor)
	}
	seen := map[string]bool{}
	for _, one := range choices(c.Kinds) {
		if seen[one.arm()] {
			return fmt.Errorf("%w: %s twice", ErrConfig, one.arm())
		}
		seen[one.arm()] = true
	}
	return nil
}

// A Soak is a campaign at which this process works. Live and Finding may be called by any goroutine.
type Soak struct {
	config  Config
	journal *journal

	mu       sync.Mutex
	state    *State
	began    time.Time // of this process
	current  RoundSpec
	since    time.Time // of the current round
	progress Counts
	ended    bool
	checking string    // the check that runs now, "" during rounds
	checks   time.Time // when the checks began

	failing map[string]int // by arm: how many rounds in a row failed before their time was over
}

// Open continues the campaign in c.Out, or begins one. Errors wrap ErrConfig, ErrLocked or ErrJournal, or are the disk's.
func Open(c Config) (*Soak, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Soak{config: c, state: NewState(), began: c.Now(), failing: map[string]int{}}
	j, err := openJournal(c.Out, s.state.Fold)
	if err != nil {
		return nil, err
	}
	s.journal = j
	if err := errors.Join(s.settle(), clearScratch(c.Out)); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return s, nil
}

// settle begins a campaign, or refuses settings that do not fit the one in the folder.
func (s *Soak) settle() error {
	c := &s.config
	if s.journal.Cut > 0 {
		c.Say(fmt.Sprintf("the journal's last line was torn: %d bytes cut", s.journal.Cut))
	}
	if s.state.Version == 0 {
		if c.Seed == 0 {
			c.Seed = 1 + rand.Uint64N(1<<53-1) // no reader of JSON rounds a number below 2^53
		}
		return s.append(Entry{Type: entryCampaign, Campaign: &Campaign{Version: journalVersion, Of: c.Of, Seed: c.Seed, Shard: c.Shard}})
	}
	known := s.state.Campaign
	switch {
	case c.Of != "" && known.Of != "" && c.Of != known.Of:
		return fmt.Errorf("%w: the campaign in %s tests %s, and this one tests %s: choose another folder", ErrConfig, c.Out, known.Of, c.Of)
	case c.Seed != 0 && c.Seed != known.Seed:
		return fmt.Errorf("%w: the campaign in %s has the seed %d, not %d: leave --seed out, or choose another folder", ErrConfig, c.Out, known.Seed, c.Seed)
	case c.Shard != known.Shard:
		return fmt.Errorf("%w: the campaign in %s is shard %v, not %v: choose another folder", ErrConfig, c.Out, known.Shard, c.Shard)
	}
	c.Seed = known.Seed
	c.Say(fmt.Sprintf("going on after %d rounds in %v", s.state.Rounds, s.state.Elapsed.Round(time.Second)))
	return nil
}

// append writes an entry to the journal and then folds it into the state, so the views show only what is on the disk.
func (s *Soak) append(e Entry) error {
	e.Time = s.config.Now().UTC()
	if err := s.journal.append(e); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.state.Fold(e); err != nil {
		return err
	}
	if s.journal.full() && e.Type == entryRound {
		return s.journal.replace(Entry{Type: entryState, Time: e.Time, State: s.state})
	}
	return nil
}

// Close releases the campaign's folder.
func (s *Soak) Close() error { return s.journal.close() }

// Errors that end a campaign.
var (
	// ErrChecks is wrapped if a check failed: the harness misses what it must find.
	ErrChecks = errors.New("the harness misses what it must find")
	// ErrTooLittle is wrapped by a campaign that did less than its minimums.
	ErrTooLittle = errors.New("the campaign did too little")
)

// interrupted begins the reason of a round or a campaign that was ended from outside.
const interrupted = "interrupted"

// Run works until the time is over, or ctx ends. The summary says what was done. An error says that the campaign did not pass
// for a reason other than its findings.
func (s *Soak) Run(ctx context.Context) (*Summary, error) {
	former := 0 // the number of the previous start if it did not end in order: the system may have ended it because it leaked
	if s.state.Ended == "" {
		former = s.state.Starts
	}
	if err := s.append(Entry{Type: entryStart, For: s.config.For, NotRun: s.config.NotRun, Points: s.config.Subjects.Points}); err != nil {
		return nil, err
	}
	// The old summary knows nothing of this start.
	err := errors.Join(s.Summary().Write(s.config.Out), s.judgeLeaks(former))
	if err == nil {
		before := sched.OnHang(s.hung)
		err = s.work(ctx)
		sched.OnHang(before)
	}
	err = s.end(ctx, err)
	summary := s.Summary()
	if err == nil && len(summary.Missed) > 0 {
		err = fmt.Errorf("%w: %s", ErrTooLittle, summary.Missed[0])
	}
	if failed := summary.Write(s.config.Out); failed != nil {
		summary.miss(failed.Error())
		summary.judge(true)
		_ = summary.Write(s.config.Out) // the formats that can be written must not say that it passed
		err = errors.Join(err, failed)
	}
	return summary, err
}

// work runs the checks, and then rounds: at least one, if there was time left when it began.
func (s *Soak) work(ctx context.Context) error {
	due := s.left() > 0
	if err := s.check(ctx); err != nil {
		return err
	}
	written := s.config.Now()
	for ; ctx.Err() == nil && !s.done() && (due || s.left() > 0); due = false {
		if err := s.round(ctx); err != nil {
			return err
		}
		if now := s.config.Now(); now.Sub(written) >= time.Minute {
			written = now
			if err := errors.Join(s.judgeLeaks(s.state.Starts), s.Summary().Write(s.config.Out)); err != nil {
				return err
			}
		}
	}
	return nil
}

// end journals how the process ends, by an error or in order, and returns all errors.
func (s *Soak) end(ctx context.Context, err error) error {
	if failed := s.judgeLeaks(s.state.Starts); err == nil {
		err = failed
	}
	e := Entry{Type: entryEnd, Ended: "the time is over", Complete: true}
	if s.done() {
		e.Ended = "the rounds are done"
	}
	switch {
	case err != nil:
		e.Ended, e.Complete = err.Error(), false
	case ctx.Err() != nil:
		e.Ended, e.Complete = interrupted, false
	}
	failed := s.append(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if failed == nil {
		return err
	}
	s.state.Ended = failed.Error() // the summary says so, although the journal cannot
	if errors.Is(err, failed) {
		return err
	}
	return errors.Join(err, failed)
}

// done reports whether as many rounds are done as were asked for.
func (s *Soak) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.Rounds > 0 && s.state.LegDone.Rounds >= s.config.Rounds
}

// left is how much of the campaign's time is left, according to the journal.
func (s *Soak) left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.For - s.state.Leg
}

// deadlyRounds is how often the process may die in the same round before that round is left out.
const deadlyRounds = 2

// round executes the next round.
func (s *Soak) round(ctx context.Context) error {
	number := s.config.Shard.number(s.state.Rounds)
	c := s.state.next(choices(s.config.Kinds))
	spec := RoundSpec{Kind: c.kind.Name(), Variant: c.variant, Number: number, Seed: SeedOf(s.config.Seed, number), Count: s.config.Counts[c.kind.Name()]}
	spec.For = min(s.config.RoundFor, max(s.left(), 100*time.Millisecond))
	if s.state.Deaths >= deadlyRounds {
		return s.leaveOut(spec)
	}
	if err := s.append(Entry{Type: entryBegin, Spec: spec.String()}); err != nil {
		return err
	}
	began := s.config.Now()
	s.mu.Lock()
	s.current, s.since, s.progress = spec, began, nil
	s.mu.Unlock()
	spec.Progress = s.hear
	bounded, cancel := context.WithTimeout(ctx, spec.limit())
	result, err := c.kind.Run(bounded, spec)
	cancel()
	if err != nil && result.Inconclusive == "" {
		result.Inconclusive = err.Error()
	}
	switch {
	case ctx.Err() != nil && result.Inconclusive == "":
		result.Inconclusive = interrupted
	case ctx.Err() != nil:
		result.Inconclusive = interrupted + ": " + result.Inconclusive
	}
	s.rest(ctx, spec, result.Inconclusive != "", s.config.Now().Sub(began))
	return s.conclude(spec, result, s.config.Now().Sub(began))
}

// firstRest is the wait after the first round of an arm that failed early. It doubles with each further one.
const firstRest = 100 * time.Millisecond

// rest waits before the next round if this one failed before its time was over. Without that, a broken kind would do nothing
// but fill the journal. The wait doubles each time, up to the end of the round's time, and counts as part of that time: so the
// campaign's time passes, and the other kinds get their share.
func (s *Soak) rest(ctx context.Context, spec RoundSpec, failed bool, took time.Duration) {
	arm, left := spec.arm(), spec.For-took
	if !failed || left <= 0 {
		delete(s.failing, arm)
		return
	}
	s.config.Wait(ctx, min(left, firstRest<<min(s.failing[arm], 10)))
	s.failing[arm]++
}

func wait(ctx context.Context, d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

// hear records the progress of the current round, for the views.
func (s *Soak) hear(done Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = done.copyOf()
}

// leaveOut skips a round in which the process died again and again, and makes a finding of it.
func (s *Soak) leaveOut(spec RoundSpec) error {
	const detail = "the process ended within this round, twice"
	r := RoundResult{Inconclusive: detail, Found: []Found{{Class: "process death", Detail: detail, Shape: spec.arm(), Count: uint64(s.state.Deaths)}}}
	return s.conclude(spec, r, 0)
}

// conclude journals the result of a round.
func (s *Soak) conclude(spec RoundSpec, r RoundResult, took time.Duration) error {
	found, err := s.keepAll(r.Found, spec)
	if err != nil {
		return err
	}
	record := &RoundRecord{
		Took: took, Counts: r.Counts, Engine: r.Engine, Handover: r.Handover, Points: r.Points, Faults: r.Faults,
		New: s.state.novel(r.Behaviour), Unnamed: r.Unnamed, NotRun: r.NotRun, Inconclusive: Clip(r.Inconclusive, 500),
	}
	if record.Engine == "" {
		record.Engine = defaultEngine
	}
	sample := s.sample(record, r.Peak)
	return s.append(Entry{Type: entryRound, Spec: spec.String(), Round: record, Findings: found, Sample: &sample})
}

func (s *Soak) sample(r *RoundRecord, peak uint64) Sample {
	n := s.config.Measure()
	n.Round, n.Start, n.Elapsed, n.Child = s.state.Rounds+1, s.state.Starts, s.state.Elapsed+r.Took, peak
	n.Schedules, n.Operations = rate(r.Counts[CountSchedules], r.Took), rate(r.Counts[CountOperations], r.Took)
	n.Disk = diskOf(s.config.Out)
	n.Points, n.Pairs, n.Behaviour = s.state.Points.passed(), s.state.Pairs(), len(s.state.Behaviour)+len(r.New)
	return n
}

// passed is how many names have a count above zero.
func (c Counts) passed() (n int) {
	for _, times := range c {
		if times > 0 {
			n++
		}
	}
	return n
}

// keepAll writes the files of findings that are new or smaller, and returns all of them for the journal.
func (s *Soak) keepAll(all []Found, spec RoundSpec) (kept []Finding, err error) {
	for _, f := range all {
		n := s.config.Subjects.describe(f, spec, s.config.Now().UTC())
		known := s.state.sighting(&n, kept)
		if known == nil || n.smaller(known) {
			if n.Files, err = s.config.Subjects.write(&n, s.config.Out, f); err != nil {
				return nil, err
			}
		}
		if known == nil {
			s.config.Say(fmt.Sprintf("FOUND %s %s: %s", n.Fingerprint, n.Class, Clip(n.Detail, 200)))
		}
		if slices.ContainsFunc(kept, func(k Finding) bool { return k.Fingerprint == n.Fingerprint }) {
			n.Rounds = 0 // another finding of this round has counted the round already
		}
		kept = append(kept, n)
	}
	return kept, nil
}

// Clip cuts a text to at most that many bytes, at the end of a letter, and adds "…" if it cut anything.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most] + "…"
}
