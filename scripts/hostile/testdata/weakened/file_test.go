package weakened

import (
	"os"
	"testing"
)

func TestPutOnAClosedFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	if err := Put(f, []byte("x")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if Put(f, []byte("x")) == nil {
		t.Fatal("no error")
	}
}
