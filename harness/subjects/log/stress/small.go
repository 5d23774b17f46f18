package stress

import (
	"fmt"
	"math"
	"strings"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	harness "github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/storage"
)

// smallProgram makes a program that can be explored from the operations around a violation: the append of the missing records,
// the transactions right before and after it, a flush, and the read. Transactions are renumbered, so that the first append makes
// transaction 1. The program is in the grammar of package cases, without a head.
func (r *round) smallProgram(v *check.Violation) string {
	missing := v.MissingFrom
	if missing == 0 {
		missing = v.At.Tx
	}
	missing = max(missing, 1)
	before := uint64(0) // transactions that the read's lower bound may name
	if v.After.Tx > 0 && missing > 1 {
		before = 1
	}
	base := missing - 1 - before // subtracted from each number
	records := 1
	if _, events := r.appendOf(v); len(events) == 2 {
		records = events[1].op.Records
	}
	appends := make([]string, 0, 3)
	if before > 0 {
		appends = append(appends, "append 1")
	}
	appends = append(appends, fmt.Sprintf("append %d", records), "append 1")
	return fmt.Sprintf("w0: %s; f0: flush; r0: read %s %s", strings.Join(appends, ", "), renumbered(v.After, base, true), renumbered(v.UpTo, base, false))
}

// renumbered is a bound of a read, as the small program writes it.
func renumbered(o harness.Offset, base uint64, lower bool) string {
	switch {
	case o == storage.End:
		return "end"
	case o.Tx <= base && lower:
		return "-"
	case o.Tx > base+3 || o.Tx <= base:
		return "end"
	case o.Op == math.MaxUint64 || lower: // a read from or to the inside of a transaction might yield nothing
		return fmt.Sprintf("%d.+", o.Tx-base)
	}
	return fmt.Sprintf("%d.%d", o.Tx-base, o.Op)
}
