package disks

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPackedImageHasItsFiles(t *testing.T) {
	t.Parallel()
	d := New()
	require.NoError(t, d.Mkdir("wal"))
	file, err := d.Create("wal/1")
	require.NoError(t, err)
	_, err = file.WriteAt([]byte("end"), 5000)
	require.NoError(t, err)
	require.NoError(t, file.Sync())
	require.NoError(t, d.SyncDir("."))
	require.NoError(t, d.SyncDir("wal"))
	z, err := gzip.NewReader(bytes.NewReader(d.At(Ordered).Enumerate(1)[0].Packed()))
	require.NoError(t, err)
	there := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		there[h.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	require.Equal(t, map[string][]byte{"wal/": {}, "wal/1": append(make([]byte, 5000), "end"...)}, there)
}

func TestAnImageThatIsTooLargeIsNotPacked(t *testing.T) {
	t.Parallel()
	d := New()
	file, err := d.Create("noise")
	require.NoError(t, err)
	noise := make([]byte, MaxPacked+1)
	rand.New(rand.NewSource(1)).Read(noise)
	_, err = file.WriteAt(noise, 0)
	require.NoError(t, err)
	require.NoError(t, file.Sync())
	require.NoError(t, d.SyncDir("."))
	require.Nil(t, d.At(Ordered).Enumerate(1)[0].Packed())
}
