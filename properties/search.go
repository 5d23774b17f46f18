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
)

// A Search is a property over cases, that no promise is broken, and what became of it. While nothing is found it executes
// each case once. From then on it judges gopter's shrunk candidates: the same promise must be broken, and once a case has
// shown that each time, only candidates that show it each time count.
type Search struct {
	// Name of the property, for reports.
	Name string
	// Again is the command that searches once more, for reports.
	Again string
	// Seed is gopter's.
	Seed int64
	// Cases is how many are executed, if nothing is found.
	Cases int
	// Shape of the cases.
	Shape Shape
	// Also judges an execution in which no promise was broken: it may put a violation into the outcome.
	Also func(c cases.Case, o *cases.Outcome)
	// Sure passes over cases that break a promise only by luck: the Go scheduler had its say.
	Sure bool
	// Progress hears every few seconds how far the search has come; nil for nobody.
	Progress func(line string)

	// Executed, Unmet and Lucky count the cases until something was found: all that were executed, those that could not be
	// executed as they were written and were replaced, and those that were passed over.
	Executed, Unmet, Lucky int
	// First and Shrunk are the case as it was drawn, and as it was left; set if Found.
	First, Shrunk cases.Case
	Found         cases.Outcome
	// Steps led from First to Shrunk, out of Tries candidates.
	Steps, Tries int

	draw      gopter.Gen    // nil for Cases of Shape
	hang      time.Duration // 0 for the runner's own
	hung      bool          // what was found does not end: a candidate would take as long
	pace      time.Duration // what executions take at the moment
	spent     int           // on shrinking, in operations
	solid     bool          // Shrunk has shown it each time
	doubts    int
	pinned    map[string]bool
	late      []cases.Case  // candidates that were refused because time ran out
	unhurried bool          // they are judged now
	leisure   time.Duration // what a "while" gets where it may not come true at all; 0 for patience's own
	told      time.Time
}

const (
	// leastPatience bounds a "while" of a drawn case, or of a candidate. On a slow machine it is more.
	leastPatience = 60 * time.Millisecond
	// knownPatience is for what has shown that it can come true, or is the last to be tried.
	knownPatience = time.Second
	// replayPatience is that of the shrunk case.
	replayPatience = 5 * time.Second
	// mostDraws, for each case that is to be executed, bounds the replacement of cases that cannot come true.
	mostDraws = 4
	// mostSpent bounds shrinking, in operations executed and not in time, so that a slow machine shrinks as far as a fast
	// one; each operation of the first case adds more. What shows its violation by luck alone is then left as it is.
	mostSpent        = 30_000
	mostSpentForEach = 300
	// waitingCosts as many operations for each millisecond.
	waitingCosts = 5
	// triesToShow is how often a candidate may be executed until it shows the promise broken.
	triesToShow = 12
	// triesToTrust is how often in a row it must show that to count as one that shows it each time.
	triesToTrust = 8
	// triesToBelieve is the same for the case that is left at the end, and mostDoubts how often that may send it back.
	triesToBelieve = 40
	mostDoubts     = 3
	// progressEvery is how often Progress hears.
	progressEvery = 5 * time.Second
)

// Run draws cases until one breaks a promise, and shrinks that. It says whether there was one; an error means that the
// search itself failed.
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
		case gopter.TestPassed: // those that were unmet count as passed with gopter, which would shrink what is undecided
		case gopter.TestFailed:
			return true, nil
		default:
			return false, fmt.Errorf("%s: %w\n%s", s.Name, r.Error, r.ErrorStack)
		}
	}
	return false, nil
}

// Drawn is how many cases were drawn.
func (s *Search) Drawn() int { return s.Executed + s.Unmet }

// judge is the condition of the property.
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

// exhausted says that shrinking must end.
func (s *Search) exhausted() bool {
	return s.spent > mostSpent+mostSpentForEach*SizeOf(s.First).Operations()
}

func (s *Search) tell(format string, arguments ...any) {
	if s.Progress != nil && time.Since(s.told) > progressEvery {
		s.told = time.Now()
		s.Progress(fmt.Sprintf(format, arguments...))
	}
}

// cases has the generated cases shrunk by this search.
func (s *Search) cases(gen gopter.Gen) gopter.Gen {
	return func(p *gopter.GenParameters) *gopter.GenResult {
		r := gen(p)
		r.Shrinker = s.smaller
		return r
	}
}

// smaller is Shrinker. As long as the case shows the promise broken only by luck, it tries first to pin the order down.
// Candidates against which nothing but time spoke come once more, last.
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

// doubtful looks closer at a case of which nothing more can be left out: one that shows it nearly each time may have been
// trusted by luck, and refused what a case that shows it at times would have led to.
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

// pins lists cases that are no smaller, and must therefore show it each time.
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

// shows says whether a candidate breaks the promise, as reliably as the case from which it was made.
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

// trusted says whether a case breaks the promise each time. When it has done so once, it is given more time.
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

// breaks executes a case once and says whether the same promise was broken.
func (s *Search) breaks(c cases.Case, patience time.Duration) (breaks bool, err error) {
	o, err := s.execute(c, patience)
	if err != nil || o.Violation == nil || o.Violation.Promise.Name != s.Found.Violation.Promise.Name {
		return false, err
	}
	s.Found = o
	return true, nil
}

// patience is what a case gets that may not come true at all: some times what executions take at the moment.
func (s *Search) patience() time.Duration {
	if s.leisure > 0 {
		return s.leisure
	}
	if s.unhurried {
		return knownPatience
	}
	return min(max(leastPatience, 4*s.pace), knownPatience)
}

// execute executes a case once. An engine that fails, or does not come to an end, breaks a promise too.
func (s *Search) execute(c cases.Case, patience time.Duration) (cases.Outcome, error) {
	began := time.Now()
	o, err := cases.Runner{Patience: patience, Hang: s.hang, Events: true, Reads: s.Also != nil}.Run(context.Background(), c)
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
