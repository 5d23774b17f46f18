package soak

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
)

// diskName is the file of a finding that holds its disk, maxDiskBytes the most that it may have.
const (
	diskName     = "disk.tar.gz"
	maxDiskBytes = 8 << 20
)

// Packed makes one file of a folder; nil if that cannot be done, or it is too large to be kept.
func Packed(folder string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	if errors.Join(t.AddFS(os.DirFS(folder)), t.Close(), z.Close()) != nil || b.Len() > maxDiskBytes {
		return nil
	}
	return b.Bytes()
}
