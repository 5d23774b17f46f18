package storage

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// rolling is a log whose next flush makes a new file.
func rolling(t *testing.T) (r *rig, disk *brokenDisk, durable Offset) {
	t.Helper()
	disk = newBrokenDisk()
	o := small()
	o.Disk = disk
	r = newRig(t, o)
	for range 12 {
		r.append(1)
	}
	r.flush()
	durable = r.Durable()
	r.append(1)
	return r, disk, durable
}

// newFileCalls are the calls of such a flush, in order: the full file is cut, the new one made, the frames written.
var newFileCalls = []struct {
	diskCall
	n int
}{
	{diskCall{"truncate", ".seg"}, 1},
	{diskCall{"sync", ".seg"}, 1},
	{diskCall{"create", ".tmp"}, 1},
	{diskCall{"write", ".tmp"}, 1},
	{diskCall{"sync", ".tmp"}, 2},
	{diskCall{"rename", ".tmp"}, 1},
	{diskCall{"syncdir", theHandle}, 1},
	{diskCall{"write", ".tmp"}, 2},
	{diskCall{"sync", ".tmp"}, 3},
}

func TestANewFilesFailurePoisonsTheLogAndClosesTheFile(t *testing.T) {
	t.Parallel()
	for _, cause := range []syscall.Errno{syscall.EIO, syscall.ENOSPC} {
		for _, call := range newFileCalls {
			if cause == syscall.ENOSPC && (call.operation == "create" || call.operation == "write") {
				continue // a full disk
			}
			t.Run(fmt.Sprintf("%v/%s %d", cause, call.operation, call.n), func(t *testing.T) {
				t.Parallel()
				r, disk, durable := rolling(t)
				disk.failNth(call.operation, call.name, call.n, diskFault{err: cause})
				err := r.Flush(background)
				require.ErrorIs(t, err, ErrPoisoned)
				require.NotErrorIs(t, err, ErrNoSpace)
				require.ErrorIs(t, err, cause)
				require.Equal(t, durable, r.Durable())
				_, err = r.Append(background, Record{})
				require.ErrorIs(t, err, ErrPoisoned)
				disk.fail(nil)
				require.ErrorIs(t, r.store.Close(background), ErrPoisoned)
				require.Zero(t, disk.opened.Load(), "no file is left open")
				r.open()
				require.GreaterOrEqual(t, r.Visible(background).Tx, durable.Tx)
				r.append(1)
				r.flush()
			})
		}
	}
}

// The exception to poison is a write for which there is no room, and no sync: what a sync has dropped is gone, full disk
// or not.
func TestAFullDiskForANewFileIsNoPoison(t *testing.T) {
	t.Parallel()
	for _, call := range newFileCalls {
		if call.operation != "create" && call.operation != "write" {
			continue
		}
		t.Run(fmt.Sprintf("%s %d", call.operation, call.n), func(t *testing.T) {
			t.Parallel()
			r, disk, durable := rolling(t)
			files := disk.opened.Load()
			disk.failNth(call.operation, call.name, call.n, diskFault{err: syscall.ENOSPC})
			err := r.Flush(background)
			require.ErrorIs(t, err, ErrNoSpace)
			require.NotErrorIs(t, err, ErrPoisoned)
			require.Equal(t, durable, r.Durable())
			require.Equal(t, files, disk.opened.Load(), "no file is left open")
			r.append(1)
			want := r.all()
			disk.fail(nil)
			r.flush()
			require.Equal(t, r.Visible(background), r.Durable())
			r.crash()
			require.Equal(t, want, r.all())
		})
	}
}
