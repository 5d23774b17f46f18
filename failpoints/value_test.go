package failpoints

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFaultsValueBecomesAnError(t *testing.T) {
	t.Parallel()
	usual, given := errors.New("usual"), errors.New("given")
	require.Same(t, given, AsError(given, usual))
	require.EqualError(t, AsError("text", usual), "text")
	require.Same(t, usual, AsError(nil, usual))
	require.Same(t, usual, AsError(7, usual))
	require.ErrorIs(t, AsError(io.EOF, nil), io.EOF)
}

func TestAFaultsValueBecomesTheLengthOfATornTransfer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value        any
		length, want int
	}{
		{3, 10, 3},
		{"4", 10, 4},
		{nil, 10, 5},
		{"no number", 10, 5},
		{true, 9, 4},
		{-1, 10, 0},
		{11, 10, 10},
		{"99", 10, 10},
		{nil, 0, 0},
	} {
		require.Equal(t, c.want, AsLength(c.value, c.length), "%v of %d", c.value, c.length)
	}
}
