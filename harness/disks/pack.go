package disks

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
)

// MaxPacked is the most bytes of a packed image.
const MaxPacked = 8 << 20

// Packed is a gzipped tar of the image's files; nil if it would have more than MaxPacked bytes. A second name of a file is a file of its
// own.
func (i *Image) Packed() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	var wrong error
	for _, path := range i.Paths() {
		if bytes, is := i.Bytes(path); is {
			_, err := add(t, &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(bytes))}, bytes)
			wrong = errors.Join(wrong, err)
			continue
		}
		_, err := add(t, &tar.Header{Typeflag: tar.TypeDir, Name: path, Mode: 0o755}, nil)
		wrong = errors.Join(wrong, err)
	}
	if errors.Join(wrong, t.Close(), z.Close()) != nil || b.Len() > MaxPacked {
		return nil
	}
	return b.Bytes()
}

func add(t *tar.Writer, h *tar.Header, bytes []byte) (n int, err error) {
	if err := t.WriteHeader(h); err != nil {
		return 0, err
	}
	return t.Write(bytes)
}
