//go:build !race

// The race detector sees none of the locks of a record, so that the record hides no race of the code under test. Goroutines run freely
// under a record in a build without the detector only.

package recorded

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
)

func newFreeWorld(t *testing.T, d *disks.Disk, delay func()) world {
	t.Helper()
	f, err := AttachFreely(t.TempDir(), d, delay)
	require.NoError(t, err)
	t.Cleanup(f.Detach)
	return world{f, t}
}

func (w world) read(fd int, at int64) (text string, err error) {
	data := make([]byte, 4)
	n, err := told(w.t, bubble.Call{Kind: bubble.CallRead, Name: "read", FD: fd, At: at, Bytes: 4}, data, func(*bubble.Call) (int, error) {
		if at < 0 {
			return syscall.Read(fd, data)
		}
		return syscall.Pread(fd, data, at)
	})
	return string(data[:max(n, 0)]), err
}

// What many goroutines write to the same files at once is on the disk as it is in the folder: at the position of a descriptor that they
// share, at the end of a file, and at the same place.
func TestCallsOfGoroutinesThatRunFreelyAreRepeatedInTheirOrder(t *testing.T) {
	var delays atomic.Int64
	w := newFreeWorld(t, disks.New(), func() { delays.Add(1) })
	shared := w.open("shared", syscall.O_CREAT|syscall.O_RDWR)
	end := w.open("end", syscall.O_CREAT|syscall.O_RDWR|syscall.O_APPEND)
	place := w.open("place", syscall.O_CREAT|syscall.O_RDWR)
	var writers sync.WaitGroup
	var wrong atomic.Pointer[error]
	for k := range 8 {
		writers.Go(func() {
			for i := range 50 {
				text := fmt.Sprintf("%d:%02d", k, i)
				for _, err := range []error{w.write(shared, text, -1), w.write(end, text, -1), w.write(place, text, 0), w.sync(place)} {
					if err != nil {
						wrong.Store(&err)
					}
				}
				if _, err := w.read(shared, -1); err != nil { // it moves the position
					wrong.Store(&err)
				}
			}
		})
	}
	writers.Wait()
	require.Nil(t, wrong.Load())
	require.NoError(t, w.Err())
	require.NoError(t, w.Check())
	require.GreaterOrEqual(t, delays.Load(), int64(8*50*5))
}

// Folders are made, used and dropped side by side, as those of other objects are in the same process.
func TestFoldersThatAreDroppedKeepNobodyWaiting(t *testing.T) {
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for range 20 {
				f, err := AttachFreely(t.TempDir(), disks.New(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				w := world{f, t}
				fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
				if err := w.write(fd, "abc", -1); err != nil || w.Check() != nil {
					t.Error(err, w.Check())
				}
				f.Detach()
				if _, err := syscall.Write(fd, []byte("later")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	users.Wait()
	require.Empty(t, folders())
}

// What comes after the end of a record is made, and repeated no more.
func TestNothingIsRepeatedAfterTheRecordIsOver(t *testing.T) {
	d := disks.New()
	w := newFreeWorld(t, d, nil)
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "abc", -1))
	checked := error(nil)
	d.After(func(o disks.Operation) { // in the call, as where power is lost after an operation
		w.Between(true, true, func() { checked = w.Check() })
	})
	require.NoError(t, w.write(fd, "d", -1))
	d.After(nil)
	require.NoError(t, checked)
	require.NoError(t, w.write(fd, "e", -1))
	require.NoError(t, w.rename("f", "g"))
	var names []string
	for _, p := range d.Present() {
		names = append(names, fmt.Sprintf("%s %d", p.Path, p.Bytes))
	}
	require.Equal(t, []string{"f 4"}, names)
}

func TestBetweenWaitsForTheCallThatIsUnderWay(t *testing.T) {
	w := newFreeWorld(t, disks.New(), nil)
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	c := bubble.Call{Kind: bubble.CallWrite, Name: "write", FD: fd, At: -1, Bytes: 3, Most: -1}
	hooks.Load().before(&c)
	n, err := syscall.Write(fd, []byte("abc"))
	require.NoError(t, err)
	looked := make(chan error)
	go w.Between(false, false, func() { looked <- w.Check() })
	c.Result = uintptr(n)
	select {
	case err := <-looked:
		t.Fatalf("it looked in the middle of a call: %v", err)
	default:
	}
	hooks.Load().after(&c, []byte("abc"))
	require.NoError(t, <-looked)
}

// Another goroutine cannot take the fault of a call.
func TestFaultsStrikeTheCallThatTheyAreDecidedFor(t *testing.T) {
	d := disks.New()
	w := newFreeWorld(t, d, nil)
	var fds []int
	for k := range 4 {
		fds = append(fds, w.open(fmt.Sprintf("f%d", k), syscall.O_CREAT|syscall.O_RDWR))
	}
	rule := disks.Count(disks.On(disks.Write, "f2", disks.Fault{Err: syscall.EIO}))
	d.Inject(rule)
	var failed [4]atomic.Int64
	var writers sync.WaitGroup
	for k, fd := range fds {
		writers.Go(func() {
			for range 50 {
				if w.write(fd, "abc", -1) != nil {
					failed[k].Add(1)
				}
			}
		})
	}
	writers.Wait()
	for k := range failed {
		require.Equal(t, map[bool]int64{true: 50}[k == 2], failed[k].Load(), k)
	}
	require.Equal(t, 50, rule.Faults())
	require.NoError(t, w.Check())
}

func TestAFileThatIsReachedByALinkFromElsewhereIsRefused(t *testing.T) {
	w := newFreeWorld(t, disks.New(), nil)
	elsewhere := t.TempDir() + "/link"
	require.NoError(t, syscall.Symlink(w.name("f"), elsewhere))
	fd, err := told(t, bubble.Call{Kind: bubble.CallOpen, Name: "openat", FD: cwd, Path: elsewhere, Flags: syscall.O_CREAT | syscall.O_RDWR}, nil, func(*bubble.Call) (int, error) {
		return syscall.Open(elsewhere, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	})
	require.NoError(t, err)
	defer syscall.Close(fd)
	require.ErrorContains(t, w.Err(), "by a link from elsewhere")
}
