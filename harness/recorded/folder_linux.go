package recorded

import (
	"errors"
	"fmt"
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
	path string // absolute, without links
	disk *disks.Disk
	// free says that the program's goroutines run freely. Then calls is held during each call and its repetition.
	free  bool
	calls raceoff.Mutex
	delay func() // before each call, nil for none
	over  raceoff.Number
	// owed holds, by file, the error that its next write must return because the previous one was short.
	owed map[identity]syscall.Errno
	// flip is the fault that flips a bit of the read in progress, unless that read fails.
	flip disks.Fault

	known raceoff.Mutex // guards files and err
	files map[identity]disk.File
	err   error
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
	home := os.Getenv(homeVariable)
	if home == "" {
		home = memory
	}
	return makeIn(home, pattern())
}

func makeIn(home, pattern string) (path string, err error) {
	if path, err = os.MkdirTemp(home, pattern); err != nil {
		path, err = os.MkdirTemp("", pattern)
	}
	return path, err
}

// Home makes a folder in which processes with this environment variable make theirs, so that nothing is left of a process that is killed.
func Home() (variable string, remove func(), err error) {
	path, err := makeIn(memory, prefix)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for the files that are recorded: %w", err)
	}
	return homeVariable + "=" + path, func() { _ = os.RemoveAll(path) }, nil // what cannot be removed is left to the system
}

// Attach fills an empty folder with the files that a process sees on a disk, and then repeats every change of the folder on
// the disk until Detach. Filling it is no operation of the disk. The goroutines that use the folder must run one at a time.
func Attach(path string, d *disks.Disk) (*Folder, error) {
	return attach(&Folder{disk: d}, path)
}

// AttachFreely is Attach for goroutines that run freely. A call and its repetition are then one step: no other call of the folder is
// made meanwhile. delay, if it is not nil, is called before each call, in its goroutine.
func AttachFreely(path string, d *disks.Disk, delay func()) (*Folder, error) {
	return attach(&Folder{disk: d, free: true, delay: delay}, path)
}

func attach(f *Folder, path string) (*Folder, error) {
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
	f.path, f.files, f.owed = path, map[identity]disk.File{}, map[identity]syscall.Errno{}
	if err := f.fill(); err != nil {
		return nil, fmt.Errorf("put what a disk holds into %s: %w", path, err)
	}
	attached.mu.Lock()
	defer attached.mu.Unlock()
	attached.all = append(attached.all[:len(attached.all):len(attached.all)], f)
	bubble.Record(before, after)
	return f, nil
}

// Detach ends the recording. A call that is under way is repeated first.
func (f *Folder) Detach() {
	if f.free {
		f.calls.Lock()
		f.over.Store(1)
		f.calls.Unlock()
	}
	attached.mu.Lock()
	defer attached.mu.Unlock()
	attached.all = slices.DeleteFunc(slices.Clone(attached.all), func(other *Folder) bool { return other == f })
	if len(attached.all) == 0 {
		bubble.Record(nil, nil)
	}
}

// Between calls a function while no call of a folder that was attached freely is under way, and ends the recording if over. inCall says
// that the caller is in a call itself: in a function that the disk calls after an operation.
func (f *Folder) Between(inCall, over bool, do func()) {
	if !inCall {
		f.calls.Lock()
		defer f.calls.Unlock()
	}
	do()
	if over {
		f.over.Store(1)
	}
}

// Err returns an error for the first thing that the program did and that cannot be recorded; nil if there was none.
func (f *Folder) Err() error {
	f.known.Lock()
	defer f.known.Unlock()
	return f.err
}

// file returns the file of the disk, nil if the folder has none of that identity. know enters one.
func (f *Folder) file(id identity) disk.File {
	f.known.Lock()
	defer f.known.Unlock()
	return f.files[id]
}

func (f *Folder) know(id identity, file disk.File) {
	f.known.Lock()
	defer f.known.Unlock()
	f.files[id] = file
}

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
	f.know(id, p.File)
	return err
}

// identify returns which file a descriptor refers to, and what it is like.
func identify(fd int) (id identity, s syscall.Stat_t, err error) {
	err = syscall.Fstat(fd, &s)
	return identity{uint64(s.Dev), s.Ino}, s, err
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
