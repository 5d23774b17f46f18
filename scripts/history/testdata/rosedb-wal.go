package history

import (
	"sync"
	"testing"

	"github.com/rosedblabs/wal"
)

// Readers do not disturb each other.
func TestReadersBesideEachOther(t *testing.T) {
	w, err := wal.Open(wal.Options{DirPath: t.TempDir(), SegmentSize: 1 << 20, SegmentFileExt: ".SEG"})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := w.Write([]byte("one"))
	b, _ := w.Write([]byte("two"))
	var wg sync.WaitGroup
	for pos, want := range map[*wal.ChunkPosition]string{a: "one", b: "two"} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if got, err := w.Read(pos); err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}()
	}
	wg.Wait()
	w.Close()
}
