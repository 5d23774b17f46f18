package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage"
)

// A mutexLog is the simplest correct engine: a slice and a mutex.
type mutexLog struct {
	mu      sync.Mutex
	records []storage.Record
	tx      uint64
}

func (l *mutexLog) append(records []storage.Record) storage.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tx++
	for i, r := range records {
		r.Offset = storage.Offset{Tx: l.tx, Op: uint64(i)}
		l.records = append(l.records, r)
	}
	return storage.Offset{Tx: l.tx, Op: uint64(len(records) - 1)}
}

func (l *mutexLog) read(after, upTo storage.Offset) (records []storage.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.records {
		if after.Before(r.Offset) && !upTo.Before(r.Offset) {
			records = append(records, r.Clone())
		}
	}
	return records
}

const propertyClients = 4

// somewhere draws an offset on, between or after those of the log.
func somewhere(random *rand.Rand, l *mutexLog) storage.Offset {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch at := random.IntN(len(l.records) + 1); {
	case random.IntN(6) == 0:
		return storage.Offset{}
	case random.IntN(6) == 0:
		return storage.End
	case at == len(l.records):
		return storage.Offset{Tx: l.tx + 1 + random.Uint64N(3), Op: random.Uint64N(3)}
	case random.IntN(3) == 0:
		return storage.Offset{Tx: l.records[at].Offset.Tx, Op: storage.End.Op}
	default:
		return l.records[at].Offset
	}
}

// boundAt returns a lower bound, with what a client knows that has read up to there.
func (l *mutexLog) boundAt(at storage.Offset) Bound {
	b := Bound{Offset: at}
	if i := slices.IndexFunc(l.records, func(r storage.Record) bool { return r.Offset == at }); i >= 0 {
		b.Record, _ = ParseKey(l.records[i].Key)
	} else if at.Tx > l.tx {
		b.Offset.Op = storage.End.Op // nothing is due after an unknown transaction
	}
	return b
}

// A goroutine of a program appends and reads by its own random choices, and returns the first violation.
func (l *mutexLog) work(seed uint64, client uint32, board *Board, operations int) *Violation {
	random := rand.New(rand.NewPCG(seed, uint64(client)))
	reader := NewReader(board, values)
	for sequence := uint32(1); operations > 0; operations-- {
		if random.IntN(2) == 0 {
			id := Identity{Client: client, Sequence: sequence, Count: uint16(1 + random.IntN(4))}
			board.Invoke(client, sequence)
			board.Acknowledge(client, sequence, l.append((&world{values: values}).transaction(0, id)).Tx)
			sequence++
			continue
		}
		after, upTo := somewhere(random, l), somewhere(random, l)
		l.mu.Lock()
		bound := l.boundAt(after)
		l.mu.Unlock()
		reader.Begin(bound, upTo)
		if v := yield(reader, l.read(bound.Offset, upTo)); v != nil {
			return v
		}
	}
	return nil
}

// runProgram has all clients work at once.
func runProgram(seed uint64, operations int) (*mutexLog, *Board, *Violation) {
	l, board := &mutexLog{}, NewBoard(propertyClients)
	violations := make([]*Violation, propertyClients)
	var all sync.WaitGroup
	for client := range uint32(propertyClients) {
		all.Go(func() { violations[client] = l.work(seed, client, board, operations) })
	}
	all.Wait()
	for _, v := range violations {
		if v != nil {
			return l, board, v
		}
	}
	return l, board, nil
}

// writeProgram has the clients append in turns that the random numbers decide.
func writeProgram(random *rand.Rand, operations int) (*mutexLog, *Board) {
	w, l := newWorld(propertyClients, values), &mutexLog{}
	for range operations {
		w.append(random.Uint32N(propertyClients), 1+random.IntN(4))
		l.append(w.log[len(w.log)-1])
	}
	return l, w.board
}

func TestACorrectLogIsNeverAccused(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(parameters(150))
	properties.Property("no read and no scan of a slice with a mutex is a violation", prop.ForAll(func(seed uint64, operations int) string {
		l, board, v := runProgram(seed, operations)
		for _, reopened := range []bool{false, true} {
			if v == nil {
				v = (&world{board: board, values: values}).scan(reopened, l.read(storage.Offset{}, storage.End))
			}
		}
		if v != nil {
			return v.Error()
		}
		return ""
	}, gen.UInt64(), gen.IntRange(0, 40)))
	properties.TestingRun(t)
}

