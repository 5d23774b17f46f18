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

// A Config says what to run. Zero fields mean the documented defaults.
type Config struct {
	// Out is the campaign's folder, needed.
	Out string
	// Of says what is tested, in a few words: a folder is refused whose campaign is of something else. "" fits all.
	Of string
	// For is how long the campaign takes, all processes that work on it together; default 10 minutes. RoundFor is about how
	// long one round takes; default a fortieth of For, from a second to ten.
	For, RoundFor time.Duration
	// Seed of the campaign; 0 for that of the journal, or else a new one.
	Seed  uint64
	Shard Shard
	// Kinds are what rounds can be made of, NotRun what was asked for and cannot be done here.
	Kinds  []Kind
	NotRun []NotRun
	// Checks come first. What fails ends the campaign.
	Checks []Preparation
	// Minimums below which nothing was shown.
	Minimums Minimums
	// Subjects are what is tested, as far as this process knows it.
	Subjects Subjects
	// Rounds ends the campaign after so many of a leg; For is a last resort then. Counts, by kind, end a round after so much of what
	// the kind counts; then RoundFor is a last resort, default 5 minutes.
	Rounds uint64
	Counts map[string]uint64
	// Say, if set, is told what happens, a line each.
	Say func(string)
	// Now, Measure and Wait are for tests; default the wall clock, this process, and to wait until the time is over or ctx ends.
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
	c.Say = func(text string) { // it has what rounds have found in it, and goes to a terminal
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

// ErrConfig is wrapped by what is said of settings that contradict themselves or the campaign.
var ErrConfig = errors.New("invalid soak settings")

func (c Config) check() error {
	switch {
	case c.Out == "":
		return fmt.Errorf("%w: no folder", ErrConfig)
	case len(c.Kinds) == 0:
		return fmt.Errorf("%w: nothing to do rounds of", ErrConfig)
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
	checking string    // what is to be seen first and is looked for now, "" in the rounds
	checks   time.Time // when that began

	failing map[string]int // by arm: how many of its rounds have failed at once, one after the other
}

// Open takes the campaign in c.Out over, or begins one. Errors wrap ErrConfig, ErrLocked or ErrJournal, or are the disk's.
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

// settle begins a campaign, or sees that this process was asked for the same one.
func (s *Soak) settle() error {
	c := &s.config
	if s.journal.Cut > 0 {
		c.Say(fmt.Sprintf("the journal's last line was torn: %d bytes cut", s.journal.Cut))
	}
	if s.state.Version == 0 {
		if c.Seed == 0 {
			c.Seed = 1 + rand.Uint64N(1<<53-1) // a number that every JSON reader keeps
		}
		return s.append(Entry{Type: entryCampaign, Campaign: &Campaign{Version: journalVersion, Of: c.Of, Seed: c.Seed, Shard: c.Shard}})
	}
	known := s.state.Campaign
	switch {
	case c.Of != "" && known.Of != "" && c.Of != known.Of:
		return fmt.Errorf("%w: the campaign in %s is of %s, and this one of %s: choose another folder", ErrConfig, c.Out, known.Of, c.Of)
	case c.Seed != 0 && c.Seed != known.Seed:
		return fmt.Errorf("%w: the campaign in %s has the seed %d, not %d: leave --seed out, or choose another folder", ErrConfig, c.Out, known.Seed, c.Seed)
	case c.Shard != known.Shard:
		return fmt.Errorf("%w: the campaign in %s is shard %v, not %v: choose another folder", ErrConfig, c.Out, known.Shard, c.Shard)
	}
	c.Seed = known.Seed
	c.Say(fmt.Sprintf("goes on: %d rounds in %v until now", s.state.Rounds, s.state.Elapsed.Round(time.Second)))
	return nil
}

// append journals an entry and takes it over, in this order: what the views show is on the disk.
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

// Close gives the campaign's folder free.
func (s *Soak) Close() error { return s.journal.close() }

// Errors that end a campaign.
var (
	// ErrChecks is wrapped when the harness does not see what it must see.
	ErrChecks = errors.New("the harness does not see what it must see")
	// ErrTooLittle is wrapped by a campaign that did less than its minimums.
	ErrTooLittle = errors.New("the campaign did too little")
)

// interrupted begins what is said of a round or a campaign that somebody ended.
const interrupted = "interrupted"

// Run works until the time is over, or ctx ends. The summary says what was done; an error, that it is no pass for another
// reason than what was found.
func (s *Soak) Run(ctx context.Context) (*Summary, error) {
	former := 0 // the start before, if it did not end in order: maybe the system ended it for its memory
	if s.state.Ended == "" {
		former = s.state.Starts
	}
	if err := s.append(Entry{Type: entryStart, For: s.config.For, NotRun: s.config.NotRun, Points: s.config.Subjects.Points}); err != nil {
		return nil, err
	}
	// A former summary says nothing of this start.
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
		_ = summary.Write(s.config.Out) // what can be written must not say that it passed
		err = errors.Join(err, failed)
	}
	return summary, err
}

// work does what is to be seen first, and then rounds: at least one, if there was time left when it began.
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

// end writes down how the process ends, by an error or in order, and returns all errors.
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
	s.state.Ended = failed.Error() // the summary says it, though the journal cannot
	if errors.Is(err, failed) {
		return err
	}
	return errors.Join(err, failed)
}

// done says that the rounds are that were asked for.
func (s *Soak) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.Rounds > 0 && s.state.LegDone.Rounds >= s.config.Rounds
}

// left is how much of the campaign's time is left, by what the journal says.
func (s *Soak) left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config.For - s.state.Leg
}

// deadlyRounds is how often the process may end within one round before the round is left out.
const deadlyRounds = 2

// round does the next round.
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

// firstRest is how long a round that failed at once is waited for.
const firstRest = 100 * time.Millisecond

// rest holds the next round back where this one failed before its time was over: a kind that is broken would do nothing but fill
// the journal. It waits longer each time, at most until the round's time is over, of which the wait is part: so the campaign's
// time passes, and the other kinds get their share.
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

// hear takes note of what the current round has done.
func (s *Soak) hear(done Counts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = done.copyOf()
}

// leaveOut counts a round in which the process ended again and again, and makes a finding of it.
func (s *Soak) leaveOut(spec RoundSpec) error {
	const detail = "the process ended within this round, twice"
	r := RoundResult{Inconclusive: detail, Found: []Found{{Class: "process death", Detail: detail, Shape: spec.arm(), Count: uint64(s.state.Deaths)}}}
	return s.conclude(spec, r, 0)
}

// conclude writes down what a round came to.
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

// passed counts what was passed at all.
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
			n.Rounds = 0 // it is the same round
		}
		kept = append(kept, n)
	}
	return kept, nil
}

// Clip cuts a text that is longer than so many bytes.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && text[most]&0xc0 == 0x80 {
		most--
	}
	return text[:most] + "…"
}
