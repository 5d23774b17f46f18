package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage"
)

// packagePath prefixes the names of this package's failpoints.
const packagePath = "github.com/racewindow/racewindow/harness/subjects/registry"

// An Order says in which order a removal removes the parts of a subscription, and what Publish does if some are gone.
type Order uint8

const (
	// StatusFirst is the analysed system's order, and the bug.
	StatusFirst Order = iota
	// FilterNil keeps that order; Publish leaves out consumers that are nil.
	FilterNil
	// Reorder removes the route first and at once, then the consumer, then the status.
	Reorder
	// Checked is FilterNil, and a consumer enters the table only if its subscription is live at that moment. It is not from the
	// analysis: exploration found that FilterNil leaves a consumer and an open log.
	Checked
)

// Orders are all orders, the bug first.
func Orders() []Order { return []Order{StatusFirst, FilterNil, Reorder, Checked} }

// String is the order's name in scenarios and tables.
func (o Order) String() string {
	return [...]string{"statusfirst", "filternil", "reorder", "checked"}[o]
}

// Options of a Registry. The zero value is the analysed system.
type Options struct {
	Order Order
	// Concurrent lets routes change during publications.
	Concurrent bool
	// Gather is how long the router waits for more removals before it does them together; default 10 ms, negative for no wait.
	Gather time.Duration
}

func (o Options) filters() bool { return o.Order == FilterNil || o.Order == Checked }

// ErrUnknown says that a handle names no subscription, or one that another call is removing.
var ErrUnknown = errors.New("no such subscription")

// A Registry knows the subscriptions of a store. All methods may be called by many goroutines.
type Registry struct {
	store   *storage.Store
	options Options

	turn sync.Mutex // held by a publication, or by a change of routes

	mu        sync.Mutex // guards the tables; whoever holds it passes no failpoint
	issued    map[string]int
	live      map[string]bool
	consumers map[string]*consumer
	logs      map[string]*storage.Log // the open ones
	routes    map[string][]string     // from a shape to handles, in the order of subscription
	requests  []request               // to the router
	closing   bool

	wake  chan struct{} // the router's
	ended chan struct{}
}

var (
	publishTurn = failpoints.WaitPoint(packagePath, "turn/publish")
	routeTurn   = failpoints.WaitPoint(packagePath, "turn/route")
	routerEnded = failpoints.WaitPoint(packagePath, "router/ended")
)

// New returns a registry on a store, and starts its router. The caller must still close the store.
func New(ctx context.Context, store *storage.Store, options Options) *Registry {
	if options.Gather == 0 {
		options.Gather = 10 * time.Millisecond
	}
	r := &Registry{
		store: store, options: options,
		issued: map[string]int{}, live: map[string]bool{}, consumers: map[string]*consumer{},
		logs: map[string]*storage.Log{}, routes: map[string][]string{},
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	failpoints.Go(failpoints.Detach(ctx), routerThread, r.router)
	return r
}

// Subscribe makes a subscription to a shape and returns its handle. No other subscription ever has the same handle, so remains
// of an old one cannot be taken for a new one. Transactions that are published after it returned come to the log of that handle.
func (r *Registry) Subscribe(ctx context.Context, shape string) (handle string, err error) {
	failpoint.InjectCall("subscribe/begun", ctx)
	handle = r.issue(shape)
	failpoint.InjectCall("subscribe/issued", ctx)
	r.enliven(handle)
	failpoint.InjectCall("subscribe/live", ctx)
	if _, err := r.start(ctx, handle); err != nil {
		return "", fmt.Errorf("subscribe to %s: %w", shape, err)
	}
	failpoint.InjectCall("subscribe/started", ctx)
	failpoints.Lock(ctx, routeTurn, &r.turn)
	defer r.turn.Unlock()
	r.route(shape, handle)
	return handle, nil
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) issue(shape string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.issued[shape]++
	return fmt.Sprintf("%s.%d", shape, r.issued[shape])
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) enliven(handle string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live[handle] = true
}

//racewindow:yielded because every caller has passed a point just before
func (r *Registry) isLive(handle string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.live[handle]
}

// retire removes the status. Of several calls at once only one returns true.
//
//racewindow:yielded because every caller has passed a point just before
func (r *Registry) retire(handle string) (was bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was = r.live[handle]
	delete(r.live, handle)
	return was
}

// Suspend stops the subscription's consumer and closes its log, to save memory. The next transaction starts it again.
func (r *Registry) Suspend(ctx context.Context, handle string) error {
	failpoint.InjectCall("suspend/begun", ctx)
	if !r.isLive(handle) {
		return fmt.Errorf("suspend %s: %w", handle, ErrUnknown)
	}
	failpoint.InjectCall("suspend/before-dismiss", ctx)
	return r.dismiss(ctx, handle)
}

// Left lists what the registry still has of a subscription. After a removal it should be nothing.
//
//racewindow:atomic because it only observes, and its answer is about the moment of the call
func (r *Registry) Left(handle string) (left []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.live[handle] {
		left = append(left, "status")
	}
	if r.consumers[handle] != nil {
		left = append(left, "consumer")
	}
	if r.logs[handle] != nil {
		left = append(left, "open log")
	}
	for _, handles := range r.routes {
		if slices.Contains(handles, handle) {
			left = append(left, "route")
		}
	}
	return left
}

// Close ends the router and every consumer. No other method may be called meanwhile or afterwards.
//
//racewindow:atomic because nothing else may be called meanwhile
func (r *Registry) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	var handles []string
	for handle := range r.consumers {
		handles = append(handles, handle)
	}
	r.mu.Unlock()
	slices.Sort(handles)
	r.wakeRouter()
	_, _, err := failpoints.Receive(ctx, routerEnded, r.ended)
	for _, handle := range handles {
		err = errors.Join(err, r.dismiss(ctx, handle))
	}
	return err
}
