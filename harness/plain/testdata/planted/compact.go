package planted

import "sync"

// A Store marks what is deleted, and Compact removes it later.
type Store struct {
	mu   sync.Mutex
	data map[int]string
	dead map[int]bool
}

func NewStore() *Store { return &Store{data: map[int]string{}, dead: map[int]bool{}} }

func (s *Store) Put(id int, v string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[id] = v
	delete(s.dead, id)
}

func (s *Store) Delete(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead[id] = true
}

// Compact holds the lock for one at a time.
func (s *Store) Compact() {
	s.mu.Lock()
	var ids []int
	for id := range s.dead {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		s.mu.Lock()
		if s.dead[id] {
			delete(s.data, id)
			delete(s.dead, id)
		}
		s.mu.Unlock()
	}
}

func (s *Store) Has(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.data[id]
	return ok && !s.dead[id]
}
