package storage

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The specification of Read, boundary by boundary. The log holds
//
//	1.0   2.0 2.1 2.2 2.3   3.0   4.0 4.1
//
// where 2 was built from fragments. What Read yields must not depend on who serves it, so each row is read from each of the
// sources below, before and after a reopen.

// readSpec is, for each boundary, what lies up to it and what lies past it.
var readSpec = []struct {
	boundary string
	at       Offset
	upTo     string // of Read(-, at]
	past     string // of Read(at, end]
}{
	{"before the first record", Offset{}, "", "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1"},
	{"before the first transaction, with an op", Offset{0, 9}, "", "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1"},
	{"at the first record", Offset{1, 0}, "1.0", "2.0 2.1 2.2 2.3 3.0 4.0 4.1"},
	{"between two records of two transactions", Offset{1, 1}, "1.0", "2.0 2.1 2.2 2.3 3.0 4.0 4.1"},
	{"past all of a transaction", Offset{1, math.MaxUint64}, "1.0", "2.0 2.1 2.2 2.3 3.0 4.0 4.1"},
	{"at the first record of a transaction", Offset{2, 0}, "1.0 2.0", "2.1 2.2 2.3 3.0 4.0 4.1"},
	{"inside a transaction", Offset{2, 1}, "1.0 2.0 2.1", "2.2 2.3 3.0 4.0 4.1"},
	{"inside a transaction, one further", Offset{2, 2}, "1.0 2.0 2.1 2.2", "2.3 3.0 4.0 4.1"},
	{"at the last record of a transaction", Offset{2, 3}, "1.0 2.0 2.1 2.2 2.3", "3.0 4.0 4.1"},
	{"one past the last record of a transaction", Offset{2, 4}, "1.0 2.0 2.1 2.2 2.3", "3.0 4.0 4.1"},
	{"at a transaction of one record", Offset{3, 0}, "1.0 2.0 2.1 2.2 2.3 3.0", "4.0 4.1"},
	{"one before the last record", Offset{4, 0}, "1.0 2.0 2.1 2.2 2.3 3.0 4.0", "4.1"},
	{"at the last record", Offset{4, 1}, "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1", ""},
	{"one past the last record", Offset{4, 2}, "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1", ""},
	{"past the end", Offset{5, 0}, "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1", ""},
	{"far past the end", Offset{math.MaxUint64, 0}, "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1", ""},
	{"the end", End, "1.0 2.0 2.1 2.2 2.3 3.0 4.0 4.1", ""},
}

// readSources are who serves the reads: flushed names the record up to which the log was on disk when it was read, zero
// for none. Each such offset, and the one to either side, is a row above.
var readSources = []struct {
	name    string
	flushed Offset
}{
	{"tail alone", Offset{}},
	{"mixed, the flush ended at a transaction's end", Offset{1, 0}},
	{"mixed, the flush ended inside a transaction", Offset{2, 1}},
	{"mixed, the flush ended after fragments", Offset{2, 3}},
	{"mixed, one transaction in the tail", Offset{3, 0}},
	{"files alone", Offset{4, 1}},
}

// specLog builds the log, flushed up to a record.
func specLog(t *testing.T, o Options, flushed Offset) *rig {
	t.Helper()
	r := newRig(t, o)
	flushAt := func(at Offset, flush func()) {
		if at == flushed {
			flush()
		}
	}
	r.append(1)
	flushAt(Offset{1, 0}, r.flush)
	tx := r.begin()
	r.add(tx, 3) // the newest record of an open transaction is held back
	flushAt(Offset{2, 1}, r.flushFragments)
	r.add(tx, 1)
	r.commit(tx)
	flushAt(Offset{2, 3}, r.flush)
	r.append(1)
	flushAt(Offset{3, 0}, r.flush)
	r.append(2)
	flushAt(Offset{4, 1}, r.flush)
	require.Equal(t, flushed, r.view.Load().last, "this is what the source is about")
	return r
}

