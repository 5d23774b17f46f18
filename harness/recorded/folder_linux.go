package recorded

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/storage/disk"
)

// Possible says whether this program has racewindow's runtime, which records need.
func Possible() bool { return bubble.Offered() != nil }

// A Folder is a folder whose files are also kept on a disk.
type Folder struct {
	path  string // absolute, without links
	disk  *disks.Disk
	files map[identity]disk.File
	// owed holds, by file, the error that its next write must return because the previous one was short.
	owed map[identity]syscall.Errno
	// flip is the fault that flips a bit of the read in progress, unless that read fails.
	flip disks.Fault
	err  error
}

// An identity tells files apart.
type identity struct{ device, inode uint64 }

// attached are all folders that are recorded now.
var attached struct {
	mu  raceoff.Mutex
	all []*Folder
}

// memory is where folders are made: there a file uses no disk, and a sync takes no time.
const memory = "/dev/shm"

// Make makes an empty folder, in memory if possible. No other folder of this process had its name.
func Make() (path string, err error) {
	if path, err = os.MkdirTemp(memory, pattern()); err != nil {
		path, err = os.MkdirTemp("", pattern())
	}
	return path, err
}

// Attach fills an empty folder with the files that a process sees on a disk, and then repeats every change of the folder on
// the disk until Detach. Filling it is no operation of the disk.
func Attach(path string, d *disks.Disk) (*Folder, error) {
	if !Possible() {
		return nil, errors.New("record a folder: this program was not built with racewindow's runtime")
	}
	path, err := filepath.EvalSymlinks(path)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, fmt.Errorf("record a folder: %w", err)
	}
	f := &Folder{path: path, disk: d, files: map[identity]disk.File{}, owed: map[identity]syscall.Errno{}}
	if err := f.fill(); err != nil {
		return nil, fmt.Errorf("put what a disk holds into %s: %w", path, err)
	}
	attached.mu.Lock()
	defer attached.mu.Unlock()
	attached.all = append(attached.all[:len(attached.all):len(attached.all)], f)
	bubble.Record(before, after)
	return f, nil
}

// Detach ends the recording.
func (f *Folder) Detach() {
	attached.mu.Lock()
	defer attached.mu.Unlock()
	attached.all = slices.DeleteFunc(slices.Clone(attached.all), func(other *Folder) bool { return other == f })
	if len(attached.all) == 0 {
		bubble.Record(nil, nil)
	}
}

// Err returns an error for the first thing that the program did and that cannot be recorded; nil if there was none.
func (f *Folder) Err() error { return f.err }

// fill writes the files of the disk into the folder.
func (f *Folder) fill() error {
	all := f.disk.Present()
	for i, p := range all {
		name := filepath.Join(f.path, p.Path)
		var err error
		switch {
		case p.Folder:
			err = os.Mkdir(name, 0o777)
		case p.First != i:
			err = os.Link(filepath.Join(f.path, all[p.First].Path), name)
		default:
			err = f.fillFile(name, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *Folder) fillFile(name string, p disks.Present) error {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	var whole []byte // adjacent sectors
	from, end := int64(0), int64(0)
	flush := func() error {
		_, err := file.WriteAt(whole, from)
		whole = whole[:0]
		return err
	}
	err = p.Parts(func(at int64, bytes []byte) (err error) {
		if at != from+int64(len(whole)) {
			err, from = flush(), at
		}
		end = at + int64(len(bytes))
		whole = append(whole, bytes...)
		return err
	})
	if err == nil && len(whole) > 0 {
		err = flush()
	}
	if err == nil && end < p.Bytes {
		err = file.Truncate(p.Bytes)
	}
	if err != nil {
		return err
	}
	id, _, err := identify(int(file.Fd()))
	f.files[id] = p.File
	return err
}

// Check compares the folder with the disk. They differ if something was written that no call reported.
func (f *Folder) Check() error {
	defer unseen()()
	there := map[string]bool{}
	err := filepath.WalkDir(f.path, func(path string, e fs.DirEntry, err error) error {
		if path != f.path && err == nil {
			there[path[len(f.path)+1:]] = e.IsDir()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look at the files of the record: %w", err)
	}
	const why = "%s %s, and no operation that is recorded did that: a child process, a shared map or io_uring may have, or a call that only RawSyscall makes"
	for _, p := range f.disk.Present() {
		folder, is := there[p.Path]
		delete(there, p.Path)
		switch {
		case !is:
			return fmt.Errorf(why, p.Path, "is gone")
		case folder != p.Folder:
			return fmt.Errorf(why, p.Path, "is another kind of file")
		}
		if p.Folder {
			continue
		}
		if at, err := differ(filepath.Join(f.path, p.Path), p); err != nil {
			return fmt.Errorf("look at a file of the record: %w", err)
		} else if at >= 0 {
			return fmt.Errorf(why, p.Path, fmt.Sprintf("has other bytes from byte %d on", at))
		}
	}
	for name := range there {
		return fmt.Errorf(why, name, "is there")
	}
	return nil
}

// differ returns the first byte at which a file differs from the disk's contents of it, -1 for none.
func differ(name string, p disks.Present) (at int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() != p.Bytes {
		return min(info.Size(), p.Bytes), nil
	}
	at = -1
	has := make([]byte, disks.SectorBytes)
	next := int64(0) // the next byte to compare
	same := func(from int64, want []byte) error {
		if at >= 0 {
			return nil
		}
		if _, err := file.ReadAt(has[:len(want)], from); err != nil {
			return err
		}
		if !bytes.Equal(has[:len(want)], want) {
			at = from
		}
		return nil
	}
	zeros := func(to int64) error {
		for next < to && at < 0 {
			data, err := syscall.Seek(int(file.Fd()), next, seekData) // holes are not read
			if err == syscall.ENXIO || data >= to {
				next = to
				return nil
			} else if err != nil {
				return err
			}
			next = max(next, data/disks.SectorBytes*disks.SectorBytes)
			n := min(disks.SectorBytes, to-next)
			if err := same(next, noBytes[:n]); err != nil {
				return err
			}
			next += n
		}
		return nil
	}
	err = p.Parts(func(from int64, want []byte) error {
		err := zeros(from)
		if err == nil {
			err = same(from, want)
		}
		next = from + int64(len(want))
		return err
	})
	if err == nil {
		err = zeros(p.Bytes)
	}
	return at, err
}

const seekData = 3 // lseek's SEEK_DATA

var noBytes [disks.SectorBytes]byte

// identify returns which file a descriptor refers to, and its mode.
func identify(fd int) (identity, uint32, error) {
	var s syscall.Stat_t
	err := syscall.Fstat(fd, &s)
	return identity{uint64(s.Dev), s.Ino}, s.Mode, err
}

// identifyName is identify for a name.
func identifyName(name string) (identity, error) {
	var s syscall.Stat_t
	err := syscall.Stat(name, &s)
	return identity{uint64(s.Dev), s.Ino}, err
}

// within returns the path of a file below the folder.
func (f *Folder) within(path string) (below string, is bool) {
	if path == f.path {
		return ".", true
	}
	return strings.CutPrefix(path, f.path+"/")
}
