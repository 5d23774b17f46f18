package shapes

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

func TestFileOfARootIsMadeOnce(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if f, err := root.Open("lock"); err == nil {
				_ = f.Close()
				return
			}
			f, err := root.Create("lock")
			if err != nil {
				t.Error(err)
				return
			}
			made.Add(1)
			_ = f.Close()
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("the file was made %d times", made.Load())
	}
}
