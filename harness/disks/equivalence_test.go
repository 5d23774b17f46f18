package disks

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage/disk"
)

// A script runs random operations on a disk and records their results, errors by kind.
type script struct {
	disk   disk.Disk
	random *rand.Rand
	files  []disk.File
	seen   []string
}

var scriptPaths = []string{"a", "b", "folder/a", "folder/b", "other/a", "missing/a", "a/b"}

func (s *script) path() string { return scriptPaths[s.random.IntN(len(scriptPaths))] }

func (s *script) note(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok || a == nil {
			args[i] = class(err)
		}
	}
	s.seen = append(s.seen, fmt.Sprintf(format, args...))
}

func (s *script) opened(call, path string, f disk.File, err error) {
	s.note("%s %s: %v", call, path, err)
	if err == nil {
		s.files = append(s.files, f)
	}
}

func (s *script) step() {
	path, other := s.path(), s.path()
	switch s.random.IntN(16) {
	case 0:
		folder := []string{"folder", "other", "a"}[s.random.IntN(3)]
		s.note("mkdir %s: %v", folder, s.disk.Mkdir(folder))
	case 1:
		f, err := s.disk.Create(path)
		s.opened("create", path, f, err)
	case 2:
		f, err := s.disk.Open(path)
		s.opened("open", path, f, err)
	case 3:
		if path = []string{"a", "b", "folder/a", "missing/a"}[s.random.IntN(4)]; path == "a" && s.isFolder() {
			return // folders are not renamed
		}
		s.note("rename %s %s: %v", path, other, s.disk.Rename(path, other))
	case 4:
		path = append([]string{"folder", "other"}, scriptPaths...)[s.random.IntN(len(scriptPaths)+2)]
		s.note("remove %s: %v", path, s.disk.Remove(path))
	case 5:
		for _, folder := range []string{".", "folder", "other", "missing"} {
			entries, err := s.disk.List(folder)
			s.note("list %s: %v %v", folder, len(entries) == 0, err)
			s.note("entries %v", append([]disk.Entry{}, entries...))
			if err == nil {
				s.note("syncdir %s: %v", folder, s.disk.SyncDir(folder))
			}
		}
	default:
		if len(s.files) > 0 {
			s.onFile(s.files[s.random.IntN(len(s.files))])
		}
	}
}

func (s *script) isFolder() bool {
	_, err := s.disk.List("a")
	return err == nil
}

func (s *script) onFile(f disk.File) {
	at, n := int64(s.random.IntN(4*SectorBytes)), s.random.IntN(3*SectorBytes)
	if s.random.IntN(10) == 0 {
		at = -1
	}
	switch s.random.IntN(10) {
	case 0, 1, 2:
		written, err := f.WriteAt(bytes.Repeat([]byte{byte(1 + n%255)}, n), at)
		s.note("write %d at %d: %d %v", n, at, written, err)
	case 3:
		s.note("truncate %d: %v", at, f.Truncate(at))
	case 4:
		s.note("allocate %d: %v", at, f.Allocate(at))
	case 5:
		s.note("sync: %v", f.Sync())
	case 6:
		if s.random.IntN(4) == 0 {
			s.note("close: %v", f.Close())
		}
	default:
		buf := bytes.Repeat([]byte{0xee}, n)
		read, err := f.ReadAt(buf, at)
		s.note("read %d at %d: %d %v %s", n, at, read, err, short(buf[:read]))
	}
	size, err := f.Size()
	s.note("size: %d %v", size, err)
}

func runScript(disk disk.Disk, seed uint64, steps int) []string {
	s := &script{disk: disk, random: rand.New(rand.NewPCG(seed, 0))}
	for range steps {
		s.step()
	}
	for _, f := range s.files {
		s.note("close %v", f.Close())
	}
	return s.seen
}

func TestTheDiskLooksAsTheRealFileSystemDoes(t *testing.T) {
	t.Parallel()
	scripts := 400
	if quick() {
		scripts = 100
	}
	seen := map[string]int{}
	for seed := range uint64(scripts) {
		real, simulated := runScript(disk.OS(t.TempDir()), seed, 60), runScript(New(), seed, 60)
		for i := range real {
			if real[i] != simulated[i] {
				t.Fatalf("seed %d, step %d: %.200s, and here %.200s", seed, i, real[i], simulated[i])
			}
		}
		for _, line := range real {
			for _, kind := range []string{"file does not exist", "file already exists", "directory not empty", "is a directory", "not a directory", "invalid argument", "file already closed", "EOF", "another error"} {
				if bytes.Contains([]byte(line), []byte(kind)) {
					seen[kind]++
				}
			}
		}
	}
	if !quick() {
		require.Len(t, seen, 9, "the scripts met every kind of error: %v", seen)
	}
}

func TestTheNewestImageLooksAsTheDiskDoes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		d := New()
		runScript(d, seed, 60)
		for _, m := range Models {
			newest := Crash(d.Sample(m, Replay(nil)))
			require.Equal(t, look(t, d), look(t, newest), "seed %d, %v", seed, m)
			require.Zero(t, newest.Unsynced())
			count, exact := newest.Images(m)
			require.True(t, exact)
			require.EqualValues(t, 1, count)
		}
	}
}

// look returns everything that a process can see on a disk.
func look(t *testing.T, d disk.Disk) (seen []string) {
	t.Helper()
	for _, folder := range []string{".", "folder", "other", "a"} {
		entries, err := d.List(folder)
		if err != nil {
			continue
		}
		for _, e := range entries {
			line := folder + "/" + e.Name
			if !e.Folder {
				f := open(t, d, line[len("./")*btoi(folder == "."):])
				size, err := f.Size()
				require.NoError(t, err)
				content := make([]byte, size)
				_, err = f.ReadAt(content, 0)
				require.Contains(t, []string{"ok", "EOF"}, class(err))
				line += " " + short(content)
				require.NoError(t, f.Close())
			}
			seen = append(seen, line)
		}
	}
	return seen
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
