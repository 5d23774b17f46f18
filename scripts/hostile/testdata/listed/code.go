// Package listed has a Check, and ordinary tests that print that they ran.
package listed

import (
	"context"
	"sync"

	"github.com/pingcap/failpoint"
)

type sum struct {
	mu sync.Mutex
	n  int
}

func (s *sum) Add(ctx context.Context, n int) {
	failpoint.InjectCall("adding", ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n += n
}

func (s *sum) Get() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
