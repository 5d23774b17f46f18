package soak

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
)

// diskName is the file of a finding that holds its disk, maxDiskBytes the largest size of that file.
const (
	diskName     = "disk.tar.gz"
	maxDiskBytes = 8 << 20
)

// Packed is a gzipped tar of a folder; nil if it cannot be made, or is too large to keep.
func Packed(folder string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	if errors.Join(t.AddFS(os.DirFS(folder)), t.Close(), z.Close()) != nil || b.Len() > maxDiskBytes {
		return nil
	}
	return b.Bytes()
}
