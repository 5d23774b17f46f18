package explore

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheProgramOfSeveralCanariesIsNamedOnce(t *testing.T) {
	t.Parallel()
	require.Empty(t, canariesFound(nil, nil))
	require.Equal(t, "a was found in schedule 1 of 'p'", canariesFound([]string{"a was found in schedule 1"}, []string{"p"}))
	require.Equal(t, "a, b of 'p'; c of 'q'", canariesFound([]string{"a", "b", "c"}, []string{"p", "p", "q"}))
}
