package planted

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Settings are read without a lock and replaced as a whole.
type Settings struct {
	mu  sync.Mutex
	all atomic.Value // of map[string]string
}

func (s *Settings) snapshot() map[string]string {
	all, _ := s.all.Load().(map[string]string)
	return all
}

func (s *Settings) Get(key string) string { return s.snapshot()[key] }

func (s *Settings) Set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.snapshot())
	if next == nil {
		next = map[string]string{}
	}
	next[key] = value
	s.all.Store(next)
}
