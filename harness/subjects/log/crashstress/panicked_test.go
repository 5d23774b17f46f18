package crashstress

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage"
	"github.com/racewindow/racewindow/storage/disk"
)

// A bursting disk makes the engine panic: where it syncs a file, or already where it syncs a folder.
type bursting struct {
	storage.Disk
	folders bool
}

func (b bursting) Create(name string) (disk.File, error) {
	f, err := b.Disk.Create(name)
	if b.folders {
		return f, err
	}
	return burstingFile{f}, err
}

func (b bursting) SyncDir(path string) error {
	if b.folders {
		panic("a folder too many")
	}
	return b.Disk.SyncDir(path)
}

type burstingFile struct{ disk.File }

func (burstingFile) Sync() error { panic("a sync too many") }

func TestAPanicOfTheEngineBreaksAPromise(t *testing.T) {
	t.Parallel()
	for _, goroutines := range []int{1, 4} {
		for folders, detail := range map[bool]string{false: "panic: a sync too many; crashstress.burstingFile.Sync", true: "panic: a folder too many; crashstress.bursting.SyncDir"} {
			s, err := Run(context.Background(), Config{Goroutines: goroutines, Cycles: 200, Seed: 1, Wrap: func(d *crash.Disk) storage.Disk { return bursting{d, folders} }})
			require.NoError(t, err)
			require.NotNil(t, s.Violation)
			require.Equal(t, "Progress", s.Violation.Promise)
			require.Contains(t, s.Violation.Detail, detail)
		}
	}
}
