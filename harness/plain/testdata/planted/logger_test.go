package planted

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLogger(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := NewLogger(f)
	l.Print("one")
	synced := make(chan error)
	go func() { synced <- l.Sync() }()
	l.Print("two")
	if err := <-synced; err != nil {
		t.Error(err)
	}
	l.Sync()
	if b, err := os.ReadFile(f.Name()); err != nil || string(b) != "one\ntwo\n" {
		t.Fatalf("%q, %v", b, err)
	}
}
