package recorded

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
)

// hooks holds the functions that the runtime would call. Here the tests call them, around each of their system calls.
var hooks atomic.Pointer[struct {
	before func(*bubble.Call)
	after  func(*bubble.Call, []byte)
}]

func TestMain(m *testing.M) {
	bubble.Use(&bubble.Functions{Record: func(before func(*bubble.Call), after func(*bubble.Call, []byte)) {
		hooks.Store(&struct {
			before func(*bubble.Call)
			after  func(*bubble.Call, []byte)
		}{before, after})
	}})
	os.Exit(m.Run())
}

// told makes a call as the runtime does. It reports the call, makes it unless a fault prevents that, and reports the result.
func told(t *testing.T, c bubble.Call, data []byte, call func(c *bubble.Call) (n int, err error)) (n int, err error) {
	t.Helper()
	c.Most = -1
	if before := hooks.Load().before; before != nil {
		before(&c)
	}
	if !c.Instead {
		n, err = call(&c)
		c.Result = uintptr(n)
		if number, is := err.(syscall.Errno); is {
			c.Errno = uintptr(number)
		}
	}
	if len(data) > n {
		data = data[:n]
	}
	if after := hooks.Load().after; after != nil {
		after(&c, data)
	}
	if c.Errno != 0 {
		return n, syscall.Errno(c.Errno)
	}
	return int(c.Result), nil
}

// A world is a folder that is recorded.
type world struct {
	*Folder
	t *testing.T
}

func newWorld(t *testing.T, d *disks.Disk) world {
	t.Helper()
	f, err := Attach(t.TempDir(), d)
	require.NoError(t, err)
	t.Cleanup(f.Detach)
	return world{f, t}
}

func (w world) name(below string) string { return filepath.Join(w.path, below) }

func (w world) open(below string, flags int) (fd int) {
	w.t.Helper()
	fd, err := told(w.t, bubble.Call{Kind: bubble.CallOpen, Name: "openat", FD: cwd, Path: w.name(below), Flags: int64(flags)}, nil, func(*bubble.Call) (int, error) {
		return syscall.Open(w.name(below), flags|syscall.O_CLOEXEC, 0o600)
	})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = syscall.Close(fd) })
	return fd
}

func (w world) write(fd int, text string, at int64) error {
	data := []byte(text)
	n, err := told(w.t, bubble.Call{Kind: bubble.CallWrite, Name: "write", FD: fd, At: at, Bytes: int64(len(data))}, data, func(c *bubble.Call) (int, error) {
		part := data
		if c.Most >= 0 {
			part = data[:c.Most]
		}
		if at < 0 {
			return syscall.Write(fd, part)
		}
		return syscall.Pwrite(fd, part, at)
	})
	if err == nil && n < len(data) {
		return w.write(fd, text[n:], at)
	}
	return err
}

func (w world) call(c bubble.Call, call func() error) error {
	_, err := told(w.t, c, nil, func(*bubble.Call) (int, error) { return 0, call() })
	return err
}

func (w world) sync(fd int) error {
	return w.call(bubble.Call{Kind: bubble.CallSync, Name: "fsync", FD: fd}, func() error { return syscall.Fsync(fd) })
}

func (w world) rename(from, to string) error {
	return w.call(bubble.Call{Kind: bubble.CallRename, Name: "renameat", FD: cwd, To: cwd, Path: w.name(from), NewPath: w.name(to)}, func() error {
		return syscall.Rename(w.name(from), w.name(to))
	})
}

// disksNow returns the disks that a crash may leave now, each as contents by name.
func (w world) disksNow(m disks.Model) (all []string) {
	w.t.Helper()
	require.NoError(w.t, w.Err())
	require.NoError(w.t, w.Check())
	for _, image := range w.disk.Enumerate(m, 100) {
		text := ""
		for _, path := range image.Paths() {
			bytes, _ := image.Bytes(path)
			text += path + "=" + string(bytes) + " "
		}
		all = append(all, strings.TrimSpace(text))
	}
	return all
}

func TestAWriteIsThereForCertainAfterASyncOfFileAndFolder(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("log", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "one", -1))
	require.ElementsMatch(t, []string{"", "log=", "log=\x00\x00\x00", "log=one"}, w.disksNow(disks.Ordered))
	require.NoError(t, w.sync(fd))
	require.ElementsMatch(t, []string{"", "log=one"}, w.disksNow(disks.Ordered))
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY|syscall.O_DIRECTORY)))
	require.Equal(t, []string{"log=one"}, w.disksNow(disks.Ordered))
}

