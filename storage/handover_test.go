package storage

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

func TestHandoversAreFoundByName(t *testing.T) {
	t.Parallel()
	var names []string
	for _, h := range Handovers() {
		names = append(names, h.Name())
		found, err := HandoverByName(strings.ToUpper(h.Name()))
		require.NoError(t, err)
		require.Equal(t, h.Name(), found.Name())
		require.NotEmpty(t, h.Summary())
		require.Equal(t, h.Name() == "snapshot" || h.Name() == "retain", h.Holds(), h.Name())
		require.Equal(t, h.Name() == "stale", h.Canary(), h.Name())
	}
	require.Equal(t, []string{"fallback", "recheck", "recheckliteral", "retain", "snapshot", "stale"}, names)
	found, err := HandoverByName("")
	require.NoError(t, err)
	require.Equal(t, "snapshot", found.Name())
	_, err = HandoverByName("magic")
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, `"magic"`)
	require.ErrorContains(t, err, "choose one of fallback, recheck")
}

// A model is the log as it ought to be: the offsets that a read returns, and how many of them a crash leaves.
type model struct {
	rig      *rig
	complete []Offset
	open     *Transaction
	reads    int
}

// step does one operation, chosen by three numbers, on the log and the model, and returns a difference or "".
func (m *model) step(choice, a, b uint8) string {
	r := m.rig
	switch choice % 12 {
	case 0, 1, 2, 3:
		m.append(1 + int(a)%4)
	case 4:
		m.appendAt(uint64(a)%5, uint64(b)%7)
	case 5:
		if m.open == nil {
			m.open = r.begin()
		} else {
			r.add(m.open, 1+int(a)%6)
		}
	case 6:
		m.end(a%3 == 0)
	case 7:
		r.flush()
	case 8:
		r.flushFragments()
	case 9:
		m.again(a%2 == 0)
	default:
		return m.read(m.bound(a), m.bound(b))
	}
	return ""
}

func (m *model) append(n int) {
	if m.open != nil {
		return // it would wait
	}
	last := m.rig.append(n)
	for i := range uint64(n) {
		m.complete = append(m.complete, Offset{last.Tx, i})
	}
}

func (m *model) appendAt(txGap, opGap uint64) {
	if m.open != nil {
		return
	}
	tx := m.last().Tx + 1 + txGap
	records := []Record{recordAt(Offset{tx, opGap}), recordAt(Offset{tx, opGap*2 + 1})}
	require.NoError(m.rig.t, m.rig.AppendAt(background, records...))
	m.complete = append(m.complete, records[0].Offset, records[1].Offset)
}

func (m *model) last() Offset {
	if len(m.complete) == 0 {
		return Offset{}
	}
	return m.complete[len(m.complete)-1]
}

func (m *model) end(abort bool) {
	tx := m.open
	if tx == nil {
		return
	}
	m.open = nil
	if abort || tx.count == 0 {
		require.NoError(m.rig.t, tx.Abort(background))
		return
	}
	m.rig.commit(tx)
	for i := range tx.count {
		m.complete = append(m.complete, Offset{tx.Tx(), i})
	}
}

// again opens the log again, after a Close or after a crash, which leaves what was durable.
func (m *model) again(crash bool) {
	m.open = nil
	if !crash {
		m.rig.reopen()
		return
	}
	durable := m.rig.Durable()
	m.rig.crash()
	for durable.Before(m.last()) {
		m.complete = m.complete[:len(m.complete)-1]
	}
}

// bound is an offset in, around or beyond the log.
func (m *model) bound(n uint8) Offset {
	switch {
	case n < 30:
		return Offset{}
	case n < 80 || len(m.complete) == 0:
		return End
	}
	o := m.complete[int(n)%len(m.complete)]
	return []Offset{o, {o.Tx, o.Op + 1}, {o.Tx, math.MaxUint64}, before(o)}[n%4]
}

func (m *model) read(after, upTo Offset) string {
	m.reads++
	var want []string
	for _, o := range m.complete {
		if after.Before(o) && !upTo.Before(o) {
			want = append(want, o.String())
		}
	}
	if got := m.rig.offsets(after, upTo); got != strings.Join(want, " ") {
		return fmt.Sprintf("read (%v, %v] returned %q, not %q", after, upTo, got, strings.Join(want, " "))
	}
	return ""
}

// runModel runs a random program; every three numbers are an operation.
func runModel(t *testing.T, h Handover, numbers []uint8) (difference string, reads int) {
	o := small()
	o.Handover = h
	m := &model{rig: newRig(t, o)}
	defer func() { _ = m.rig.store.Close(background) }()
	for ; len(numbers) >= 3; numbers = numbers[3:] {
		if d := m.step(numbers[0], numbers[1], numbers[2]); d != "" {
			return d, m.reads
		}
	}
	m.end(false)
	return m.read(Offset{}, End), m.reads
}

func programs() gopter.Gen { return gen.SliceOf(gen.UInt8()) }

