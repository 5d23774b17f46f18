package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// A diskScript runs operations on a disk and writes down what it saw, errors by kind.
type diskScript struct {
	disk  Disk
	files map[string]File
	seen  []string
}

func (s *diskScript) note(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = errorKind(err)
		}
	}
	s.seen = append(s.seen, fmt.Sprintf(format, args...))
}

func errorKind(err error) string {
	for _, kind := range []error{fs.ErrNotExist, fs.ErrExist, io.EOF, ErrLocked} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "another error"
}

// names are the files that random scripts use; the last lies in a folder that may be missing.
var scriptNames = []string{"a", "b", "folder/a", "folder/b", "missing/a"}

// step makes one operation out of random numbers.
func (s *diskScript) step(choice, which uint8, at, n uint16) {
	name := scriptNames[int(which)%len(scriptNames)]
	file := s.files[name]
	position := int64(at) % (3 * memoryPageBytes)
	switch choice % 10 {
	case 0:
		s.note("mkdir %v", s.disk.Mkdir("folder"))
	case 1:
		s.open(name, s.disk.Create)
	case 2:
		s.open(name, s.disk.Open)
	case 3:
		other := scriptNames[int(n)%len(scriptNames)]
		s.note("rename %s %s %v", name, other, s.disk.Rename(name, other))
		delete(s.files, name)
		delete(s.files, other)
	case 4:
		s.note("remove %s %v", name, s.disk.Remove(name))
		delete(s.files, name)
	case 5:
		s.list()
	default:
		if file != nil {
			s.onFile(choice%10, file, position, int(n))
		}
	}
}

func (s *diskScript) open(name string, open func(string) (File, error)) {
	f, err := open(name)
	s.note("open %s %v", name, err)
	if err == nil {
		s.files[name] = f
	}
}

func (s *diskScript) list() {
	for _, folder := range []string{".", "folder", "missing"} {
		entries, err := s.disk.List(folder)
		s.note("list %s %v %v", folder, entries, err)
		if err == nil {
			s.note("syncdir %v", s.disk.SyncDir(folder))
		}
	}
}

func (s *diskScript) onFile(choice uint8, f File, at int64, n int) {
	n %= 2 * memoryPageBytes
	switch choice {
	case 6:
		written, err := f.WriteAt(bytes.Repeat([]byte{byte(1 + n%255)}, n), at)
		s.note("write %d at %d: %d %v", n, at, written, err)
	case 7:
		s.note("truncate %d %v", at, f.Truncate(at))
	case 8:
		buf := bytes.Repeat([]byte{0xee}, n)
		read, err := f.ReadAt(buf, at)
		s.note("read %d at %d: %d %v %x", n, at, read, err, sum(buf[:read]))
	case 9:
		s.note("sync %v", f.Sync())
	}
	size, err := f.Size()
	s.note("size %d %v %x", size, err, sum(contentOf(f)))
}

func sum(b []byte) (n uint64) {
	for _, x := range b {
		n = n*31 + uint64(x)
	}
	return n
}

// runScript runs the same random operations on a disk.
func runScript(disk Disk, seed uint64, steps int) []string {
	s := &diskScript{disk: disk, files: map[string]File{}}
	random := rand.New(rand.NewPCG(seed, 0))
	for range steps {
		s.step(uint8(random.Uint32()), uint8(random.Uint32()), uint16(random.Uint32()), uint16(random.Uint32()))
	}
	for _, f := range s.files {
		s.note("close %v", f.Close())
	}
	return s.seen
}

func TestTheDiskInMemoryBehavesAsTheRealOne(t *testing.T) {
	t.Parallel()
	parameters := gopter.DefaultTestParametersWithSeed(1)
	parameters.MinSuccessfulTests = 60
	properties := gopter.NewProperties(parameters)
	properties.Property("the same script, the same sight", prop.ForAll(func(seed uint64) string {
		folder, err := os.MkdirTemp("", "disk")
		if err != nil {
			return err.Error()
		}
		defer func() { _ = os.RemoveAll(folder) }()
		real, memory := runScript(OS(folder), seed, 80), runScript(Memory(), seed, 80)
		for i := range real {
			if real[i] != memory[i] {
				return fmt.Sprintf("step %d: %s, and in memory %s", i, real[i], memory[i])
			}
		}
		return ""
	}, gen.UInt64()))
	properties.TestingRun(t)
}

