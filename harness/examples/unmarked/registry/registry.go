// Package registry passes messages to subscribers.
package registry

import (
	"slices"
	"sync"
)

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
func (r *Registry) Subscribe(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mailboxes[name] != nil {
		return false
	}
	r.mailboxes[name] = &mailbox{}
	return true
}

// Unsubscribe ends a subscription, and returns the messages that the subscriber has not received.
func (r *Registry) Unsubscribe(name string) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.mailboxes[name]
	delete(r.mailboxes, name)
	return m.empty()
}

// Publish gives a message to all subscribers, and returns how many there are.
func (r *Registry) Publish(message int) int {
	r.mu.Lock()
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
		m.add(message)
	}
	return len(all)
}

// Receive returns the messages that a subscriber has not received yet, the oldest first; nil if there are none, or no such subscriber.
func (r *Registry) Receive(name string) []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mailboxes[name].empty()
}

// names is called with the lock held.
func (r *Registry) names() (names []string) {
	for name := range r.mailboxes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m *mailbox) add(message int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, message)
}

// empty removes and returns all messages of a mailbox, which may be nil.
func (m *mailbox) empty() []int {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	messages := m.messages
	m.messages = nil
	return messages
}
