package log

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// Another thread may look while the context is being ended.
func TestAContextThatIsBeingEndedExcusesACallAndForbidsNone(t *testing.T) {
	t.Parallel()
	var none *lifeline
	require.False(t, none.over() || none.mayBeOver())
	l := newLifeline()
	ctx := endable{context.Background(), l}
	require.False(t, l.over() || l.mayBeOver())
	l.begun.Add(1) // as end does first
	require.True(t, l.mayBeOver())
	require.False(t, l.over(), "a call that begins now finds the context alive")
	require.NoError(t, ctx.Err())
	require.True(t, (&thread{lifeline: l}).excused(context.Canceled), "one that began before may have returned the error")

	l = newLifeline()
	l.end()
	l.end()
	require.True(t, l.over() && l.mayBeOver())
	require.ErrorIs(t, endable{context.Background(), l}.Err(), context.Canceled)
}