func TestWhereAWriteWritesIsKnown(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "abcdef", -1))
	_, err := syscall.Seek(fd, 2, 0)
	require.NoError(t, err)
	require.NoError(t, w.write(fd, "XY", -1))
	require.NoError(t, w.write(fd, "Z", 5))
	second, err := syscall.Dup(fd) // it shares the position
	require.NoError(t, err)
	defer syscall.Close(second)
	require.NoError(t, w.write(second, "W", -1))
	appending := w.open("f", syscall.O_WRONLY|syscall.O_APPEND)
	require.NoError(t, w.write(appending, "end", -1))
	require.NoError(t, w.write(appending, "!", 0), "Linux appends whatever the position")
	require.NoError(t, w.Check())
	content, err := os.ReadFile(w.name("f"))
	require.NoError(t, err)
	require.Equal(t, "abXYWZend!", string(content))
}

func TestAFileIsItselfWhateverItsNames(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("a", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.rename("a", "b"))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallLink, Name: "linkat", FD: cwd, To: cwd, Path: w.name("b"), NewPath: w.name("c")}, func() error {
		return syscall.Link(w.name("b"), w.name("c"))
	}))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallRemove, Name: "unlinkat", FD: cwd, Path: w.name("b")}, func() error { return syscall.Unlink(w.name("b")) }))
	require.NoError(t, w.write(fd, "x", -1))
	other := w.open("a", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(other, "y", -1))
	require.NoError(t, w.sync(fd))
	require.NoError(t, w.sync(other))
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
	require.Equal(t, []string{"a=y c=x"}, w.disksNow(disks.Ordered))
}

func TestFilesAreTruncatedAllocatedAndEmptied(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "abcdef", -1))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallTruncate, Name: "ftruncate", FD: fd, Bytes: 3}, func() error { return syscall.Ftruncate(fd, 3) }))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallTruncate, Name: "truncate", FD: cwd, Path: w.name("f"), Bytes: 2}, func() error { return syscall.Truncate(w.name("f"), 2) }))
	require.NoError(t, w.Check())
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallAllocate, Name: "fallocate", FD: fd, At: 2, Bytes: 4094}, func() error { return syscall.Fallocate(fd, 0, 2, 4094) }))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallAllocate, Name: "fallocate", FD: fd, Flags: keepSize, At: 0, Bytes: 9000}, func() error { return syscall.Fallocate(fd, keepSize, 0, 9000) }))
	require.NoError(t, w.Check())
	w.open("f", syscall.O_RDWR|syscall.O_TRUNC)
	require.NoError(t, w.Check())
	require.NoError(t, w.Err())
}

func TestFoldersAreMadeMovedAndSynced(t *testing.T) {
	w := newWorld(t, disks.New())
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallMkdir, Name: "mkdirat", FD: cwd, Path: w.name("d")}, func() error { return syscall.Mkdir(w.name("d"), 0o700) }))
	folder := w.open("d", syscall.O_RDONLY|syscall.O_DIRECTORY)
	fd, err := told(t, bubble.Call{Kind: bubble.CallOpen, Name: "openat", FD: folder, Path: "f", Flags: syscall.O_CREAT}, nil, func(*bubble.Call) (int, error) {
		return unix.Openat(folder, "f", syscall.O_CREAT|syscall.O_RDWR, 0o600)
	})
	require.NoError(t, err)
	defer syscall.Close(fd)
	require.NoError(t, w.write(fd, "x", -1))
	require.NoError(t, w.sync(fd))
	require.NoError(t, w.sync(folder))
	require.Equal(t, []string{"", "d/= d/f=x"}, w.disksNow(disks.Weak), "the folder's own name is not durable")
	require.NoError(t, w.rename("d", "e"))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallSync, Name: "sync"}, func() error { return nil }))
	require.Equal(t, []string{"e/= e/f=x"}, w.disksNow(disks.Weak))
}

func TestOSyncMakesEachWriteDurable(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR|syscall.O_DSYNC)
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
	require.NoError(t, w.write(fd, "x", -1))
	require.Equal(t, []string{"f=x"}, w.disksNow(disks.Weak))
}

