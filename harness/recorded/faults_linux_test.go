package recorded

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
)

func TestACallFailsAsTheCaseSays(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "a", -1))
	w.disk.Inject(disks.Any(
		disks.Nth(1, disks.On(disks.Write, "f", disks.Fault{Err: syscall.ENOSPC, Keep: 2})),
		disks.Nth(1, disks.On(disks.Sync, "f", disks.Fault{Err: syscall.EIO})),
		disks.Nth(1, disks.On(disks.Rename, "f", disks.Fault{Err: syscall.EIO}))))
	require.ErrorIs(t, w.write(fd, "bcd", -1), syscall.ENOSPC)
	require.NoError(t, w.Check(), "two bytes were written")
	require.ErrorIs(t, w.sync(fd), syscall.EIO)
	require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
	require.NoError(t, w.sync(fd), "a later sync does not write what an earlier one has dropped")
	require.Contains(t, w.disksNow(disks.Ordered), "f=")
	require.ErrorIs(t, w.rename("f", "g"), syscall.EIO)
	require.NoError(t, w.Check())
	require.NoError(t, w.rename("f", "g"))
	require.NoError(t, w.Check())
}

// A write that is shorter than what a fault keeps fails itself. The fault does not pass to the next write.
func TestAShortWriteFailsForItsRest(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	w.disk.Inject(disks.Nth(1, disks.On(disks.Write, "f", disks.Fault{Err: syscall.ENOSPC, Keep: 40})))
	require.ErrorIs(t, w.write(fd, "abc", -1), syscall.ENOSPC)
	require.NoError(t, w.Check())
	content, err := os.ReadFile(w.name("f"))
	require.NoError(t, err)
	require.Equal(t, "ab", string(content))
	require.NoError(t, w.write(fd, "d", -1))
	require.NoError(t, w.Check())
}

func TestAWriteSucceedsAndItsBytesAreLostOrGoAstray(t *testing.T) {
	for fault, want := range map[disks.Fault]string{
		{Lost: true}: "f=" + strings.Repeat("a", 1024),
		{Astray: 1}:  "f=" + strings.Repeat("a", 512) + strings.Repeat("b", 512),
	} {
		w := newWorld(t, disks.New())
		fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
		require.NoError(t, w.write(fd, strings.Repeat("a", 1024), -1))
		require.NoError(t, w.sync(fd))
		require.NoError(t, w.sync(w.open(".", syscall.O_RDONLY)))
		w.disk.Inject(disks.Nth(1, disks.On(disks.Write, "f", fault)))
		require.NoError(t, w.write(fd, strings.Repeat("b", 512), 0))
		require.NoError(t, w.sync(fd))
		require.NoError(t, w.Check(), "who reads the folder sees the bytes where they belong")
		require.Equal(t, []string{want}, w.disksNow(disks.Weak))
		require.Equal(t, 1, w.disk.Misplaced())
	}
}

func TestSlowCallsLetTimePass(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	slept := time.Duration(0)
	w.disk.Sleep(func(d time.Duration) { slept += d })
	w.disk.Inject(disks.Any(
		disks.On(disks.Sync, "f", disks.Fault{Delay: time.Second}),
		disks.On(disks.SyncDir, "*", disks.Fault{Delay: time.Minute, Err: syscall.EIO})))
	require.NoError(t, w.write(fd, "a", -1))
	require.Zero(t, slept)
	require.NoError(t, w.sync(fd))
	require.Equal(t, time.Second, slept)
	require.ErrorIs(t, w.sync(w.open(".", syscall.O_RDONLY)), syscall.EIO)
	require.Equal(t, time.Minute+time.Second, slept, "once, and not when the call is repeated on the disk")
	w.disk.Inject(disks.On(disks.Read, "f", disks.Fault{Delay: time.Hour}))
	_, err := told(t, bubble.Call{Kind: bubble.CallRead, Name: "pread64", FD: fd, At: 0, Bytes: 1}, make([]byte, 1), func(*bubble.Call) (int, error) {
		return syscall.Pread(fd, make([]byte, 1), 0)
	})
	require.NoError(t, err)
	require.Equal(t, time.Hour+time.Minute+time.Second, slept, "the disk itself is not told of reads")
	require.NoError(t, w.Check())
}

func TestReadsAndOpensFailAsTheCaseSays(t *testing.T) {
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.write(fd, "abc", -1))
	read := func() (string, error) {
		data := make([]byte, 3)
		n, err := told(t, bubble.Call{Kind: bubble.CallRead, Name: "pread64", FD: fd, At: 0, Bytes: 3}, data, func(*bubble.Call) (int, error) { return syscall.Pread(fd, data, 0) })
		return string(data[:n]), err
	}
	w.disk.Inject(disks.Any(
		disks.Nth(1, disks.On(disks.Read, "f", disks.Fault{Err: syscall.EIO})),
		disks.Nth(2, disks.On(disks.Read, "f", disks.Fault{Flip: true, Bit: 8})),
		disks.Nth(1, disks.On(disks.Open, "f", disks.Fault{Err: syscall.EIO})),
		disks.Nth(1, disks.On(disks.Create, "g", disks.Fault{Err: syscall.ENOSPC}))))
	_, err := read()
	require.ErrorIs(t, err, syscall.EIO)
	text, err := read()
	require.NoError(t, err)
	require.Equal(t, "acc", text)
	text, err = read()
	require.NoError(t, err)
	require.Equal(t, "abc", text, "a bit that was read wrong is right on the disk")
	open := func(name string, flags int) error {
		n, err := told(t, bubble.Call{Kind: bubble.CallOpen, Name: "openat", FD: cwd, Path: w.name(name), Flags: int64(flags)}, nil, func(*bubble.Call) (int, error) {
			return syscall.Open(w.name(name), flags|syscall.O_CLOEXEC, 0o600)
		})
		if err == nil {
			_ = syscall.Close(n)
		}
		return err
	}
	require.ErrorIs(t, open("f", syscall.O_RDWR), syscall.EIO)
	require.NoError(t, open("f", syscall.O_RDWR))
	require.ErrorIs(t, open("g", syscall.O_RDWR|syscall.O_CREAT), syscall.ENOSPC)
	require.NoError(t, open("g", syscall.O_RDWR|syscall.O_CREAT))
	require.NoError(t, w.Check())
	require.NoError(t, w.write(fd, "d", -1), "nothing that was decided is left for another operation")
}
