package object

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/spec"
)

// half writes one of the two words of a string.
func half(text *string) { *(*[2]uintptr)(unsafe.Pointer(text)) = [2]uintptr{0, 7} }

// A machine may take the processor from a client at any instruction, such as between the two words of a string. Whoever copied the history
// then read seven bytes at the address nil, and the process ended.
func TestACopyOfARunHasTheWholeResultOfAnOperationOrNone(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	p, err := o.plan(parseOf(t, o, "c0: add(1), add(1); c1: get()"))
	require.NoError(t, err)
	r := p.newRun(nil, reflect.Value{}).observed()
	r.invoked(0, 1)
	e := &r.history[0]
	e.Returned, e.Outcome = 2, spec.OK
	half(&e.Result)
	half(&r.stacks[0])
	*(*[3]uintptr)(unsafe.Pointer(&r.values[0])) = [3]uintptr{0, 1, 1}
	r.history[1].Invoked = 3
	now := r.now()
	require.Equal(t, spec.History{{Outcome: spec.Pending, Invoked: 1}, {}, {}}, now.history)
	require.Empty(t, now.values[0])
	require.Empty(t, now.stacks[0])

	r.stacks[0] = "stack"
	r.returned(0, 2, answer{text: "text", values: []any{"text", 5}})
	now = r.now()
	require.Equal(t, spec.Entry{Outcome: spec.OK, Invoked: 1, Returned: 2, Result: "text"}, now.history[0])
	require.Equal(t, []any{"text", 5}, now.values[0])
	require.Equal(t, "stack", now.stacks[0])
}

// A copy that had a read, and not the write before it, was a finding about an object that is right.
func TestWhatIsCopiedWhileAClientGoesOnIsNotJudged(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	p, err := o.plan(parseOf(t, o, "c0: add(1); c1: get()"))
	require.NoError(t, err)
	in := &instance{run: p.newRun(nil, reflect.Value{}).observed()}
	since := in.moment.Load()
	require.NotNil(t, in.still(since))
	in.invoked(0, int(in.moment.Add(1)))
	require.Nil(t, in.still(since))
}
