package properties

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/prop"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A Search checks the property that no case breaks a promise. Until it finds something, it executes each case once. Then it
// judges gopter's shrunk candidates: a candidate counts if it breaks the same promise. Once a case has broken it in every
// execution, only candidates count that also break it in every execution.
type Search struct {
	// Name of the property, for reports.
	Name string
	// Again is the command for another search, for reports.
	Again string
	// Seed is gopter's seed.
	Seed int64
	// Cases is how many cases are executed if nothing is found.
	Cases int
	// Shape bounds the cases.
	Shape Shape
	// Also judges an execution that broke no promise: it may add a violation to the outcome.
	Also func(c cases.Case, o *cases.Outcome)
	// Sure skips cases that break a promise only by luck of the Go scheduler.
	Sure bool
	// Progress is called every few seconds with the progress of the search; nil for no calls.
	Progress func(line string)

	// Executed, Unmet and Lucky count the cases until something was found: those executed, those replaced because they could
	// not be executed as written, and those that Sure skipped.
	Executed, Unmet, Lucky int
	// First and Shrunk are the case as drawn and as shrunk; they are set if Run has found something.
	First, Shrunk cases.Case
	Found         cases.Outcome
	// Steps counts the steps from First to Shrunk, Tries the candidates tried.
	Steps, Tries int

	draw      gopter.Gen                          // nil for Cases of Shape
	over      func(harness.Engine) harness.Engine // plants a defect over the engine; nil for none
	hang      time.Duration                       // 0 means the runner's default
	hung      bool                                // the case found does not end, so each candidate would take as long
	pace      time.Duration                       // how long executions take at the moment
	spent     int                                 // on shrinking, in executed operations
	solid     bool                                // Shrunk broke the promise in every execution
	doubts    int
	pinned    map[string]bool
	late      []cases.Case  // candidates refused because time ran out
	unhurried bool          // whether the late candidates are being judged
	leisure   time.Duration // how long a "while" that may never come true is waited for; 0 means the default of patience
	told      time.Time
}

const (
	// leastPatience is the least time for a "while" of a drawn case, or of a candidate. On a slow machine it is longer.
	leastPatience = 60 * time.Millisecond
	// knownPatience is the time for a case that has come true before, and for candidates in their last try.
	knownPatience = time.Second
	// replayPatience is the time for the shrunk case.
	replayPatience = 5 * time.Second
	// mostDraws bounds how many cases are drawn for each case to execute, because cases that cannot come true are replaced.
	mostDraws = 4
	// mostSpent bounds shrinking. It counts executed operations, not time, so that a slow machine shrinks as far as a fast
	// one. Each operation of the first case adds mostSpentForEach. A case that breaks its promise only by luck stays as it
	// then is.
	mostSpent        = 30_000
	mostSpentForEach = 300
	// waitingCosts is what each millisecond of waiting counts, in operations.
	waitingCosts = 5
	// triesToShow is how often a candidate is executed at most until it breaks the promise.
	triesToShow = 12
	// triesToTrust is how often in a row it must break it, to count as a case that breaks it in every execution.
	triesToTrust = 8
	// triesToBelieve is the same for the case left at the end; mostDoubts bounds how often that case may be doubted.
	triesToBelieve = 40
	mostDoubts     = 3
	// progressEvery is the interval between calls of Progress.
	progressEvery = 5 * time.Second
)

// Run draws cases until one breaks a promise, and shrinks that case. It returns whether there was one; an error means that
// the search itself failed.
func (s *Search) Run() (found bool, err error) {
	p := gopter.DefaultTestParametersWithSeed(s.Seed)
	p.MaxShrinkCount = 10_000
	if s.draw == nil {
		s.draw = Cases(s.Shape)
	}
	property := prop.ForAll(s.judge, s.cases(s.draw))
	s.told = time.Now()
	for s.Executed < s.Cases {
		if s.Drawn() >= mostDraws*s.Cases {
			return false, fmt.Errorf("%s: of %d cases only %d could be executed as they are written", s.Name, s.Drawn(), s.Executed)
		}
		p.MinSuccessfulTests = min(s.Cases-s.Executed, mostDraws*s.Cases-s.Drawn())
		switch r := property.Check(p); r.Status {
		case gopter.TestPassed: // unmet cases count as passed, because gopter would shrink an undecided one
		case gopter.TestFailed:
			return true, nil
		default:
			return false, fmt.Errorf("%s: %w\n%s", s.Name, r.Error, r.ErrorStack)
		}
	}
	return false, nil
}

