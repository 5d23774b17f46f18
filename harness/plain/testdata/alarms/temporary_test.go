package alarms

import (
	"path/filepath"
	"syscall"
	"testing"
)

// taken is the folder that another process has made where the previous execution had its temporary one.
var taken string

func TestOthersTakeTheNameOfATemporaryFolderRight(t *testing.T) {
	if taken != "" {
		if err := syscall.Rmdir(taken); err != nil {
			t.Errorf("the folder of another process: %v", err)
		}
	}
	t.Cleanup(func() { others(taken) }) // after T.TempDir has removed the folder
	taken = filepath.Dir(t.TempDir())
	overtaken()
}