func TestACopyIsRecorded(t *testing.T) {
	w := newWorld(t, disks.New())
	from, to := w.open("from", syscall.O_CREAT|syscall.O_RDWR), w.open("to", syscall.O_CREAT|syscall.O_WRONLY)
	require.NoError(t, w.write(from, "copied", -1))
	_, err := syscall.Seek(from, 0, 0)
	require.NoError(t, err)
	n, err := told(t, bubble.Call{Kind: bubble.CallCopy, Name: "copy_file_range", FD: to, To: from}, nil, func(*bubble.Call) (int, error) {
		return unix.CopyFileRange(from, nil, to, nil, 6, 0)
	})
	require.NoError(t, err)
	require.Equal(t, 6, n)
	require.NoError(t, w.Check())
	require.NoError(t, w.Err())
}

// The disk lets others go on after it has made a file, before Create returns.
func TestAFileIsKnownBeforeOthersCanMeetIt(t *testing.T) {
	w := newWorld(t, disks.New())
	met := false
	w.disk.After(func(o disks.Operation) {
		if o.Kind == disks.Create && !met {
			met = true
			require.NoError(w.t, w.write(w.open("f", syscall.O_WRONLY), "met", -1))
		}
	})
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.True(t, met)
	require.NoError(t, w.sync(fd))
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
	require.Equal(t, []string{"f=met"}, w.disksNow(disks.Ordered))
}

func TestFlagsOfAWriteCountAsThoseOfTheFile(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
	write := func(fd int, text string, at int64, flags int) {
		t.Helper()
		_, err := told(t, bubble.Call{Kind: bubble.CallWrite, Name: "pwritev2", FD: fd, At: at, Flags: int64(flags)}, []byte(text), func(*bubble.Call) (int, error) {
			return unix.Pwritev2(fd, [][]byte{[]byte(text)}, at, flags)
		})
		require.NoError(t, err)
		require.NoError(t, w.Check())
	}
	write(fd, "ab", -1, unix.RWF_DSYNC)
	require.Equal(t, []string{"f=ab"}, w.disksNow(disks.Weak))
	write(fd, "c", 0, unix.RWF_APPEND|unix.RWF_SYNC)
	require.Equal(t, []string{"f=abc"}, w.disksNow(disks.Weak))
	write(fd, "d", -1, 0)
	require.NotEqual(t, []string{"f=abd"}, w.disksNow(disks.Weak))
	write(w.open("f", syscall.O_WRONLY|syscall.O_APPEND), "A", 0, writeInPlace) // RWF_NOAPPEND
	content, err := os.ReadFile(w.name("f"))
	require.NoError(t, err)
	require.Equal(t, "Abd", string(content))
}

func TestAFolderIsFilledWithWhatADiskHolds(t *testing.T) {
	d := disks.New()
	require.NoError(t, d.Mkdir("d"))
	f, err := d.Create("d/f")
	require.NoError(t, err)
	for _, at := range []int64{0, 512, 5000} { // sectors side by side, and a hole
		_, err = f.WriteAt([]byte(strings.Repeat("x", 512)), at)
		require.NoError(t, err)
	}
	require.NoError(t, d.Link("d/f", "second"))
	w := newWorld(t, d)
	require.NoError(t, w.Check())
	one, err := os.Stat(w.name("second"))
	require.NoError(t, err)
	other, err := os.Stat(w.name("d/f"))
	require.NoError(t, err)
	require.True(t, os.SameFile(one, other))
	fd := w.open("second", syscall.O_RDWR)
	require.NoError(t, w.write(fd, "y", 0))
	require.NoError(t, w.Check(), "it is recorded from then on")
}

func TestOneFolderHearsNothingOfAnother(t *testing.T) {
	one, other := newWorld(t, disks.New()), newWorld(t, disks.New())
	require.NoError(t, one.write(one.open("f", syscall.O_CREAT|syscall.O_RDWR), "x", -1))
	require.NoError(t, other.Check())
	require.Equal(t, []string{""}, other.disksNow(disks.Ordered))
	one.Detach()
	require.NoError(t, os.WriteFile(one.name("g"), nil, 0o600))
	require.ErrorContains(t, one.Check(), "g is there")
}
