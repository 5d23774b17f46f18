package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstStacksAreWholeAndTheRestIsCounted(t *testing.T) {
	t.Parallel()
	require.Equal(t, "goroutine 1", firstStacks("goroutine 1\n\n"))
	long := strings.Repeat("x", 5000)
	require.Equal(t, long+"\n\n2 more; --out DIR keeps all of them", firstStacks(long+"\n\ngoroutine 2\n\ngoroutine 3\n\n"))
	require.Equal(t, "goroutine 2\n\ngoroutine 3\n\n1 more; --out DIR keeps all of them", firstStacks("goroutine 2\n\ngoroutine 3\n\n"+long))
}
