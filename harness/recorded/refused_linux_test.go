package recorded

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
)

func TestWhatCannotBeRecordedIsRefusedByName(t *testing.T) {
	for _, each := range []struct {
		call bubble.Call
		says string
	}{
		{bubble.Call{Kind: bubble.CallMap, Name: "mmap", Flags: syscall.PROT_WRITE | syscall.PROT_READ, At: syscall.MAP_SHARED}, "mmap cannot be recorded: what is written to a shared map"},
		{bubble.Call{Kind: bubble.CallSymlink, Name: "symlinkat", To: cwd, Path: "f", NewPath: "link"}, "symlinkat cannot be recorded: it makes a link to a name"},
		{bubble.Call{Kind: bubble.CallRename, Name: "renameat", To: cwd, Path: "f", NewPath: "/elsewhere"}, "renameat cannot be recorded: the file is then in no folder"},
		{bubble.Call{Kind: bubble.CallRename, Name: "renameat", To: cwd, Path: "/elsewhere", NewPath: "g"}, "comes from outside"},
		{bubble.Call{Kind: bubble.CallRename, Name: "renameat2", To: cwd, Path: "f", NewPath: "g", Flags: 2}, "renameat2 cannot be recorded: it does more than to rename"},
		{bubble.Call{Kind: bubble.CallAllocate, Name: "fallocate", Flags: 3, Bytes: 1}, "changes what is in the file"},
		{bubble.Call{Kind: bubble.CallUnknown, Name: "io_uring_setup"}, "io_uring_setup cannot be recorded"},
		{bubble.Call{Kind: bubble.CallRemove, Name: "unlinkat", Path: "alien"}, "unlinkat cannot be recorded: the file is there, and no operation that is recorded made it"},
		{bubble.Call{Kind: bubble.CallLink, Name: "linkat", To: cwd, Path: "alien", NewPath: "g"}, "linkat cannot be recorded: the file is there, and no"},
		{bubble.Call{Kind: bubble.CallRename, Name: "renameat", To: cwd, Path: "alien", NewPath: "g"}, "renameat cannot be recorded: the file is there, and no"},
	} {
		t.Run(each.call.Name, func(t *testing.T) {
			w := newWorld(t, disks.New())
			fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
			c := each.call
			for _, path := range []*string{&c.Path, &c.NewPath} {
				if *path != "" && (*path)[0] != '/' {
					*path = w.name(*path)
				}
			}
			if c.FD = fd; c.Path != "" {
				c.FD = cwd
			}
			require.NoError(t, w.call(c, func() error { return nil }))
			require.ErrorContains(t, w.Err(), each.says)
		})
	}
	w := newWorld(t, disks.New())
	fd := w.open("f", syscall.O_CREAT|syscall.O_RDWR)
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallMap, Name: "mmap", FD: fd, Flags: syscall.PROT_READ, At: syscall.MAP_SHARED}, func() error { return nil }))
	require.NoError(t, w.call(bubble.Call{Kind: bubble.CallMap, Name: "mmap", FD: fd, Flags: syscall.PROT_WRITE, At: syscall.MAP_PRIVATE}, func() error { return nil }))
	require.NoError(t, w.Err(), "a map that is only read, and one of one's own, change no file")
}

func TestAFileThatNobodyHasMadeIsRefusedWhenItIsOpened(t *testing.T) {
	for _, flags := range []int{syscall.O_RDONLY, syscall.O_WRONLY, syscall.O_RDWR | syscall.O_CREAT} {
		w := newWorld(t, disks.New())
		require.NoError(t, os.WriteFile(w.name("alien"), []byte("x"), 0o600))
		w.open("alien", flags)
		require.ErrorContains(t, w.Err(), "openat cannot be recorded: alien is there, and no operation that is recorded made it")
	}
}

// Later calls hide what a child process did, so the folder is looked at when the child has ended.
func TestTheFolderIsComparedWhenAChildHasEnded(t *testing.T) {
	w := newWorld(t, disks.New())
	require.NoError(t, w.write(w.open("f", syscall.O_CREAT|syscall.O_RDWR), "abc", -1))
	wait := func() error {
		return w.call(bubble.Call{Kind: bubble.CallWait, Name: "waitid"}, func() error { return nil })
	}
	require.NoError(t, wait())
	require.NoError(t, w.Err(), "the child changed nothing")
	require.NoError(t, os.WriteFile(w.name("f"), []byte("abX"), 0o600))
	require.NoError(t, wait())
	require.NoError(t, os.WriteFile(w.name("f"), []byte("abc"), 0o600))
	require.ErrorContains(t, w.Err(), "waitid cannot be recorded: f has other bytes from byte 0 on")
}

func TestWhatNoCallTellsIsFoundByComparison(t *testing.T) {
	for says, change := range map[string]func(w world) error{
		"has other bytes":             func(w world) error { return os.WriteFile(w.name("f"), []byte("abX"), 0o600) },
		"has other bytes from byte 3": func(w world) error { return os.WriteFile(w.name("f"), []byte("abcd"), 0o600) },
		"made is there":               func(w world) error { return os.WriteFile(w.name("made"), nil, 0o600) },
		"f is gone":                   func(w world) error { return os.Remove(w.name("f")) },
		"sparse has other bytes from byte 1048576": func(w world) error {
			f, err := os.OpenFile(w.name("sparse"), os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteAt([]byte("x"), 1<<20+7)
			}
			return err
		},
	} {
		t.Run(says, func(t *testing.T) {
			w := newWorld(t, disks.New())
			require.NoError(t, w.write(w.open("f", syscall.O_CREAT|syscall.O_RDWR), "abc", -1))
			fd := w.open("sparse", syscall.O_CREAT|syscall.O_RDWR)
			require.NoError(t, w.call(bubble.Call{Kind: bubble.CallTruncate, Name: "ftruncate", FD: fd, Bytes: 2 << 20}, func() error { return syscall.Ftruncate(fd, 2<<20) }))
			require.NoError(t, w.Check())
			require.NoError(t, change(w))
			require.ErrorContains(t, w.Check(), says)
		})
	}
}
