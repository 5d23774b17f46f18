// Package stressed holds one object for each kind of bug that a stress run can find.
package stressed

import (
	"context"
	"sync"

	"github.com/pingcap/failpoint"
)

// A sum adds in two steps.
type sum struct {
	faults
	mu     sync.Mutex
	n      int
	inside bool
	reads  int
}

type faults struct {
	loses  bool // lets go between the two
	races  bool // counts reads where nothing guards
	panics bool // where two meet in the window
}

func (s *sum) Add(ctx context.Context, n int) {
	s.mu.Lock()
	if s.inside && s.panics {
		s.mu.Unlock()
		panic("two are inside")
	}
	now := s.n
	if s.loses || s.panics {
		s.inside = true
		s.mu.Unlock()
		failpoint.InjectCall("between", ctx)
		s.mu.Lock()
		s.inside = false
	}
	s.n = now + n
	s.mu.Unlock()
}

func (s *sum) Get(ctx context.Context) int {
	if s.races {
		failpoint.InjectCall("reading", ctx)
		s.reads++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
