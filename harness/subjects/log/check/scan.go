package check

import (
	"fmt"

	"github.com/racewindow/racewindow/storage"
)

// A Scan checks a read of a whole log while nobody appends. It checks what a Reader checks, and also every append of every
// client: none is lost, none is there twice, and they are in order. Its memory is one number for each client.
type Scan struct {
	*Reader
	reopened bool
	last     []uint32 // by client, the last sequence number that the scan yielded
}

// NewScan makes a check of one scan. reopened says that the engine was closed and opened again since the last operation; the
// scan then settles whether failed appends happened.
func NewScan(board *Board, values Values, reopened bool) *Scan {
	s := &Scan{Reader: NewReader(board, values), reopened: reopened, last: make([]uint32, len(board.clients))}
	s.Begin(Bound{}, storage.End)
	return s
}

// Renew makes the scan as NewScan does.
func (s *Scan) Renew(reopened bool) {
	s.renew()
	clear(s.last)
	s.reopened = reopened
	s.Begin(Bound{}, storage.End)
}

// Newest is the sequence number of the client's last append that the scan has met, 0 for none.
func (s *Scan) Newest(client uint32) uint32 { return s.last[client] }

// Record checks the next record of the scan.
func (s *Scan) Record(r storage.Record) *Violation { return s.afterReopen(s.record(r)) }

func (s *Scan) record(r storage.Record) *Violation {
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
		return s.violation(NoDuplicate, r.Offset, "%v is append %d of client %d, which was already stored before", r.Offset, id.Sequence, id.Client)
	case id.Sequence < last:
		return s.violation(Order, r.Offset, "%v is append %d of client %d, after its append %d", r.Offset, id.Sequence, id.Client, last)
	case id.Sequence > last+1:
		return s.violation(ReadAfterWrite, r.Offset, "between appends %d and %d of client %d an acknowledged one is missing", last, id.Sequence, id.Client)
	}
	s.last[id.Client] = id.Sequence
	return nil
}

// End checks that nothing acknowledged is missing.
func (s *Scan) End() *Violation { return s.afterReopen(s.end()) }

func (s *Scan) end() *Violation {
	if v := s.Reader.End(); v != nil {
		return v
	}
	for client := range s.board.clients {
		c, last := &s.board.clients[client], uint64(s.last[client])
		if acknowledged := c.acknowledged.Load(); last < acknowledged {
			return s.violation(ReadAfterWrite, storage.Offset{}, "appends %d to %d of client %d are missing at the end of the log", last+1, acknowledged, client)
		}
		if s.reopened {
			s.board.settle(uint32(client), last == c.failed.Load() && last != 0)
		}
	}
	return nil
}

// afterReopen marks a violation that the reopened engine shows. A loss or a phantom then breaks CleanRecovery.
func (s *Scan) afterReopen(v *Violation) *Violation {
	if v == nil || !s.reopened {
		return v
	}
	v.Detail = fmt.Sprintf("after a clean close and reopen: %s", v.Detail)
	if v.Promise == ReadAfterWrite || v.Promise == NoPhantom {
		v.Promise = CleanRecovery
	}
	return v
}
