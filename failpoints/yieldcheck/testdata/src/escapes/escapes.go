// Package escapes has each escape where it is right, or of no use.
package escapes

import (
	"context"
	"os"
	"sync/atomic"

	"github.com/pingcap/failpoint"
)

type state struct{ n, m atomic.Int64 }

// leaves has callers that have passed a point.
//
//racewindow:yielded because its callers have passed a point
func leaves(s *state) {
	s.n.Load()
	s.m.Load() // want `s.m.Load`
}

func good(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	leaves(s)
	s.n.Load() // want `s.n.Load`
}

func bad(s *state) {
	leaves(s) // want `no failpoint before leaves \(a function that leaves the point to its callers\)`
}

func deferred(s *state) {
	defer leaves(s) // want `leaves`
}

func begins(s *state) {
	go leaves(s) // want `leaves`
}

//racewindow:yielded because it goes through another
func leavesToo(s *state) { leaves(s) }

func goodToo(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	leavesToo(s)
}

//racewindow:atomic because nobody else has s yet
func construct() *state {
	s := &state{}
	s.n.Store(1)
	s.m.Store(1)
	func() { s.n.Store(2) }()
	return s
}

func constructs(ctx context.Context) {
	failpoint.InjectCall("a", ctx)
	s := construct()
	s.n.Load()
	construct()
	s.n.Load() // want `s.n.Load`
}

func lines(ctx context.Context, s *state) {
	s.n.Load() //racewindow:atomic because n never changes
	failpoint.InjectCall("a", ctx)
	//racewindow:atomic because n never changes
	s.n.Load()
	s.m.Store(1)
	s.m.Store(1) // want `s.m.Store`
	_ = []any{
		s.n.Load(), //racewindow:atomic because n never changes
		s.m.Load(), // want `s.m.Load`
	}
}

// A file is what a seam hides.
//
//racewindow:atomic because callers pass a point before each method
type file struct{ f *os.File }

func (f file) both() { f.f.Sync(); f.f.Close() }

func (f *file) pointer() { f.f.Sync() }

//racewindow:atomic because of nothing // want `unused //racewindow:atomic`
func idle() {}

//racewindow:atomic because of nothing // want `unused //racewindow:atomic`
type empty struct{}

func (empty) nothing() {}

func unusedLine(s *state) {
	_ = s //racewindow:atomic because of nothing // want `unused //racewindow:atomic`
}

//racewindow:yielded because of nothing // want `unused //racewindow:yielded`
func uncalled(s *state) { s.n.Load() }

//racewindow:yielded because of nothing // want `unused //racewindow:yielded`
func needless(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	s.n.Load()
}

func callsNeedless(ctx context.Context, s *state) {
	failpoint.InjectCall("a", ctx)
	needless(ctx, s)
}
