package history

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

var values = check.Values{Seed: 1, MinBytes: 1, MaxBytes: 8}

// A world makes a history: clients append and read, each operation takes effect at one moment between its invocation and its
// response. Then it is a good one, until spoil changes what a read yielded.
type world struct {
	random  *rand.Rand
	clock   int
	log     [][]harness.Record
	clients []*simulated
	calls   []made
}

// A simulated client executes one operation at a time.
type simulated struct {
	number   int
	sequence uint32
	now      *made
	effect   bool
	last     harness.Offset // after the last record that it read
}

// A made call also has the records, because package check judges them.
type made struct {
	Call
	records []harness.Record
	id      check.Identity
}

func generate(seed uint64) *world {
	w := &world{random: rand.New(rand.NewPCG(seed, 7))}
	for i := range 2 + w.random.IntN(3) {
		w.clients = append(w.clients, &simulated{number: i})
	}
	for range 20 + w.random.IntN(60) {
		w.advance(w.clients[w.random.IntN(len(w.clients))])
	}
	for _, c := range w.clients {
		for c.now != nil && (c.effect || w.random.IntN(4) > 0) { // what is left is never answered
			w.advance(c)
		}
		if c.now != nil && c.now.Kind == Append {
			w.calls = append(w.calls, *c.now)
		}
	}
	slices.SortFunc(w.calls, func(a, b made) int { return a.Begin - b.Begin })
	return w
}

// advance takes a client one moment further: an invocation, an effect or a response.
func (w *world) advance(c *simulated) {
	w.clock++
	switch {
	case c.now == nil:
		c.now, c.effect = w.begin(c), false
	case !c.effect:
		c.effect = true
		w.perform(c)
	default:
		c.now.End = w.clock
		w.calls = append(w.calls, *c.now)
		c.now = nil
	}
}

func (w *world) begin(c *simulated) *made {
	if w.random.IntN(2) == 0 {
		c.sequence++
		id := check.Identity{Client: uint32(c.number), Sequence: c.sequence, Count: uint16(1 + w.random.IntN(3))}
		m := &made{Call: Call{Client: c.number, Kind: Append, Begin: w.clock}, id: id}
		for i := range id.Count {
			id.Index = i
			m.records = append(m.records, values.Record(id))
			m.Digests = append(m.Digests, Digest(m.records[i]))
		}
		return m
	}
	m := &made{Call: Call{Client: c.number, Kind: Read, Begin: w.clock, UpTo: storage.End}}
	switch w.random.IntN(4) {
	case 0:
		m.After = c.last
	case 1:
		m.UpTo = harness.Offset{Tx: uint64(w.random.IntN(6)), Op: math.MaxUint64}
	case 2:
		m.UpTo = harness.Offset{Tx: uint64(1 + w.random.IntN(6)), Op: uint64(w.random.IntN(3))}
	}
	return m
}

func (w *world) perform(c *simulated) {
	m := c.now
	if m.Kind == Append {
		tx := uint64(len(w.log)) + 1
		for i := range m.records {
			m.records[i].Offset = harness.Offset{Tx: tx, Op: uint64(i)}
		}
		w.log = append(w.log, m.records)
		m.At = m.records[len(m.records)-1].Offset
		return
	}
	for _, tx := range w.log {
		for _, r := range tx {
			if m.After.Before(r.Offset) && !m.UpTo.Before(r.Offset) {
				m.records = append(m.records, r)
			}
		}
	}
	if n := len(m.records); n > 0 && m.UpTo == storage.End {
		c.last = harness.Offset{Tx: m.records[n-1].Offset.Tx, Op: math.MaxUint64}
	}
}

// spoil changes what one read yielded. The result may be what another order would have yielded; then it is right.
func (w *world) spoil() {
	var reads []int
	for i, m := range w.calls {
		if m.Kind == Read && m.End > 0 {
			reads = append(reads, i)
		}
	}
	if len(reads) == 0 {
		return
	}
	m := &w.calls[reads[w.random.IntN(len(reads))]]
	n := len(m.records)
	m.records = slices.Clone(m.records)
	switch kind := w.random.IntN(7); {
	case kind == 0: // records of an append that has not begun, or of any other time
		if len(w.log) > 0 {
			m.records = append(m.records, w.log[w.random.IntN(len(w.log))]...)
		}
	case n == 0:
	case kind == 1:
		m.records = m.records[:w.random.IntN(n)]
	case kind == 2:
		at := w.random.IntN(n)
		m.records = slices.Delete(m.records, at, at+1)
	case kind == 3:
		at := w.random.IntN(n)
		m.records = slices.Insert(m.records, at, m.records[at])
	case kind == 4:
		i, j := w.random.IntN(n), w.random.IntN(n)
		m.records[i], m.records[j] = m.records[j], m.records[i]
	case kind == 5:
		r := &m.records[w.random.IntN(n)]
		r.Value = append(slices.Clone(r.Value), 'x')
	default:
		m.records = nil
	}
}