func modelParameters() *gopter.TestParameters {
	parameters := gopter.DefaultTestParametersWithSeed(7)
	parameters.MinSuccessfulTests, parameters.MaxSize = 150, 400
	return parameters
}

func TestAHandoverThatHoldsBehavesAsTheModelSequentially(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Snapshot, Retain, Stale, Recheck} { // the last two are wrong only when others run between
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			reads := 0
			properties := gopter.NewProperties(modelParameters())
			properties.Property("reads as the model says", prop.ForAll(func(numbers []uint8) string {
				difference, n := runModel(t, h, numbers)
				reads += n
				return difference
			}, programs()))
			properties.TestingRun(t)
			require.Greater(t, reads, 500, "the programs read")
		})
	}
}

func TestTheModelTellsABadHandoverFromAGoodOne(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{RecheckLiteral, Fallback} {
		found := ""
		for seed := uint8(0); seed < 50 && found == ""; seed++ {
			numbers := make([]uint8, 300)
			for i, x := 0, uint32(seed)+1; i < len(numbers); i++ {
				x = x*1664525 + 1013904223
				numbers[i] = uint8(x >> 24)
			}
			found, _ = runModel(t, h, numbers)
		}
		require.NotEmpty(t, found, h.Name())
	}
}

// with opens a log with a hand-over.
func with(t *testing.T, h Handover) *rig {
	t.Helper()
	o := small()
	o.Handover = h
	return newRig(t, o)
}

func TestRecheckLiteralMissesAnAppendWithoutAnySwitch(t *testing.T) {
	t.Parallel()
	r := with(t, RecheckLiteral)
	r.append(1)
	require.Equal(t, "", r.all(), "persisted equals the lower bound, so it reads the file, and the record is in memory")
	r.flush()
	require.Equal(t, "1.0", r.all())
	r.append(1)
	require.Equal(t, "1.0 2.0", r.all(), "a read from before the flushed end is mixed, and right")
	require.Equal(t, "", r.offsets(Offset{1, 0}, End), "a reader that follows the flushed end misses it")
	r.append(1)
	require.Equal(t, "3.0", r.offsets(Offset{2, 0}, End), "a reader ahead of the flushed end does not")
}

func TestRecheckLiteralDropsTheBound(t *testing.T) {
	t.Parallel()
	r := with(t, RecheckLiteral)
	r.append(1)
	r.flush()
	tx := r.begin()
	r.add(tx, 3)
	r.flushFragments()
	require.Equal(t, "", r.offsets(Offset{1, 0}, Offset{1, 5}))
	require.Equal(t, "1.0", r.all())
	require.NoError(t, tx.Abort(background))
}

func TestFallbackMissesRecordsBelowABoundBetweenTwoOffsets(t *testing.T) {
	t.Parallel()
	r := with(t, Fallback)
	r.append(1)
	require.NoError(t, r.AppendAt(background, recordAt(Offset{3, 0})))
	require.Equal(t, "1.0", r.offsets(Offset{}, Offset{1, 0}), "a bound that exists is reached")
	require.Equal(t, "1.0 3.0", r.all())
	require.Equal(t, "", r.offsets(Offset{}, Offset{2, 0}), "1.0 was acknowledged, lies below the bound, and is in memory only")
	require.Equal(t, "", r.offsets(Offset{}, Offset{1, 7}))
	r.flush()
	require.Equal(t, "1.0", r.offsets(Offset{}, Offset{2, 0}), "on disk it is found")
	require.NoError(t, r.AppendAt(background, recordAt(Offset{5, 0})))
	require.NoError(t, r.AppendAt(background, recordAt(Offset{9, 0})))
	require.Equal(t, "1.0 3.0", r.offsets(Offset{}, Offset{6, 0}), "a mixed read misses 5.0 too")
	require.Equal(t, "", r.offsets(Offset{3, 0}, Offset{6, 0}))
}

func TestStaleAndRecheckAreRightWhenNothingRunsBetween(t *testing.T) {
	t.Parallel()
	for _, h := range []Handover{Stale, Recheck} {
		for _, flushes := range [][]uint64{nil, {4}, {1, 2, 9}, {10}} {
			o := small()
			o.Handover = h
			r := spreadLog(t, o, flushes...)
			checkBounds(t, r)
			r.reopen()
			checkBounds(t, r)
		}
	}
}

func TestRetainKeepsNoGenerationWithoutAReader(t *testing.T) {
	t.Parallel()
	r := with(t, Retain)
	for range 50 {
		r.append(2)
		r.flush()
	}
	h := r.handover.(*retain)
	require.Len(t, h.generations, 1)
	require.Empty(t, h.generations[0].frames)
	require.Empty(t, h.readers)
	require.Len(t, r.offsets(Offset{49, 0}, End), len("49.1 50.0 50.1"))
	require.Empty(t, h.readers, "a reader leaves")
}

func TestASharedTailIsEmptyAfterAFlush(t *testing.T) {
	t.Parallel()
	r := with(t, Stale)
	r.append(3)
	h := r.handover.(*stale)
	require.Len(t, h.frames, 3)
	r.flush()
	require.Empty(t, h.frames)
}
