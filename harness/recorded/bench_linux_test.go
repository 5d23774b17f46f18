package recorded

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
)

// processor is the processor time of this process so far, in nanoseconds. Other work on the machine does not count in it.
func processor() int64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it cannot fail for the process itself
	return used.Utime.Nano() + used.Stime.Nano()
}

// The cost of a write of 100 bytes and of a sync, to a file in memory, alone and recorded. The tests' hooks replace the runtime's,
// which need one call more.
func BenchmarkWriteAndSync(b *testing.B) {
	folder, err := Make()
	require.NoError(b, err)
	defer os.RemoveAll(folder)
	data := make([]byte, 100)
	write := func(fd int) {
		_, err := syscall.Pwrite(fd, data, 0)
		require.NoError(b, err)
		require.NoError(b, syscall.Fsync(fd))
	}
	b.Run("plain", func(b *testing.B) {
		f, err := os.Create(filepath.Join(folder, "plain"))
		require.NoError(b, err)
		defer f.Close()
		began := processor()
		for b.Loop() {
			write(int(f.Fd()))
		}
		b.ReportMetric(float64(processor()-began)/float64(b.N), "cpu-ns/op")
	})
	b.Run("recorded", func(b *testing.B) {
		f, err := Attach(folder, disks.New())
		require.NoError(b, err)
		defer f.Detach()
		file, err := os.Create(filepath.Join(folder, "recorded"))
		require.NoError(b, err)
		defer file.Close()
		fd := int(file.Fd())
		hooks.Load().after(&bubble.Call{Kind: bubble.CallOpen, Flags: syscall.O_CREAT, Result: uintptr(fd)}, nil)
		began := processor()
		for b.Loop() {
			written, synced := bubble.Call{Kind: bubble.CallWrite, FD: fd, Result: 100}, bubble.Call{Kind: bubble.CallSync, Name: "fsync", FD: fd}
			hooks.Load().before(&written)
			hooks.Load().before(&synced)
			write(fd)
			hooks.Load().after(&written, data)
			hooks.Load().after(&synced, nil)
		}
		b.ReportMetric(float64(processor()-began)/float64(b.N), "cpu-ns/op")
	})
}

// The cost of making a folder from a disk with three files and removing it. It bounds how many disks can be tried in a second,
// apart from the recovery itself.
func BenchmarkAFolderOfADisk(b *testing.B) {
	d := disks.New()
	for _, name := range []string{"log", "snapshot", "index"} {
		f, err := d.Create(name)
		require.NoError(b, err)
		_, err = f.WriteAt(make([]byte, 2000), 0)
		require.NoError(b, err)
	}
	for _, each := range []struct {
		name string
		make func() (string, error)
	}{
		{"memory", Make},
		{"disk", func() (string, error) { return os.MkdirTemp(b.TempDir(), "") }},
	} {
		b.Run(each.name, func(b *testing.B) {
			began := processor()
			for b.Loop() {
				folder, err := each.make()
				require.NoError(b, err)
				f, err := Attach(folder, d)
				require.NoError(b, err)
				require.NoError(b, f.Check())
				f.Detach()
				require.NoError(b, os.RemoveAll(folder))
			}
			b.ReportMetric(float64(b.N)*1e9/float64(processor()-began), "disks/cpu-s")
		})
	}
}
