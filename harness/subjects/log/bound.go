package log

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// A Base is what a bound counts from.
type Base uint8

// The bases of bounds, in the order of the grammar's table.
const (
	Beginning Base = iota
	TheEnd
	Fixed
	Acked
	Last
)

// A Part says which place in a transaction a bound means.
type Part uint8

const (
	// PartRecord is the record Bound.Op.
	PartRecord Part = iota
	// PartAll is past all records.
	PartAll
	// PartLast is the last record; only with Acked.
	PartLast
)

// A Bound of a read, in words that a program can use before anything has run. The zero Bound lies before all records.
type Bound struct {
	Base Base
	// Tx is the transaction of a Fixed bound, at least 1. Shift is how far an Acked one lies from the newest acknowledged.
	Tx    uint64
	Shift int64
	Part  Part
	Op    uint64
}

const maxBoundNumber = 1 << 32

func (b Bound) check() error {
	switch {
	case b.Base == Fixed && (b.Tx < 1 || b.Tx > maxBoundNumber || b.Part == PartLast):
		return fmt.Errorf("bound %v: transactions are counted from 1, to %d", b, maxBoundNumber)
	case b.Op > maxBoundNumber || b.Shift > maxBoundNumber || b.Shift < -maxBoundNumber:
		return fmt.Errorf("bound %v: numbers go to %d", b, maxBoundNumber)
	}
	return nil
}

// String prints the bound as the grammar writes it.
func (b Bound) String() string {
	switch b.Base {
	case Beginning:
		return "-"
	case TheEnd:
		return "end"
	case Last:
		return "last"
	case Fixed:
		return strconv.FormatUint(b.Tx, 10) + b.part()
	}
	if b.Shift == 0 {
		return "acked" + b.part()
	}
	return fmt.Sprintf("acked%+d%s", b.Shift, b.part())
}

func (b Bound) part() string {
	switch b.Part {
	case PartAll:
		return ".+"
	case PartLast:
		return ""
	}
	return "." + strconv.FormatUint(b.Op, 10)
}

var errBound = errors.New("not a bound: write -, end, T.O, T.+, acked, acked-N, acked-N.O, acked-N.+ or last")

func parseBound(word string) (b Bound, err error) {
	switch word {
	case "-":
		return Bound{}, nil
	case "end":
		return Bound{Base: TheEnd}, nil
	case "last":
		return Bound{Base: Last}, nil
	}
	rest, acked := strings.CutPrefix(word, "acked")
	number, part, parted := strings.Cut(rest, ".")
	switch {
	case acked && number != "":
		b.Shift, err = strconv.ParseInt(number, 10, 64)
		if number[0] != '+' && number[0] != '-' {
			err = errBound
		}
	case !acked:
		b.Tx, err = parseNumber(number)
	}
	b.Base = Fixed
	if acked {
		b.Base = Acked
	}
	switch {
	case err != nil:
	case part == "+":
		b.Part = PartAll
	case parted:
		b.Op, err = parseNumber(part)
	case acked:
		b.Part = PartLast
	default:
		err = errBound
	}
	if err != nil {
		return Bound{}, fmt.Errorf("%q: %w", word, errBound)
	}
	return b, nil
}

// parseNumber reads digits only: no sign, no underscores.
func parseNumber(text string) (uint64, error) {
	if text == "" || text[0] == '+' {
		return 0, errBound
	}
	return strconv.ParseUint(text, 10, 64)
}

// known is what a thread knows when a read begins.
type known struct {
	acked    uint64
	identity func(tx uint64) (check.Identity, bool) // of the first record of a transaction, if that was acknowledged
	last     check.Bound
}

// resolve turns the bound into an offset, and adds what is known about the record there.
func (b Bound) resolve(k known) check.Bound {
	switch b.Base {
	case Beginning:
		return check.Bound{}
	case TheEnd:
		return check.Bound{Offset: storage.End}
	case Last:
		return k.last
	}
	tx := b.Tx
	if b.Base == Acked {
		shifted := int64(k.acked) + b.Shift // both are far below 2^63
		if shifted <= 0 {
			return check.Bound{}
		}
		tx = uint64(shifted)
	}
	id, found := k.identity(tx)
	found = found && tx <= k.acked
	at := harness.Offset{Tx: tx, Op: b.Op}
	switch {
	case b.Part == PartAll || b.Part == PartLast && !found:
		return check.Bound{Offset: harness.Offset{Tx: tx, Op: math.MaxUint64}}
	case b.Part == PartLast:
		at.Op = uint64(id.Count) - 1
	}
	if !found || at.Op >= uint64(id.Count) {
		return check.Bound{Offset: at}
	}
	id.Index = uint16(at.Op)
	return check.Bound{Offset: at, Record: id}
}

// lower is resolve for a lower bound. Inside an unknown transaction it moves the bound to the end, because nothing is known to
// be due there.
func (b Bound) lower(k known) check.Bound {
	at := b.resolve(k)
	if _, found := k.identity(at.Offset.Tx); at.Record.Count == 0 && at.Offset.Tx > 0 && at.Offset != storage.End && (!found || at.Offset.Tx > k.acked) {
		at.Offset.Op = math.MaxUint64
	}
	return at
}
