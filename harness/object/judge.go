package object

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// A promise is what a subject owes its clients.
type promise struct{ name, sentence string }

var (
	linearizability = promise{"Linearizability", "each operation takes effect at one moment between its call and its return"}
	consistency     = promise{"Consistency", "some order of the operations explains their results"}
	noPanic         = promise{"NoPanic", "an operation that returns when it is executed alone does not panic beside others"}
	progress        = promise{"Progress", "an operation that can return does"}
	durability      = promise{"Durability", "what was durable is there after a crash"}
	firstOpening    = promise{"FirstOpening", "a new object can be opened again if power is lost before anything is done with it, and holds nothing"}
	lastsTwice      = promise{"SecondLife", "what is durable after a crash is there after the next one"}
	damage          = promise{"Damage", "what the disk has lost or misplaced is missing or refused, and never given as something else"}
	restart         = promise{"Restart", "what was closed in order is opened as it was"}
	recovery        = promise{"RecoveryIdempotence", "recovering once more, after a crash during recovery too, gives the same"}
	history         = promise{"History", "the judge of the history holds"}
	closes          = promise{"Close", "an object that nobody uses can be closed"}
	goesOn          = promise{"GoesOn", "operations succeed again when a fault is over"}
)

// A Violation is a promise that was broken.
type Violation struct {
	promise
	detail string
	stack  string
}

// Error says what happened instead.
func (v *Violation) Error() string { return v.detail }

// Class tells violations apart: the name of the promise.
func (v *Violation) Class() string { return v.name }

// Broken implements report.Broken.
func (v *Violation) Broken() (promise, sentence, detail string) { return v.name, v.sentence, v.detail }

// owedAfter is the promise about what an object holds after a loss of power with this history. Where nothing was done, nothing is durable.
func (p *plan) owedAfter(h spec.History) promise {
	if len(p.earlier) == 0 && !slices.ContainsFunc(h, func(e spec.Entry) bool { return e.Outcome != spec.NotInvoked }) {
		return firstOpening
	}
	return durability
}

// InAnyProgram says that the violation needs no operation: every program shows it.
func (v *Violation) InAnyProgram() bool { return v.promise == firstOpening }

// Stack is the stack of a panic, "" for none.
func (v *Violation) Stack() string { return v.stack }

// broken says what happened instead. A path of Env.Dir is told as DIR: it is another one each time, and so long that it hides the rest.
func (p promise) broken(format string, args ...any) *Violation {
	return &Violation{promise: p, detail: recorded.Placeless(fmt.Sprintf(format, args...))}
}

// owed returns the promise about the order of operations.
func (o *Object) owed() promise {
	if o.Order == spec.RealTime {
		return linearizability
	}
	return consistency
}

// judged returns nil if some order explains the history, and otherwise what is wrong.
func (r *run) judged() error {
	p := r.plan
	if p.object.Holds != nil {
		p.object.holds.Lock()
		defer p.object.holds.Unlock()
		err := p.object.holdsOf(r.events())
		if err == nil {
			return nil
		}
		v := history.broken("%v", err)
		v.stack = r.stackOfPanic()
		return v
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	j, err := p.judge.Check(r.history)
	if err != nil {
		return sched.UnusableError{Reason: err.Error()}
	}
	switch j.Verdict {
	case spec.Satisfied:
		return nil
	case spec.Unknown:
		return unknownError{sched.UnusableError{Reason: "whether some order explains the results is unknown: " + j.Reason + "; explore smaller programs"}}
	}
	return p.unexplained(p.object.owed(), r.history, j, "")
}

// holdsOf asks the subject's own judge. A judge that panics counts as a violation: it may, for example, use the values of an
// operation that has none because its result was lost.
func (o *Object) holdsOf(h History) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the judge Holds panicked: %v\n%s", r, h)
		}
	}()
	return o.Holds(h)
}

// An unknownError is a history without a verdict.
type unknownError struct{ sched.UnusableError }

// Unwrap returns the error that the scheduler looks for.
func (e unknownError) Unwrap() error { return e.UnusableError }

// unexplained says where the longest explanation ends. asked names what the probes were called on.
func (p *plan) unexplained(owed promise, h spec.History, j *spec.Judgement, asked string) *Violation {
	after := "at the beginning"
	if len(j.Order) > 0 {
		after = "after " + p.words(j.Order)
	}
	var words []string
	for _, s := range j.Stuck {
		c, whose := p.at(s.Operation), asked
		if s.Operation < len(p.client) {
			whose = p.whose(s.Operation)
		}
		switch seen := h[s.Operation]; {
		case seen.Outcome == spec.Pending:
			owed = progress
			words = append(words, fmt.Sprintf("%s of %s would return %s, but never returned", c.text, whose, s.Alone.Result))
		default:
			words = append(words, fmt.Sprintf("%s of %s would give %s, but gave %s", c.text, whose, said(s.Alone), seen.Result))
		}
	}
	if len(words) > 3 {
		words = append(words[:3], fmt.Sprintf("and %d others", len(words)-3))
	}
	return owed.broken("no order explains the results: %s, %s", after, strings.Join(words, "; "))
}

func (p *plan) whose(i int) string { return p.c.Threads[p.client[i]].Name }

// stuck is called when no thread can go on. If the operations that wait also block alone, the execution is over and right.
func (r *run) stuck() error {
	if q := r.asking(); q != nil && q.waits() {
		v, err := q.judge(restart, theOpened)
		if v != nil {
			return v
		}
		return err
	}
	now := r.now()
	if !slices.ContainsFunc(now.history, func(e spec.Entry) bool { return e.Outcome == spec.Pending }) {
		return progress.broken("no client is in an operation, and none can go on")
	}
	err := now.judged()
	var v *Violation
	if errors.As(err, &v) && v.stack == "" {
		v.stack = r.stacksOfWaiting(now)
	}
	return err
}

// panicked makes a panic a violation, unless some order of the operations executed alone explains it. If the subject has a
// judge of the history, it compares with the program's own order only.
func (r *run) panicked(t *sched.T, i int, a answer) {
	p, err := r.plan, error(nil)
	if p.object.Holds == nil {
		err = r.soFar()
	} else if !p.panicsAlone(i, a.text) {
		err = noPanic.broken("")
	}
	if err != nil {
		v := noPanic.broken("%s of %s: %s", p.calls[i].text, p.whose(i), a.text)
		v.stack = a.stack
		t.Fail(v)
	}
}

// panicsAlone says whether an operation gives this text when the program is executed one operation at a time.
func (p *plan) panicsAlone(i int, text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	done, err := p.alone.responses(p.inOrder())
	return err == nil && i < len(done) && done[i].Result == text
}

// openPending marks operations that have not returned as indeterminate.
func (r *run) openPending() {
	for i := range r.history {
		if r.history[i].Outcome == spec.Pending {
			r.history[i].Outcome = spec.Indeterminate
		}
	}
}

// soFar judges the history at this moment: an operation that has not returned may have taken effect or not.
func (r *run) soFar() error {
	now := r.now()
	now.openPending()
	return now.judged()
}
