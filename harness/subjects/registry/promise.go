package registry

import (
	"fmt"
	"slices"
	"strings"
)

// A Promise is one guarantee that a registry gives to its users.
type Promise struct{ Name, Sentence string }

// The promises.
var (
	// NoCrash is judged in every execution.
	NoCrash = Promise{"NoCrash", "publish never crashes"}
	// Delivery says that publications are complete.
	Delivery = Promise{"Delivery", "a subscription made before a publication began, and not being removed before it returned, is delivered to"}
	// Kept says what an acknowledgement is worth.
	Kept = Promise{"Kept", "a transaction that was delivered to a subscription that is not removed is in its log once, and nothing else is"}
	// NothingLeft says what remains of a removed subscription after everything has settled.
	NothingLeft = Promise{"NothingLeft", "once a removal has returned and the router has settled, no status, consumer, open log or route is left"}
	// GoneAtReturn is stronger than NothingLeft: it does not wait until everything has settled.
	GoneAtReturn = Promise{"GoneAtReturn", "when a removal returns, no status, consumer, open log or route is left"}
)

// String is the promise's name.
func (p Promise) String() string { return p.Name }

// Promises are all promises, NoCrash first.
func Promises() []Promise { return append(lasting(), GoneAtReturn) }

// lasting are the promises that both fixes should keep. GoneAtReturn is not among them, because FilterNil leaves the route to the
// router by design.
func lasting() []Promise { return []Promise{NoCrash, Delivery, Kept, NothingLeft} }

// A Violation is a promise that was broken.
type Violation struct {
	Promise Promise
	Detail  string
}

func (p Promise) broken(format string, args ...any) *Violation {
	return &Violation{p, fmt.Sprintf(format, args...)}
}

// Error quotes the promise.
func (v *Violation) Error() string {
	return fmt.Sprintf("%s: %q: %s", v.Promise.Name, v.Promise.Sentence, v.Detail)
}

// Class tells findings apart.
func (v *Violation) Class() string { return v.Promise.Name }

// Broken implements report.Broken.
func (v *Violation) Broken() (promise, sentence, detail string) {
	return v.Promise.Name, v.Promise.Sentence, v.Detail
}

// A call is one operation of a program, with its results.
type call struct {
	operation  Operation
	begin, end int // moments of the world's clock; end is 0 if it has not ended
	value      string
	handle     string   // of a subscription, a suspension or a removal
	delivered  []string // of a publication
	left       []string // what was left when a removal returned
	err        error
}

// judge returns how the calls of an execution break a promise, nil if they do not. content is what the logs of the subscriptions
// that were not removed hold in the end, by handle. left is what the registry still has of each subscription.
func judge(p Promise, calls []call, content, left map[string][]string) *Violation {
	switch p {
	case Delivery:
		return judgeDelivery(calls)
	case Kept:
		return judgeKept(calls, content)
	}
	for _, c := range calls {
		switch {
		case c.operation.Verb != Remove || c.err != nil:
		case p == NothingLeft && len(left[c.handle]) > 0:
			return p.broken("of %s, in the end: %s", c.handle, strings.Join(left[c.handle], ", "))
		case p == GoneAtReturn && len(c.left) > 0:
			return p.broken("of %s: %s", c.handle, strings.Join(c.left, ", "))
		}
	}
	return nil
}

func judgeDelivery(calls []call) *Violation {
	for _, p := range calls {
		for _, s := range calls {
			owed := p.operation.Verb == Publish && s.operation.Verb == Subscribe && s.end < p.begin &&
				slices.Contains(p.operation.Shapes, s.operation.Shapes[0])
			removed := func(c call) bool { return c.operation.Verb == Remove && c.handle == s.handle && c.begin < p.end }
			if owed && !slices.ContainsFunc(calls, removed) && !slices.Contains(p.delivered, s.handle) {
				return Delivery.broken("%s was not delivered to %s", p.value, s.handle)
			}
		}
	}
	return nil
}

func judgeKept(calls []call, content map[string][]string) *Violation {
	for handle, values := range content {
		var want []string
		for _, c := range calls {
			if slices.Contains(c.delivered, handle) {
				want = append(want, c.value)
			}
		}
		slices.Sort(want)
		if have := slices.Sorted(slices.Values(values)); !slices.Equal(have, want) {
			return Kept.broken("%s holds %v, delivered were %v", handle, have, want)
		}
	}
	return nil
}
