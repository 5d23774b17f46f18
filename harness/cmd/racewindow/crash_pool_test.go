package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pooledCounter takes the digit that it writes from a pool. An atomic operation, which is a point, says that the pool was empty.
var pooledCounter = strings.NewReplacer(
	"\t\"sync\"\n", "\t\"sync\"\n\t\"sync/atomic\"\n",
	"// A Tally keeps", "var made atomic.Int64\n\nvar digits = sync.Pool{New: func() any { made.Add(1); return new([1]byte) }}\n\n// A Tally keeps",
	"\t\tvar digit [1]byte\n", "\t\tdigit := digits.Get().(*[1]byte)\n\t\tdefer digits.Put(digit)\n",
).Replace(safeFileCounter)

// A recovery stands for another process. So it finds nothing in a pool that the threads have put there which power was taken from, and they
// find theirs when they go on.
func TestARecoverySharesNoPoolWithTheExecutionThatItInterrupts(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, pooledCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	code, output := commandIn(t, folder, "crash", "--schedules", "300", "--seed", "1", ".")
	require.Equal(t, exitHeld, code, output)
}