// Drawn returns how many cases were drawn.
func (s *Search) Drawn() int { return s.Executed + s.Unmet }

// judge is the condition of the property until something is found.
func (s *Search) judge(c cases.Case) (*gopter.PropResult, error) {
	if s.Found.Violation != nil {
		return s.judgeSmaller(c), nil
	}
	s.tell("%d of %d cases executed, nothing found", s.Executed, s.Cases)
	o, err := s.execute(c, s.patience())
	switch {
	case errors.Is(err, cases.ErrUnmet):
		s.Unmet++
		return &gopter.PropResult{Status: gopter.PropTrue}, nil
	case err != nil:
		return nil, fmt.Errorf("%v: %w", c, err)
	}
	s.Executed++
	if o.Violation == nil {
		return &gopter.PropResult{Status: gopter.PropTrue}, nil
	}
	s.Found, s.First, s.Shrunk, s.spent = o, c, c, 0
	if s.solid = !s.hung && s.trusted(c); s.Sure && !s.solid {
		s.Lucky++
		s.Found = cases.Outcome{}
		return &gopter.PropResult{Status: gopter.PropTrue}, nil
	}
	return &gopter.PropResult{Status: gopter.PropFalse}, nil
}

// judgeSmaller is the condition while a case is shrunk.
func (s *Search) judgeSmaller(c cases.Case) *gopter.PropResult {
	if s.exhausted() {
		return &gopter.PropResult{Status: gopter.PropTrue}
	}
	s.tell("shrinking: %d steps, %d candidates tried, now %v", s.Steps, s.Tries, SizeOf(s.Shrunk))
	s.Tries++
	if !s.shows(c) {
		return &gopter.PropResult{Status: gopter.PropTrue}
	}
	s.Steps++
	s.Shrunk = c
	return &gopter.PropResult{Status: gopter.PropFalse}
}

// exhausted says whether shrinking must end.
func (s *Search) exhausted() bool {
	return s.spent > mostSpent+mostSpentForEach*SizeOf(s.First).Operations()
}

func (s *Search) tell(format string, arguments ...any) {
	if s.Progress != nil && time.Since(s.told) > progressEvery {
		s.told = time.Now()
		s.Progress(fmt.Sprintf(format, arguments...))
	}
}

// cases makes this search shrink the generated cases.
func (s *Search) cases(gen gopter.Gen) gopter.Gen {
	return func(p *gopter.GenParameters) *gopter.GenResult {
		r := gen(p)
		r.Shrinker = s.smaller
		return r
	}
}

// smaller is Shrinker with two additions. As long as the case breaks the promise only by luck, it first tries to pin down
// the order of events. At the end, it tries again the candidates that were refused only because time ran out.
func (s *Search) smaller(value any) gopter.Shrink {
	if s.hung {
		return gopter.NoShrink
	}
	s.late, s.unhurried = nil, false
	smaller := Shrinker(value)
	pins := s.pins(value.(cases.Case))
	return func() (any, bool) {
		if len(pins) > 0 && !s.solid {
			c := pins[0]
			pins = pins[1:]
			return c, true
		}
		if c, more := smaller(); more {
			return c, true
		}
		if s.doubtful(value.(cases.Case)) {
			smaller, pins = Shrinker(value), s.pins(value.(cases.Case))
			if len(pins) > 0 {
				c := pins[0]
				pins = pins[1:]
				return c, true
			}
		}
		if s.unhurried = len(s.late) > 0; !s.unhurried {
			return nil, false
		}
		c := s.late[0]
		s.late = s.late[1:]
		return c, true
	}
}

