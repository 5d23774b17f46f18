package history

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/natefinch/atomic"
	"github.com/racewindow/racewindow/harness"
)

type File struct{ path string }

func (f File) Write(s string) error { return atomic.WriteFile(f.path, strings.NewReader(s)) }
func (f File) Read() (string, error) {
	b, err := os.ReadFile(f.path)
	if os.IsNotExist(err) {
		return "", nil
	}
	return string(b), err
}

func (f File) SyncDir() error {
	d, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// After a crash, the file has its old content or its new one; once its folder is synced, the new one.
func TestFile(t *testing.T) {
	harness.Check(t, harness.Subject[File]{
		Open: func(_ context.Context, env harness.Env) (File, error) {
			return File{filepath.Join(env.Dir(), "file")}, nil
		},
		Ops: harness.Ops{"write": harness.Op{Do: File.Write, Durable: "syncdir"}, "read": File.Read, "syncdir": File.SyncDir},
	})
}
