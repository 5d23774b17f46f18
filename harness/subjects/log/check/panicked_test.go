package check

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

type engine struct{ records []int }

func (e *engine) read(at int) int { return e.records[at] }

func TestAPanicOfTheEngineNamesWhereItCame(t *testing.T) {
	t.Parallel()
	var v *Violation
	func() {
		defer func() { v = Panicked(recover(), debug.Stack()) }()
		(&engine{}).read(3)
	}()
	require.Equal(t, Progress, v.Promise)
	require.Regexp(t, `^panic: runtime error: index out of range \[3\] with length 0; check\.\(\*engine\)\.read \(panicked_test\.go:\d+\), called by check\.TestAPanicOf`, v.Detail)
	require.Equal(t, "panic: gone", Panicked("gone", nil).Detail)
}