// doubtful examines a case from which nothing more can be left out. A case that breaks the promise in nearly every execution
// may have been trusted by luck; candidates that break it only sometimes, and would have led further, were then refused.
func (s *Search) doubtful(c cases.Case) bool {
	if !s.solid || s.doubts == mostDoubts || s.unhurried {
		return false
	}
	for range triesToBelieve {
		if breaks, err := s.breaks(c, knownPatience); !breaks && !errors.Is(err, cases.ErrPatience) {
			s.doubts++
			s.solid = false
			return true
		}
	}
	return false
}

// pins returns cases that are no smaller, and that therefore count only if they break the promise in every execution.
func (s *Search) pins(c cases.Case) (pins []cases.Case) {
	s.pinned = map[string]bool{}
	if s.solid {
		return nil
	}
	for pin := range shrink.Pinned(c.General()) {
		if text := pin.String(); !s.pinned[text] && len(pins) < 200 {
			s.pinned[text] = true
			pins = append(pins, cases.Of(pin))
		}
	}
	return pins
}

// shows says whether a candidate breaks the promise as reliably as the case from which it was made.
func (s *Search) shows(c cases.Case) bool {
	if s.solid {
		return s.trusted(c)
	}
	if s.pinned[c.String()] {
		s.solid = s.trusted(c)
		return s.solid
	}
	for range triesToShow {
		breaks, err := s.breaks(c, s.patience())
		if breaks {
			s.solid = s.trusted(c)
			return true
		}
		if err != nil {
			s.postpone(c, err)
			return false // it would wait in vain each time
		}
	}
	return false
}

// trusted says whether a case breaks the promise in every execution. After the first time, it gets more time.
func (s *Search) trusted(c cases.Case) bool {
	patience := s.patience()
	for range triesToTrust {
		if breaks, err := s.breaks(c, patience); !breaks {
			s.postpone(c, err)
			return false
		}
		patience = max(patience, knownPatience)
	}
	return true
}

// postpone keeps a candidate for which time ran out.
func (s *Search) postpone(c cases.Case, err error) {
	if errors.Is(err, cases.ErrPatience) && !s.unhurried && len(s.late) < 20 {
		s.late = append(s.late, c)
	}
}

// breaks executes a case once, and says whether it broke the same promise.
func (s *Search) breaks(c cases.Case, patience time.Duration) (breaks bool, err error) {
	o, err := s.execute(c, patience)
	if err != nil || o.Violation == nil || o.Violation.Promise.Name != s.Found.Violation.Promise.Name {
		return false, err
	}
	s.Found = o
	return true, nil
}

// patience returns how long to wait for a case that may never come true: a multiple of what executions take at the moment.
func (s *Search) patience() time.Duration {
	if s.leisure > 0 {
		return s.leisure
	}
	if s.unhurried {
		return knownPatience
	}
	return min(max(leastPatience, 4*s.pace), knownPatience)
}

// execute executes a case once. An engine that fails, or an execution that does not end, also breaks a promise.
func (s *Search) execute(c cases.Case, patience time.Duration) (cases.Outcome, error) {
	began := time.Now()
	o, err := cases.Runner{Over: s.over, Patience: patience, Hang: s.hang, Events: true, Reads: s.Also != nil}.Run(context.Background(), c)
	s.spent += 1 + SizeOf(c).Operations()
	switch {
	case errors.Is(err, cases.ErrPatience):
		s.spent += waitingCosts * int(patience.Milliseconds())
		return o, err
	case errors.Is(err, cases.ErrUnmet), errors.Is(err, cases.ErrCase), errors.Is(err, failpoints.ErrNotInstrumented):
		return o, err
	case err != nil:
		s.hung = errors.Is(err, cases.ErrHang)
		o.Violation = &check.Violation{Promise: check.Progress, Detail: err.Error()}
	case o.Violation == nil && s.Also != nil:
		s.Also(c, &o)
	}
	s.pace = max(time.Since(began), s.pace*9/10)
	return o, nil
}