// eachSpecLog visits every source under every hand-over that must hold, as it was built and after a reopen.
func eachSpecLog(t *testing.T, visit func(t *testing.T, r *rig)) {
	t.Helper()
	for _, h := range Handovers() {
		if !h.Holds() {
			continue
		}
		for _, source := range readSources {
			for size, o := range map[string]Options{"small": small(), "roomy": roomy()} {
				t.Run(strings.ReplaceAll(h.Name()+"/"+source.name+"/"+size, " ", "-"), func(t *testing.T) {
					t.Parallel()
					o.Handover = h
					r := specLog(t, o, source.flushed)
					visit(t, r)
					r.reopen()
					visit(t, r)
				})
			}
		}
	}
}

func TestReadAtEveryBoundary(t *testing.T) {
	t.Parallel()
	eachSpecLog(t, func(t *testing.T, r *rig) {
		for _, row := range readSpec {
			require.Equal(t, row.upTo, r.offsets(Offset{}, row.at), "up to %v, %s", row.at, row.boundary)
			require.Equal(t, row.past, r.offsets(row.at, End), "past %v, %s", row.at, row.boundary)
			require.Equal(t, "", r.offsets(row.at, row.at), "nothing lies past %v and up to it", row.at)
		}
	})
}

// Between two boundaries lies what is past the one and not past the other.
func TestReadBetweenEveryTwoBoundaries(t *testing.T) {
	t.Parallel()
	eachSpecLog(t, func(t *testing.T, r *rig) {
		for _, after := range readSpec {
			for _, upTo := range readSpec {
				want := ""
				if after.at.Before(upTo.at) {
					want = strings.TrimSpace(strings.TrimSuffix(after.past, upTo.past))
				}
				require.Equal(t, want, r.offsets(after.at, upTo.at), "from %s to %s", after.boundary, upTo.boundary)
			}
		}
	})
}

func TestReadOfAnEmptyLogYieldsNothingAtAnyBoundary(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		o := small()
		o.Handover = h
		r := newRig(t, o)
		for _, state := range []string{"new", "flushed", "reopened", "after an abort"} {
			switch state {
			case "flushed":
				r.flush()
			case "reopened":
				r.reopen()
			case "after an abort":
				tx := r.begin()
				r.add(tx, 3)
				r.flushFragments()
				require.NoError(t, tx.Abort(background))
			}
			for _, after := range readSpec {
				for _, upTo := range readSpec {
					require.Equal(t, "", r.offsets(after.at, upTo.at), "%s, %s: from %s to %s", h.Name(), state, after.boundary, upTo.boundary)
				}
			}
		}
	}
}

// Where the hand-overs that do not hold differ from the table, without any switch. Everything else in it they serve right.
func TestReadAtEveryBoundaryWhereAHandoverIsKnownToBeWrong(t *testing.T) {
	t.Parallel()
	wrong := map[string]int{}
	for _, h := range Handovers() {
		if h.Holds() {
			continue
		}
		for _, source := range readSources {
			o := roomy()
			o.Handover = h
			r := specLog(t, o, source.flushed)
			for _, row := range readSpec {
				if r.offsets(Offset{}, row.at) != row.upTo || r.offsets(row.at, End) != row.past {
					wrong[h.Name()]++
				}
			}
			r.reopen()
			for _, row := range readSpec {
				require.Equal(t, row.upTo, r.offsets(Offset{}, row.at), "%s after a reopen, when all is on disk: up to %v", h.Name(), row.at)
				require.Equal(t, row.past, r.offsets(row.at, End), "%s after a reopen, when all is on disk: past %v", h.Name(), row.at)
			}
		}
	}
	require.Zero(t, wrong["stale"], "the analysed order is wrong only when a flush comes between")
	require.Zero(t, wrong["recheck"], "and so is the second look")
	require.NotZero(t, wrong["recheckliteral"])
	require.NotZero(t, wrong["fallback"])
}
