package log

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheKindOfAFaultSaysWhereAndWhat(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]string{
		"w0@flush/sync-error#2=EIO": "flush/sync-error EIO", "w0@flush/short-write#1=30": "flush/short-write",
		"disk write *.seg #3+ = ENOSPC/40": "disk write ENOSPC", "disk sync * = EIO": "disk sync EIO",
	} {
		f, err := parseFault(text)
		require.NoError(t, err)
		require.Equal(t, kind, f.Kind())
	}
}
