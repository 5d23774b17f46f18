package properties

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/storage"
)

func TestRecoveryAfterCloseEqualsWhatWasThere(t *testing.T) {
	t.Parallel()
	checkScripts(t, "closing and opening changes nothing", stepWords, func(h storage.Handover, s []uint8) error {
		r, err := newLogRig(tiny(h, storage.MemoryDisk()))
		if err != nil {
			return err
		}
		if err := r.steps(s); err != nil {
			return err
		}
		for range 2 {
			if err := r.reads(storage.Offset{}, r.all); err != nil {
				return err
			}
			if err := r.reopen(); err != nil {
				return err
			}
		}
		if err := r.reads(storage.Offset{}, r.all); err != nil {
			return err
		}
		return r.store.Close(background)
	})
}

// A transaction that is open when the log closes is lost, though its fragments are in the file already.
func TestPrefixRecoveryHoldsWhenATransactionIsOpenAtTheClose(t *testing.T) {
	t.Parallel()
	checkScripts(t, "what is recovered is every whole transaction, in the order of the appends, and nothing past it", stepWords, func(h storage.Handover, s []uint8) error {
		disk := &countedDisk{Disk: storage.MemoryDisk()}
		r, err := newLogRig(tiny(h, disk))
		if err != nil {
			return err
		}
		for range 2 {
			if err := r.steps(s); err != nil {
				return err
			}
			if err := r.leaveOpen(disk); err != nil {
				return err
			}
			if err := r.reopen(); err != nil {
				return err
			}
			if err := r.reads(storage.Offset{}, r.all); err != nil {
				return err
			}
		}
		return r.store.Close(background)
	})
}

// leaveOpen leaves a transaction open that is partly on the disk.
func (r *logRig) leaveOpen(disk *countedDisk) error {
	if err := r.log.Flush(background); err != nil {
		return err
	}
	tx, err := r.log.Begin(background)
	if err != nil {
		return err
	}
	before := disk.syncs.Load()
	for range 4 {
		if err := tx.Add(background, storage.Record{Value: make([]byte, 200)}); err != nil {
			return err
		}
	}
	for disk.syncs.Load() == before {
		runtime.Gosched() // the flusher has been asked: it is more than FlushBytes
	}
	return nil
}

func TestRecoveryIdempotenceHoldsForCleanCloses(t *testing.T) {
	t.Parallel()
	checkScripts(t, "recovering what was recovered changes no byte on the disk", stepWords, func(h storage.Handover, s []uint8) error {
		disk := storage.MemoryDisk()
		r, err := newLogRig(tiny(h, disk))
		if err != nil {
			return err
		}
		if err := r.steps(s); err != nil {
			return err
		}
		if err := r.reopen(); err != nil {
			return err
		}
		if err := r.store.Close(background); err != nil {
			return err
		}
		before, err := filesOn(disk)
		if err != nil {
			return err
		}
		for range 2 {
			if err := r.open(); err != nil {
				return err
			}
			if err := r.store.Close(background); err != nil {
				return err
			}
		}
		after, err := filesOn(disk)
		if err != nil {
			return err
		}
		if !maps.EqualFunc(before, after, bytes.Equal) {
			return fmt.Errorf("before %v, after %v", lengths(before), lengths(after))
		}
		return nil
	})
}

// The watermark says what a crash cannot take: a copy of the disk, made between two steps, holds it. Flushes happen only on
// request, so nobody writes during the copy.
func TestWhatIsDurableIsOnTheDisk(t *testing.T) {
	t.Parallel()
	checkScripts(t, "everything up to Durable is on disk, and what follows it there is what was appended", stepWords, func(h storage.Handover, s []uint8) error {
		disk := storage.MemoryDisk()
		o := tiny(h, disk)
		o.FlushBytes, o.ChunkBytes = 1<<30, 1<<20
		r, err := newLogRig(o)
		if err != nil {
			return err
		}
		var before storage.Offset
		for i, n := range s {
			if err := r.step(n); err != nil {
				return err
			}
			durable := r.log.Durable()
			if durable == before {
				continue
			}
			before = durable
			if err := r.onDisk(disk, durable); err != nil {
				return fmt.Errorf("step %d, %s, durable %v: %w", i+1, stepWords(n), durable, err)
			}
		}
		return r.store.Close(background)
	})
}

// onDisk opens a copy of the disk and compares what it holds with what was appended.
func (r *logRig) onDisk(disk storage.Disk, durable storage.Offset) error {
	files, err := filesOn(disk)
	if err != nil {
		return err
	}
	o := r.options
	if o.Disk, err = diskOf(files); err != nil {
		return err
	}
	again, err := newLogRig(o)
	if err != nil {
		return err
	}
	got, err := offsets(again.log.Read(background, storage.Offset{}, storage.End))
	if err != nil {
		return err
	}
	if len(got) > len(r.all) || !slices.Equal(got, r.all[:len(got)]) || durable != (storage.Offset{}) && !slices.Contains(got, durable) {
		return fmt.Errorf("on disk are %v, appended were %v", got, r.all)
	}
	return again.store.Close(background)
}

// diskOf makes a disk with those files.
func diskOf(files map[string][]byte) (storage.Disk, error) {
	disk := storage.MemoryDisk()
	for name, content := range files {
		folder, _, _ := strings.Cut(name, "/")
		if err := disk.Mkdir(folder); err != nil {
			return nil, err
		}
		f, err := disk.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.WriteAt(content, 0); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return disk, nil
}

func lengths(files map[string][]byte) (words []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		words = append(words, fmt.Sprintf("%s %d bytes", name, len(files[name])))
	}
	return words
}

// filesOn reads every file of a store.
func filesOn(disk storage.Disk) (files map[string][]byte, err error) {
	files = map[string][]byte{}
	folders, err := disk.List(".")
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		if !folder.Folder {
			continue
		}
		entries, err := disk.List(folder.Name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := folder.Name + "/" + e.Name
			if files[name], err = contentOf(disk, name); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

func contentOf(disk storage.Disk, name string) ([]byte, error) {
	f, err := disk.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	if size == 0 {
		return content, nil
	}
	_, err = f.ReadAt(content, 0)
	return content, err
}
