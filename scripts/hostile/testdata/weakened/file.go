// Package weakened has a sync that a test notices and one that none does.
package weakened

import "os"

func Put(f *os.File, b []byte) error {
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}