// bothDisks runs a test on either disk.
func bothDisks(t *testing.T, test func(t *testing.T, disk Disk)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { t.Parallel(); test(t, Memory()) })
	t.Run("real", func(t *testing.T) { t.Parallel(); test(t, OS(t.TempDir())) })
}

func TestAFileKeepsBytesAcrossPageEdges(t *testing.T) {
	t.Parallel()
	bothDisks(t, func(t *testing.T, disk Disk) {
		f, err := disk.Create("f")
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		want := make([]byte, 4*memoryPageBytes)
		for _, edge := range []int{memoryPageBytes, 2 * memoryPageBytes, 3 * memoryPageBytes} {
			for n := -2; n <= 2; n++ {
				part := bytes.Repeat([]byte{byte(edge>>8 + n)}, 5)
				copy(want[edge+n:], part)
				_, err := f.WriteAt(part, int64(edge+n))
				require.NoError(t, err)
			}
		}
		require.NoError(t, f.Allocate(int64(len(want))))
		require.Equal(t, want, contentOf(f))
	})
}

func TestAFileThatWasCutGrowsWithZeros(t *testing.T) {
	t.Parallel()
	bothDisks(t, func(t *testing.T, disk Disk) {
		for _, cut := range []int64{0, 1, memoryPageBytes - 1, memoryPageBytes, memoryPageBytes + 1, 2*memoryPageBytes - 1} {
			f, err := disk.Create("f")
			require.NoError(t, err)
			ones := bytes.Repeat([]byte{1}, 2*memoryPageBytes)
			_, err = f.WriteAt(ones, 0)
			require.NoError(t, err)
			require.NoError(t, f.Truncate(cut))
			require.NoError(t, f.Truncate(3*memoryPageBytes))
			want := make([]byte, 3*memoryPageBytes)
			copy(want, ones[:cut])
			require.Equal(t, want, contentOf(f), "cut at %d", cut)
			require.NoError(t, f.Close())
		}
	})
}

func TestAllocateNeverShortensAFile(t *testing.T) {
	t.Parallel()
	bothDisks(t, func(t *testing.T, disk Disk) {
		f, err := disk.Create("f")
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		_, err = f.WriteAt([]byte("hello"), 0)
		require.NoError(t, err)
		require.NoError(t, f.Allocate(3))
		require.Equal(t, "hello", string(contentOf(f)))
		require.NoError(t, f.Allocate(8))
		require.Equal(t, "hello\x00\x00\x00", string(contentOf(f)))
	})
}

func TestAPositionBeforeTheStartIsRefused(t *testing.T) {
	t.Parallel()
	bothDisks(t, func(t *testing.T, disk Disk) {
		f, err := disk.Create("f")
		require.NoError(t, err)
		defer func() { require.NoError(t, f.Close()) }()
		_, err = f.WriteAt([]byte("x"), -1)
		require.Error(t, err)
		_, err = f.ReadAt(make([]byte, 1), -1)
		require.Error(t, err)
	})
}

func TestADisksLockExcludes(t *testing.T) {
	t.Parallel()
	bothDisks(t, func(t *testing.T, disk Disk) {
		lock, err := disk.Lock("LOCK")
		require.NoError(t, err)
		_, err = disk.Lock("LOCK")
		require.ErrorIs(t, err, ErrLocked)
		require.NoError(t, lock.Close())
		lock, err = disk.Lock("LOCK")
		require.NoError(t, err)
		require.NoError(t, lock.Close())
	})
}

// The race detector must not report what the disk does for goroutines that meet in one file: they have not raced in
// memory of their own. Run with -race.
func TestTheDiskInMemoryIsNoRaceOfItsUsers(t *testing.T) {
	t.Parallel()
	disk := Memory()
	f, err := disk.Create("f")
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 50 {
				at := int64(k * 1000)
				_, _ = f.WriteAt(bytes.Repeat([]byte{byte(i)}, 3000), at)
				_, _ = f.ReadAt(make([]byte, 3000), at)
				_ = f.Truncate(at)
				name := fmt.Sprintf("%d-%d", i, k)
				own, _ := disk.Create(name)
				_, _ = own.WriteAt([]byte("x"), 0)
				_, _ = disk.List(".")
				_ = disk.Rename(name, name+"+")
				_ = disk.Remove(name + "+")
			}
		})
	}
	all.Wait()
	entries, err := disk.List(".")
	require.NoError(t, err)
	require.Equal(t, []Entry{{Name: "f"}}, entries)
}

