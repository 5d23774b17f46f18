package check

import (
	"fmt"

	"github.com/racewindow/racewindow/storage"
)

// A Scan checks a read of a whole log while nobody appends. Besides what a Reader checks it holds every client's appends
// against what was acknowledged to that client, each one: none lost, none twice, none in another order. Its memory is a
// number per client.
type Scan struct {
	*Reader
	last []uint32 // by client, the last sequence number met
}

// NewScan makes the check of one whole scan.
func NewScan(board *Board, values Values) *Scan {
	s := &Scan{Reader: NewReader(board, values), last: make([]uint32, len(board.clients))}
	s.Begin(Bound{}, storage.End)
	return s
}

// Record checks the next record of the scan.
func (s *Scan) Record(r storage.Record) *Violation {
	if v := s.Reader.Record(r); v != nil {
		return v
	}
	_, id := s.Last()
	if id.Index != 0 {
		return nil
	}
	last := s.last[id.Client]
	switch {
	case id.Sequence == last:
		return s.violation(NoDuplicate, r.Offset, "%v is append %d of client %d, which is stored before already", r.Offset, id.Sequence, id.Client)
	case id.Sequence < last:
		return s.violation(Order, r.Offset, "%v is append %d of client %d, behind its append %d", r.Offset, id.Sequence, id.Client, last)
	case id.Sequence > last+1 && !s.mayLack(id.Client, last+1, id.Sequence-1):
		return s.violation(ReadAfterWrite, r.Offset, "between appends %d and %d of client %d an acknowledged one is missing", last, id.Sequence, id.Client)
	}
	s.last[id.Client] = id.Sequence
	return nil
}

// mayLack says whether the appends from to to of a client may be absent: only those whose outcome is open or settled so.
func (s *Scan) mayLack(client, from, to uint32) bool {
	c := &s.board.clients[client]
	return from == to && (uint64(from) == c.failed.Load() || uint64(from) == c.gone.Load())
}

// End checks that nothing acknowledged is missing. reopened says that the engine was closed and opened again since the
// last operation: then the scan settles what failed appends came to.
func (s *Scan) End(reopened bool) *Violation {
	if v := s.Reader.End(); v != nil {
		return s.afterReopen(v, reopened)
	}
	for client := range s.board.clients {
		c, last := &s.board.clients[client], uint64(s.last[client])
		if acknowledged := c.acknowledged.Load(); last < acknowledged {
			v := s.violation(ReadAfterWrite, storage.Offset{}, "appends %d to %d of client %d are missing at the end of the log", last+1, acknowledged, client)
			return s.afterReopen(v, reopened)
		}
		if reopened {
			s.board.settle(uint32(client), last == c.failed.Load() && last != 0)
		}
	}
	return nil
}

func (s *Scan) afterReopen(v *Violation, reopened bool) *Violation {
	if reopened {
		v.Promise, v.Detail = CleanRecovery, fmt.Sprintf("after a clean close and reopen: %s", v.Detail)
	}
	return v
}
