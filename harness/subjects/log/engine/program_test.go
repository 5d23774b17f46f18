package engine

import (
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// draw returns the first operations of a program.
func draw(t *testing.T, mix Mix, seed uint64, client uint32, n int) (operations []Operation) {
	t.Helper()
	p, err := NewProgram(mix, seed, client)
	require.NoError(t, err)
	for range n {
		operations = append(operations, p.Next())
	}
	return operations
}

var everything = Mix{Append: 5, Fragments: 2, Abort: 1, Flush: 2, Read: 10, MaxRecords: 4}

func TestAProgramFollowsFromSeedAndClientAlone(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	properties.Property("equal seeds and clients draw the same, others do not", prop.ForAll(func(seed uint64, client uint32) bool {
		base := draw(t, everything, seed, client, 40)
		return equal(base, draw(t, everything, seed, client, 40)) &&
			!equal(base, draw(t, everything, seed+1, client, 40)) && !equal(base, draw(t, everything, seed, client+1, 40))
	}, gen.UInt64(), gen.UInt32()))
	properties.TestingRun(t)
}

func equal(a, b []Operation) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAProgramDrawsByTheWeightsOfItsMix(t *testing.T) {
	t.Parallel()
	const n = 20_000
	counts := map[OperationKind]int{}
	for _, op := range draw(t, everything, 1, 2, n) {
		counts[op.Kind]++
	}
	for kind, weight := range map[OperationKind]int{OpAppend: 5, OpFragments: 2, OpAbort: 1, OpFlush: 2, OpRead: 10} {
		require.InDelta(t, float64(weight)/20, float64(counts[kind])/n, 0.02, kind.String())
	}
}

func TestAMixWithOneKindDrawsNothingElse(t *testing.T) {
	t.Parallel()
	for kind, mix := range map[OperationKind]Mix{
		OpAppend: {Append: 1, MaxRecords: 1}, OpFragments: {Fragments: 3, MaxRecords: 2}, OpAbort: {Abort: 1, MaxRecords: 1},
		OpFlush: {Flush: 1}, OpRead: {Read: 2},
	} {
		for _, op := range draw(t, mix, 1, 1, 100) {
			require.Equal(t, kind, op.Kind)
		}
	}
}

func TestOperationsStayWithinTheirBounds(t *testing.T) {
	t.Parallel()
	records, shapes := map[int]bool{}, map[ReadShape]bool{}
	for _, op := range draw(t, everything, 3, 4, 5000) {
		switch op.Kind {
		case OpRead:
			require.Less(t, op.Shape, readShapes)
			require.True(t, op.Back >= 1 && op.Back < 32 && op.Length >= 1 && op.Length < 16, "%+v", op)
			require.True(t, op.Point >= 0 && op.Point < 1, "%+v", op)
			require.Zero(t, op.Records)
			shapes[op.Shape] = true
		case OpFlush:
			require.Equal(t, Operation{Kind: OpFlush}, op)
		default:
			require.True(t, op.Records >= 1 && op.Records <= 4, "%+v", op)
			records[op.Records] = true
		}
	}
	require.Len(t, records, 4)
	require.Len(t, shapes, int(readShapes))
}

func TestAMixWithoutOperationsIsAnError(t *testing.T) {
	t.Parallel()
	for _, mix := range []Mix{{}, {MaxRecords: 3}} {
		_, err := NewProgram(mix, 1, 77)
		require.ErrorContains(t, err, "program of client 77")
		require.ErrorContains(t, err, "has no operation")
	}
}

func TestOperationKindsHaveNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, kind := range OperationKinds() {
		require.NotEmpty(t, kind.String())
		names[kind.String()] = true
	}
	require.Len(t, names, int(Kinds))
}
