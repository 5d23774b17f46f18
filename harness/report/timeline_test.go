package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// With the beginnings, all goroutines that main's goroutine has started had one name.
func TestAListOfManyGoroutinesShowsTheEndsOfTheirNames(t *testing.T) {
	t.Parallel()
	r := &Run{}
	for i := range 12 {
		r.Threads = append(r.Threads, fmt.Sprintf("main/serve#1/answer#%d", i+10))
		r.Rows = append(r.Rows, Row{Step: i + 1, Thread: i, Text: "Lock"})
	}
	l := r.layOut(r.Rows, 80)
	require.NotZero(t, l.named, "there is no room for a column each")
	heading := r.timeline(80, 100)[0].text
	require.Equal(t, "step  thread", strings.TrimRight(heading, " "), "the columns of threads and of what they do are named")
	require.Less(t, len(heading), 80)
	for i, row := range r.Rows {
		require.Contains(t, r.line(row, l).text, fmt.Sprintf("...e#1/answer#%d Lock", i+10))
	}
}