// plantedVariable tells a child process to run the race that it names.
const plantedVariable = "RACEWINDOW_PLANTED_RACE"

func TestTheDiskInMemoryOrdersNobody(t *testing.T) {
	if os.Getenv(plantedVariable) != "" {
		raceAcrossTheDisk()
		return
	}
	if !raceoff.Enabled {
		t.Skip("needs the race detector: go test -race")
	}
	t.Parallel()
	child := exec.Command(os.Args[0], "-test.run=^TestTheDiskInMemoryOrdersNobody$")
	child.Env = append(os.Environ(), plantedVariable+"=1")
	output, err := child.CombinedOutput()
	require.Error(t, err, "%s", output)
	require.Contains(t, string(output), "WARNING: DATA RACE")
}

// raceAcrossTheDisk has two goroutines change a variable, the second when it has seen in a file that the first has.
func raceAcrossTheDisk() {
	f, _ := Memory().Create("f")
	shared := 0
	var all sync.WaitGroup
	all.Go(func() {
		shared++
		_, _ = f.WriteAt([]byte{1}, 0)
	})
	all.Go(func() {
		for seen := make([]byte, 1); seen[0] == 0; {
			_, _ = f.ReadAt(seen, 0)
		}
		shared++
	})
	all.Wait()
}

func contentOf(f File) []byte {
	size, _ := f.Size()
	content := make([]byte, size)
	_, _ = f.ReadAt(content, 0)
	return content
}

// The system refuses to sync what is below /proc, which shows that it was asked.
func TestASyncOfTheRealDiskAsksTheSystem(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/comm"); err != nil {
		t.Skip("there is no /proc")
	}
	require.ErrorIs(t, OS("/proc").SyncDir("."), syscall.EINVAL)
	f, err := OS("/proc/self").Open("comm")
	require.NoError(t, err)
	require.ErrorIs(t, f.Sync(), syscall.EINVAL)
	require.NoError(t, f.Close())
	require.ErrorIs(t, OS(t.TempDir()).SyncDir("missing"), fs.ErrNotExist)
}

func TestAClearedDiskIsANewDisk(t *testing.T) {
	if raceoff.Enabled {
		t.Skip("a disk is not cleared under -race")
	}
	t.Parallel()
	used := Memory().(*memoryDisk)
	for seed := range uint64(300) {
		fresh := Memory().(*memoryDisk)
		want, got := runScript(fresh, seed, 60), runScript(used, seed, 60)
		require.Equal(t, want, got, "seed %d", seed)
		require.Equal(t, fresh.AppendImage(nil), used.AppendImage(nil), "seed %d", seed)
		used.Clear()
		require.Equal(t, Memory().(*memoryDisk).AppendImage(nil), used.AppendImage(nil), "seed %d", seed)
	}
}

func TestDisksThatDifferHaveDifferentImages(t *testing.T) {
	t.Parallel()
	made := func(change func(d Disk, f File)) string {
		d := Memory()
		require.NoError(t, d.Mkdir("folder"))
		f, err := d.Create("folder/a")
		require.NoError(t, err)
		_, err = f.WriteAt(bytes.Repeat([]byte{1}, 2*memoryPageBytes), 10)
		require.NoError(t, err)
		change(d, f)
		return string(d.(*memoryDisk).AppendImage(nil))
	}
	images := map[string]string{}
	for name, change := range map[string]func(d Disk, f File){
		"nothing":       func(Disk, File) {},
		"a byte":        func(_ Disk, f File) { _, _ = f.WriteAt([]byte{2}, memoryPageBytes+5) },
		"a length":      func(_ Disk, f File) { _ = f.Truncate(memoryPageBytes) },
		"room":          func(_ Disk, f File) { _ = f.Allocate(9 * memoryPageBytes) },
		"a name":        func(d Disk, _ File) { _ = d.Rename("folder/a", "folder/b") },
		"a folder":      func(d Disk, _ File) { _ = d.Mkdir("other") },
		"an empty file": func(d Disk, _ File) { _, _ = d.Create("other") },
		"a lock":        func(d Disk, _ File) { _, _ = d.Lock("LOCK") },
		"no file":       func(d Disk, _ File) { _ = d.Remove("folder/a") },
	} {
		image := made(change)
		require.Equal(t, image, made(change), "%s", name)
		require.NotContains(t, images, image, "%s and %s", name, images[image])
		images[image] = name
	}
}
