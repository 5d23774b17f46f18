// Package history gives a second opinion on executions of the log. It records the calls of the clients and their results, and
// an independent checker, github.com/anishathalye/porcupine, judges them against a sequential model of the log.
//
// The project's own checker (package check) uses what is special about a log: it is exact, works while the run goes on, and
// needs almost no memory. Porcupine knows nothing of that. It searches for an order of the operations that explains all results,
// which takes long. So the two are unlikely to be wrong in the same way, and on small histories they must agree.
//
// A recorder adds no happens-before edge between clients. Each client writes its own list, and the moments come from the
// scheduler, which runs one thread at a time and which the race detector does not see.
package history

import (
	"context"
	"hash/maphash"
	"iter"
	"slices"

	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
)

// A Kind is what a call does to the log.
type Kind uint8

const (
	// Append makes a transaction.
	Append Kind = iota
	// Read asks for records.
	Read
)

// A Seen is a record: its place, and a digest of its bytes.
type Seen struct {
	Offset harness.Offset
	Digest uint64
}

// A Call is one operation of a client. Flushes and aborted appends are not recorded, because the model does not have them.
type Call struct {
	Client int
	Kind   Kind
	// Begin and End are the moments of call and return. End is 0 if the call never returned, or failed: it may or may not have
	// happened.
	Begin, End int
	// Digests are the digests of an append's records, At is the offset with which it was acknowledged.
	Digests []uint64
	At      harness.Offset
	// After and UpTo are a read's bounds, Got what it yielded. Cut says that the reader stopped the read.
	After, UpTo harness.Offset
	Got         []Seen
	Cut         bool
}

// A Recorder keeps the calls of the latest execution.
type Recorder struct{ clients []*Client }

// Begin forgets the calls of the execution before. Clients are numbered from 0.
func (r *Recorder) Begin(clients int) {
	r.clients = make([]*Client, clients)
	for i := range r.clients {
		r.clients[i] = &Client{number: i}
	}
}

// Calls are all calls, in the order in which they began. The execution must be over.
func (r *Recorder) Calls() (all []Call) {
	for _, c := range r.clients {
		all = append(all, c.calls...)
	}
	slices.SortFunc(all, func(a, b Call) int { return a.Begin - b.Begin })
	return all
}

// A Client records its own calls. Nothing else may use it before the execution is over.
type Client struct {
	number int
	moment func() int
	calls  []Call
}

type clientKey struct{}

// With returns a context whose calls are those of a client. Each call of moment returns a higher number.
func (r *Recorder) With(ctx context.Context, client int, moment func() int) context.Context {
	c := r.clients[client]
	c.moment = moment
	return context.WithValue(ctx, clientKey{}, c)
}

// Engine returns an engine that records calls with a context from With.
func Engine(e harness.Engine) harness.Engine { return engine{e} }

type engine struct{ harness.Engine }

func (e engine) Append(ctx context.Context, records []harness.Record) (harness.Offset, error) {
	return Appended(ctx, records, func() (harness.Offset, error) { return e.Engine.Append(ctx, records) })
}

// Opened is the engine beneath, if it is the log of this module.
func Opened(e harness.Engine) (opened harness.Opened, ok bool) {
	if recording, is := e.(engine); is {
		e = recording.Engine
	}
	opened, ok = e.(harness.Opened)
	return opened, ok
}

// Durable implements harness.Watermarked. Crashes are judged by what the engine says is durable.
func (e engine) Durable() harness.Offset {
	if w, ok := e.Engine.(harness.Watermarked); ok {
		return w.Durable()
	}
	return harness.Offset{}
}

// Visible implements harness.Watermarked.
func (e engine) Visible(ctx context.Context) harness.Offset {
	if w, ok := e.Engine.(harness.Watermarked); ok {
		return w.Visible(ctx)
	}
	return harness.Offset{}
}

// AppendFragments implements harness.FragmentAppender, if the inner engine does.
func (e engine) AppendFragments(ctx context.Context, fragments [][]harness.Record, commit bool) (harness.Offset, error) {
	appends := func() (harness.Offset, error) {
		return e.Engine.(harness.FragmentAppender).AppendFragments(ctx, fragments, commit)
	}
	if !commit {
		return appends()
	}
	return Appended(ctx, slices.Concat(fragments...), appends)
}

// Appended records an append of these records, whatever call of the log it is, if With has made the context.
func Appended(ctx context.Context, records []harness.Record, appends func() (harness.Offset, error)) (harness.Offset, error) {
	c, _ := ctx.Value(clientKey{}).(*Client)
	if c == nil {
		return appends()
	}
	call := Call{Client: c.number, Kind: Append, Begin: c.moment()}
	for _, r := range records {
		call.Digests = append(call.Digests, Digest(r))
	}
	c.calls = append(c.calls, call)
	made := &c.calls[len(c.calls)-1]
	at, err := appends()
	if err == nil {
		made.At, made.End = at, c.moment()
	}
	return at, err
}

func (e engine) Read(ctx context.Context, after, upTo harness.Offset) iter.Seq2[harness.Record, error] {
	c, _ := ctx.Value(clientKey{}).(*Client)
	if c == nil {
		return e.Engine.Read(ctx, after, upTo)
	}
	return func(yield func(harness.Record, error) bool) {
		call := Call{Client: c.number, Kind: Read, Begin: c.moment(), After: after, UpTo: upTo}
		failed := false
		for r, err := range e.Engine.Read(ctx, after, upTo) {
			if failed = err != nil; !failed {
				call.Got = append(call.Got, Seen{r.Offset, Digest(r)})
			}
			if !yield(r, err) {
				call.Cut = true
				break
			}
		}
		if !failed {
			call.End = c.moment()
			c.calls = append(c.calls, call)
		}
	}
}

// Expose implements harness.Exposer, if the inner engine does.
func (e engine) Expose() []harness.Field {
	if x, ok := e.Engine.(harness.Exposer); ok {
		return x.Expose()
	}
	return nil
}

// Learns implements harness.Exposer.
func (e engine) Learns(point string) []string {
	if x, ok := e.Engine.(harness.Exposer); ok {
		return x.Learns(point)
	}
	return nil
}

var seed = maphash.MakeSeed()

// Digest is a hash of key, operation and value. It differs from process to process.
func Digest(r harness.Record) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.Write(r.Key)
	h.WriteByte(byte(r.Operation))
	h.Write(r.Value)
	return h.Sum64()
}