// damages change one record of a log. They return nil for a change that neither a read nor a scan can notice.
var damages = map[string]func(random *rand.Rand, records []storage.Record, i int) []storage.Record{
	"dropped": func(_ *rand.Rand, records []storage.Record, i int) []storage.Record {
		return slices.Delete(records, i, i+1)
	},
	"doubled": func(_ *rand.Rand, records []storage.Record, i int) []storage.Record {
		return slices.Insert(records, i, records[i])
	},
	"put elsewhere": func(random *rand.Rand, records []storage.Record, i int) []storage.Record {
		moved := records[i]
		records = slices.Delete(records, i, i+1)
		to := random.IntN(len(records) + 1)
		if to == i {
			to = (to + 1) % (len(records) + 1)
		}
		return slices.Insert(records, to, moved)
	},
	"exchanged with its neighbour": func(_ *rand.Rand, records []storage.Record, i int) []storage.Record {
		j := i + 1
		if j == len(records) {
			j = i - 1
		}
		one, _ := ParseKey(records[i].Key)
		other, _ := ParseKey(records[j].Key)
		if one.Client != other.Client && one.Count == 1 && other.Count == 1 {
			return nil // only the two clients know which of them came first, and they read back what they appended
		}
		records[i].Offset, records[j].Offset = records[j].Offset, records[i].Offset
		records[i], records[j] = records[j], records[i]
		return records
	},
	"changed in its value": func(random *rand.Rand, records []storage.Record, i int) []storage.Record {
		records[i].Value[random.IntN(len(records[i].Value))] ^= 1 << random.IntN(8)
		return records
	},
	"changed in its key": func(random *rand.Rand, records []storage.Record, i int) []storage.Record {
		records[i].Key[random.IntN(len(records[i].Key))] ^= 1 << random.IntN(8)
		return records
	},
	"changed in its operation": func(_ *rand.Rand, records []storage.Record, i int) []storage.Record {
		records[i].Operation++
		return records
	},
	"moved to another transaction": func(_ *rand.Rand, records []storage.Record, i int) []storage.Record {
		records[i].Offset.Tx++
		return records
	},
}

// The read must notice every damage, with two exceptions: damage in the transaction in whose middle the read's upper bound lies,
// and a changed order of whole appends. The scan must notice these.
func TestOneDamagedRecordIsAlwaysFound(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(parameters(100))
	damaged := 0
	for name, damage := range damages {
		properties.Property("a record "+name, prop.ForAll(func(seed uint64, operations int) string {
			random := rand.New(rand.NewPCG(seed, 99))
			l, board := writeProgram(random, operations)
			after, upTo := somewhere(random, l), somewhere(random, l)
			bound := l.boundAt(after)
			records := l.read(bound.Offset, upTo)
			if len(records) < 2 {
				return ""
			}
			damaged++
			at := random.IntN(len(records))
			place := records[at].Offset
			reader := NewReader(board, values)
			reader.Begin(bound, upTo)
			if records = damage(random, records, at); records == nil || yield(reader, records) != nil {
				return ""
			}
			if name != "exchanged with its neighbour" && (place.Tx != upTo.Tx || upTo.Op == storage.End.Op) {
				return fmt.Sprintf("the read (%v, %v] did not notice at %v", bound.Offset, upTo, place)
			}
			whole := l.read(storage.Offset{}, storage.End)
			at = slices.IndexFunc(whole, func(r storage.Record) bool { return r.Offset == place })
			whole = damage(random, whole, at)
			if whole != nil && (&world{board: board, values: values}).scan(false, whole) == nil {
				return fmt.Sprintf("neither the read (%v, %v] nor the scan noticed at %v", bound.Offset, upTo, place)
			}
			return ""
		}, gen.UInt64(), gen.IntRange(4, 30)))
	}
	properties.TestingRun(t)
	require.Greater(t, damaged, 25*len(damages), "the test has looked at something")
}
