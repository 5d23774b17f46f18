package object

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/spec"
)

// killed makes operations under way at the death of the process indeterminate, and those that had returned durable or
// volatile.
func (r *remains) killed() (underWay bool, returned, durable int) {
	for i := range r.first {
		switch e := &r.history[i]; {
		case e.Crashes != r.kills:
		case e.Outcome == spec.Pending:
			underWay, e.Outcome = true, spec.Indeterminate
		case e.Outcome != spec.OK:
		case r.durable[i]:
			e.Outcome, returned, durable = spec.Durable, returned+1, durable+1
		default:
			e.Outcome, returned = spec.Volatile, returned+1
		}
	}
	r.kills++
	return underWay, returned, durable
}

// judge says what is wrong with the contents of an object that was opened again. If the process that asked it was killed
// before any probe returned, it asks again.
func (s *session) judge(r *remains) (again bool, err error) {
	probes := r.history[r.first:]
	isOK := func(e spec.Entry) bool { return e.Outcome == spec.OK }
	if !r.over {
		if !slices.ContainsFunc(probes, isOK) {
			return s.askAgain(r), nil
		}
		for i := range probes {
			if probes[i].Outcome == spec.Pending { // the process was killed during this probe
				probes[i].Outcome = spec.Indeterminate
			}
		}
	}
	if r.refused != "" {
		if r.kills == 0 {
			return false, fmt.Errorf("an object cannot be used on a new folder%s", strings.TrimPrefix(r.refused, ", the object cannot be opened"))
		}
		s.found(r, durability.broken("after %s%s", r.ended(), r.refused))
		return false, nil
	}
	v, err := r.plan.explain(r.history)
	var unknown unknownError
	switch {
	case errors.As(err, &unknown):
		s.count(func(k *KillResult) { k.Unjudged++ })
		return false, nil
	case err != nil:
		return false, err
	}
	s.count(func(k *KillResult) { k.Judged++ })
	if v != nil {
		s.found(r, durability.broken("after %s, %s", r.ended(), v.detail))
	}
	return false, nil
}

// askAgain says whether the object can be asked again, and resets its probes for that. It cannot if a probe with a lasting
// effect may have been executed.
func (s *session) askAgain(r *remains) bool {
	for i, c := range r.plan.probes {
		e := &r.history[r.first+i]
		if e.Outcome != spec.NotInvoked && c.method.Durable != "" {
			s.count(func(k *KillResult) { k.Dropped++ })
			return false
		}
		*e = spec.Entry{}
	}
	return true
}

// found records the first violation.
func (s *session) found(r *remains, v *Violation) {
	s.count(func(k *KillResult) {
		if k.Finding == nil {
			k.Finding = &CrashFinding{Case: r.plan.c, Violation: v, Evidence: r.told()}
		}
	})
}

// told reports all that is known.
func (r *remains) told() string {
	n := len(r.plan.calls)
	how := "were killed"
	if r.lack != "" {
		how = "ended, the last after it had met a " + string(r.lack)
	}
	return fmt.Sprintf("processes that worked on %s and %s: %d\n", r.folder, how, r.kills) +
		r.plan.survivors(r.history[:n], r.ended()) + r.plan.answered(r.history, r.first)
}

// died returns the finding for a process that ended by itself: a panic or a fatal error outside any operation that could have
// it as its result.
func (s *session) died() *CrashFinding {
	said := s.ended
	for _, begin := range []string{"fatal error: ", "panic: "} {
		if _, after, found := strings.Cut(said, begin); found {
			said = begin + after
		}
	}
	first, _, _ := strings.Cut(said, "\n")
	v := noPanic.broken("a process under load ended by itself: %s", first)
	v.stack = said
	f := &CrashFinding{Violation: v, Evidence: said}
	for _, r := range s.known {
		f.Case = r.plan.c
		break
	}
	return f
}