// history returns the calls as porcupine gets them.
func (w *world) history() (calls []Call) {
	for _, m := range w.calls {
		c := m.Call
		if c.Kind == Read {
			for _, r := range m.records {
				c.Got = append(c.Got, Seen{r.Offset, Digest(r)})
			}
		}
		calls = append(calls, c)
	}
	return calls
}

// checked lets package check judge the same calls, in the order of their moments.
func (w *world) checked() (found *check.Violation) {
	board := check.NewBoard(len(w.clients))
	readers := make([]*check.Reader, len(w.clients))
	for i := range readers {
		readers[i] = check.NewReader(board, values)
	}
	for moment := 1; moment <= w.clock; moment++ {
		for i := range w.calls {
			m := &w.calls[i]
			switch {
			case m.Kind == Append && m.Begin == moment:
				board.Invoke(m.id.Client, m.id.Sequence)
			case m.Kind == Append && m.End == moment:
				board.Acknowledge(m.id.Client, m.id.Sequence, m.At.Tx)
			case m.Kind == Read && m.Begin == moment:
				readers[m.Client].Begin(check.Bound{Offset: m.After}, m.UpTo)
			case m.Kind == Read && m.End == moment:
				if v := judgeRead(readers[m.Client], m.records); v != nil {
					return v
				}
			}
		}
	}
	return nil
}

func judgeRead(r *check.Reader, records []harness.Record) *check.Violation {
	for _, record := range records {
		if v := r.Record(record); v != nil {
			return v
		}
	}
	return r.End()
}

func TestGoodHistoriesAreExplained(t *testing.T) {
	t.Parallel()
	for seed := range uint64(600) {
		w := generate(seed)
		require.Nil(t, w.checked(), "seed %d", seed)
		verdict, reader := Judge(w.history())
		require.Equal(t, Explained, verdict, "seed %d, client %d: %v", seed, reader, w.history())
	}
}

// Each spoilt history is judged by both, and both must say the same.
func TestTheCheckersAgreeOnBadHistories(t *testing.T) {
	t.Parallel()
	bad, good := 0, 0
	for seed := range uint64(1500) {
		w := generate(seed)
		w.spoil()
		found := w.checked()
		sentence, err := SecondOpinion(w.history(), nil, found)
		require.NoError(t, err, "seed %d", seed)
		require.NotContains(t, sentence, "no opinion", "seed %d", seed)
		if found != nil {
			bad++
		} else {
			good++
		}
	}
	require.Greater(t, bad, 400, "histories that are bad")
	require.Greater(t, good, 100, "histories that a change left good")
}

func TestADisagreementIsAnError(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		w := generate(seed)
		found := &check.Violation{Promise: check.ReadAfterWrite, Detail: "invented"}
		_, err := SecondOpinion(w.history(), nil, found)
		require.ErrorIs(t, err, ErrDisagree)
	}
	lost := []Call{
		{Client: 0, Kind: Append, Begin: 1, End: 2, Digests: []uint64{1}, At: harness.Offset{Tx: 1}},
		{Client: 1, Kind: Read, Begin: 3, End: 4, UpTo: storage.End},
	}
	_, err := SecondOpinion(lost, nil, nil)
	require.ErrorIs(t, err, ErrDisagree)
	sentence, err := SecondOpinion(lost, []string{"w0", "r0"}, &check.Violation{Promise: check.ReadAfterWrite})
	require.NoError(t, err)
	require.Contains(t, sentence, "explains what r0 read")
	sentence, err = SecondOpinion(lost, nil, &check.Violation{Promise: check.Progress})
	require.NoError(t, err)
	require.Empty(t, sentence, "a model of the log knows nothing of progress")
}

// An append that was never answered may have happened, or not.
func TestAnUnansweredAppendMayBeReadOrNot(t *testing.T) {
	t.Parallel()
	open := Call{Client: 0, Kind: Append, Begin: 1, Digests: []uint64{1}}
	read := Call{Client: 1, Kind: Read, Begin: 3, End: 4, UpTo: storage.End}
	verdict, _ := Judge([]Call{open, read})
	require.Equal(t, Explained, verdict)
	read.Got = []Seen{{harness.Offset{Tx: 1}, 1}}
	verdict, _ = Judge([]Call{open, read})
	require.Equal(t, Explained, verdict)
	read.Got[0].Digest = 2
	verdict, reader := Judge([]Call{open, read})
	require.Equal(t, Unexplained, verdict)
	require.Equal(t, 1, reader)
}

func TestALongHistoryGetsNoVerdict(t *testing.T) {
	t.Parallel()
	verdict, _ := Judge(make([]Call, MaxCalls+1))
	require.Equal(t, Unknown, verdict)
}
