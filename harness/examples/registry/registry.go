// Package registry passes messages to subscribers.
package registry

import (
	"context"
	"slices"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
)

const packagePath = "github.com/racewindow/racewindow/harness/examples/registry"

var (
	lock        = failpoints.WaitPoint(packagePath, "lock")
	mailboxLock = failpoints.WaitPoint(packagePath, "mailbox/lock")
)

var _ = failpoints.Declare(packagePath, []failpoints.Declaration{
	{Name: "lock", Kind: failpoints.KindWait, Resource: "mailboxes", Access: failpoints.Writes, Reason: "callers take turns"},
	{Name: "publish/delivering", Kind: failpoints.KindYield, Resource: "messages", Access: failpoints.Writes, Reason: "one mailbox after the other: a subscriber that leaves in between may miss the message"},
	{Name: "mailbox/lock", Kind: failpoints.KindWait, Resource: "messages", Access: failpoints.Writes, Reason: "delivering and receiving take turns"},
})

// A Registry knows the subscribers by name. Many goroutines may use it at once.
//
// It guarantees:
//   - Each method takes effect at one moment between its call and its return.
//   - A message reaches everybody who is subscribed when it is published, once, and nobody else.
//   - All subscribers see messages in the same order.
//   - A message that Publish has counted is returned by Receive or by Unsubscribe.
type Registry struct {
	// deliversLate makes Publish deliver after it has released the lock, so that slow subscribers hold nobody up. That is
	// a bug: a subscriber that leaves in between loses the message, and two messages may change places.
	deliversLate bool

	mu        sync.Mutex
	mailboxes map[string]*mailbox
}

// A mailbox keeps what one subscriber has not received yet.
type mailbox struct {
	mu       sync.Mutex
	messages []int
}

// New returns a registry without subscribers.
func New() *Registry { return &Registry{mailboxes: map[string]*mailbox{}} }

func newBuggy() *Registry {
	r := New()
	r.deliversLate = true
	return r
}

// Subscribe makes name a subscriber, and says whether it was not one before.
func (r *Registry) Subscribe(ctx context.Context, name string) bool {
	failpoints.Lock(ctx, lock, &r.mu)
	defer r.mu.Unlock()
	if r.mailboxes[name] != nil {
		return false
	}
	r.mailboxes[name] = &mailbox{}
	return true
}

// Unsubscribe ends a subscription, and returns the messages that the subscriber has not received.
func (r *Registry) Unsubscribe(ctx context.Context, name string) []int {
	failpoints.Lock(ctx, lock, &r.mu)
	defer r.mu.Unlock()
	m := r.mailboxes[name]
	delete(r.mailboxes, name)
	return m.empty(ctx)
}

// Publish gives a message to all subscribers, and returns how many there are.
func (r *Registry) Publish(ctx context.Context, message int) int {
	failpoints.Lock(ctx, lock, &r.mu)
	var all []*mailbox
	for _, name := range r.names() {
		all = append(all, r.mailboxes[name])
	}
	if r.deliversLate {
		r.mu.Unlock()
	} else {
		defer r.mu.Unlock()
	}
	for _, m := range all {
		failpoint.InjectCall("publish/delivering", ctx)
		m.add(ctx, message)
	}
	return len(all)
}

// Receive returns the messages that a subscriber has not received yet, the oldest first; nil if there are none, or no
// such subscriber.
func (r *Registry) Receive(ctx context.Context, name string) []int {
	failpoints.Lock(ctx, lock, &r.mu)
	defer r.mu.Unlock()
	return r.mailboxes[name].empty(ctx)
}

// names is called with the lock held.
func (r *Registry) names() (names []string) {
	for name := range r.mailboxes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *mailbox) add(ctx context.Context, message int) {
	failpoints.Lock(ctx, mailboxLock, &m.mu)
	defer m.mu.Unlock()
	m.messages = append(m.messages, message)
}

// empty removes and returns all messages of a mailbox, which may be nil.
func (m *mailbox) empty(ctx context.Context) []int {
	if m == nil {
		return nil
	}
	failpoints.Lock(ctx, mailboxLock, &m.mu)
	defer m.mu.Unlock()
	messages := m.messages
	m.messages = nil
	return messages
}
