package registry

import (
	"fmt"
	"slices"
	"strings"
)

// A Promise is one thing that a registry's users rely on.
type Promise struct{ Name, Sentence string }

// The promises.
var (
	// NoCrash is judged by every execution: a panic ends it.
	NoCrash = Promise{"NoCrash", "publish never crashes"}
	// Delivery is completeness.
	Delivery = Promise{"Delivery", "a subscription made before a publication began, and not being removed before it returned, is delivered to"}
	// Kept says what an acknowledgement is worth.
	Kept = Promise{"Kept", "a transaction that was delivered to a subscription that is not removed is in its log once, and nothing else is"}
	// NothingLeft is about what others may still do to a removed subscription.
	NothingLeft = Promise{"NothingLeft", "once a removal has returned and the router has settled, no status, consumer, open log or route is left"}
	// GoneAtReturn is the stronger one.
	GoneAtReturn = Promise{"GoneAtReturn", "when a removal returns, no status, consumer, open log or route is left"}
)

// Promises are all of them, NoCrash first.
func Promises() []Promise { return []Promise{NoCrash, Delivery, Kept, NothingLeft, GoneAtReturn} }

// A Broken promise is why an execution is wrong.
type Broken struct {
	Promise Promise
	Detail  string
}

// Error quotes the promise.
func (b *Broken) Error() string {
	return fmt.Sprintf("%s: %q: %s", b.Promise.Name, b.Promise.Sentence, b.Detail)
}

// Class tells findings apart.
func (b *Broken) Class() string { return b.Promise.Name }

// A call is one operation of a program as it went.
type call struct {
	operation  Operation
	begin, end int // on the clock of the world; an end of 0 has not come
	value      string
	handle     string   // of a subscription, a suspension or a removal
	delivered  []string // of a publication
	left       []string // when a removal returned
	err        error
}

// judge returns how the calls of an execution break a promise, nil if they do not. content is what the logs hold in the
// end, by handle, of those subscriptions that nobody removed; left is what there is of those that were.
func judge(p Promise, calls []call, content, left map[string][]string) *Broken {
	switch p {
	case Delivery:
		return judgeDelivery(calls)
	case Kept:
		return judgeKept(calls, content)
	case NothingLeft:
		for _, c := range calls {
			if c.operation.Verb == Remove && c.err == nil && len(left[c.handle]) > 0 {
				return &Broken{p, fmt.Sprintf("of %s, in the end: %s", c.handle, strings.Join(left[c.handle], ", "))}
			}
		}
	case GoneAtReturn:
		for _, c := range calls {
			if c.operation.Verb == Remove && len(c.left) > 0 {
				return &Broken{p, fmt.Sprintf("of %s: %s", c.handle, strings.Join(c.left, ", "))}
			}
		}
	}
	return nil
}

func judgeDelivery(calls []call) *Broken {
	for _, published := range calls {
		if published.operation.Verb != Publish {
			continue
		}
		for _, s := range calls {
			if s.operation.Verb != Subscribe || s.end == 0 || s.end > published.begin ||
				!slices.Contains(published.operation.Shapes, s.operation.Shapes[0]) ||
				slices.ContainsFunc(calls, func(c call) bool {
					return c.operation.Verb == Remove && c.handle == s.handle && c.begin < published.end
				}) {
				continue
			}
			if !slices.Contains(published.delivered, s.handle) {
				return &Broken{Delivery, fmt.Sprintf("%s was not delivered to %s", published.value, s.handle)}
			}
		}
	}
	return nil
}

func judgeKept(calls []call, content map[string][]string) *Broken {
	for handle, values := range content {
		var want []string
		for _, c := range calls {
			if slices.Contains(c.delivered, handle) {
				want = append(want, c.value)
			}
		}
		have := slices.Sorted(slices.Values(values))
		slices.Sort(want)
		if !slices.Equal(have, want) {
			return &Broken{Kept, fmt.Sprintf("%s holds %v, delivered were %v", handle, have, want)}
		}
	}
	return nil
}
