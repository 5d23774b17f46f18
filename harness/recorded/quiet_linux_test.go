package recorded

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuietReadsGiveWhatIsThereAndSayWhatIsNot(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, []byte("abcdef"), 0o600))
	fd, err := quietOpen(name, syscall.O_RDONLY)
	require.NoError(t, err)
	defer syscall.Close(fd)
	p := make([]byte, 3)
	require.NoError(t, quietRead(fd, p, 2))
	require.Equal(t, "cde", string(p))
	require.NoError(t, quietRead(fd, nil, 100))
	require.ErrorIs(t, quietRead(fd, p, 4), io.ErrUnexpectedEOF)
	require.ErrorIs(t, quietRead(-1, p, 0), syscall.EBADF)
	_, err = quietOpen(name+".missing", syscall.O_RDONLY)
	require.ErrorIs(t, err, syscall.ENOENT)
	_, err = quietOpen("a\x00b", syscall.O_RDONLY)
	require.ErrorIs(t, err, syscall.EINVAL)
}
