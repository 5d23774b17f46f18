package disks

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage/disk"
)

// A Disk is a file system in memory that keeps synced and unsynced effects apart. Many goroutines may call it; it takes one
// call at a time. To the race detector, it orders none of them.
type Disk struct {
	mu      raceoff.Mutex
	root    *node
	journal []change
	locked  bool
	// life is how often the process that uses the disk was killed. Files and locks of earlier lives are dead.
	life  int
	files int // open files

	faults    Injector
	tape      *Tape
	sleep     func(time.Duration)
	after     func(Operation)
	count     int // number of operations
	looked    int // number of calls of Look that have not returned
	misplaced int // number of writes that were lost, or went astray
	// syncless is set once LoseSyncs was called: no sync makes anything durable.
	syncless bool
	// decided is the fault that Decide has chosen for the next operation; nil if the injector must still be asked.
	decided *Fault
}

var _ disk.Disk = (*Disk)(nil)

// New returns an empty disk without faults.
func New() *Disk { return &Disk{root: &node{folder: true}, tape: NewTape(0)} }

// MaxFileBytes is the largest length of a file; operations beyond it fail with EFBIG.
const MaxFileBytes = 1 << 32

// Inject makes the disk ask the injector about each operation from now on; nil removes all faults.
//
//go:norace
func (d *Disk) Inject(i Injector) {
	d.mu.Lock()
	d.faults = i
	d.mu.Unlock()
}

// DrawFrom makes the disk take its random choices (Drawn) from a tape. By default they follow from the seed 0.
//
//go:norace
func (d *Disk) DrawFrom(tape *Tape) {
	d.mu.Lock()
	d.tape = tape
	d.mu.Unlock()
}

// Sleep sets the function that is called with the Delay of faults, in the operation's goroutine and without the disk's lock;
// nil ignores delays.
//
//go:norace
func (d *Disk) Sleep(sleep func(time.Duration)) {
	d.mu.Lock()
	d.sleep = sleep
	d.mu.Unlock()
}

// After sets a function that is called after each operation, in its goroutine and without the disk's lock. It may examine
// the images that a crash at this moment leaves. A crash during the operation leaves nothing that a crash before or after it
// could not leave. Under -race the function must hide what goroutines share through it.
//
//go:norace
func (d *Disk) After(f func(Operation)) {
	d.mu.Lock()
	d.after = f
	d.mu.Unlock()
}

// Kill simulates the death of the process, but not of the machine: nothing is lost, the lock is released, and each call on a
// file that was open returns fs.ErrClosed.
//
//go:norace
func (d *Disk) Kill() {
	d.mu.Lock()
	d.life++
	d.locked, d.files = false, 0
	d.mu.Unlock()
}

// Operations returns how many calls the disk has taken.
//
//go:norace
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// OpenFiles returns how many files are open.
//
//go:norace
func (d *Disk) OpenFiles() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files
}

// Look calls a function that reads the disk through open files, as a report does. Its reads are not operations: meanwhile
// nothing fails, waits, is counted or reported, so that looking changes nothing. Nothing else may use the disk at that time.
//
//go:norace
func (d *Disk) Look(look func()) {
	d.setLooked(1)
	defer d.setLooked(-1)
	look()
}

//go:norace
func (d *Disk) setLooked(change int) {
	d.mu.Lock()
	d.looked += change
	d.mu.Unlock()
}

// begin takes the lock, and returns the fault for the operation, if there is one.
//
//go:norace
func (d *Disk) begin(o *Operation) (f Fault) { return d.beginOn(nil, o) }

// beginOn is begin for an operation on an open file, which uses the file's last name.
//
//go:norace
func (d *Disk) beginOn(n *node, o *Operation) (f Fault) {
	d.mu.Lock()
	if n != nil {
		o.Name = n.name
	}
	if d.looked > 0 {
		return Fault{}
	}
	d.count++
	switch decided := d.decided; {
	case decided != nil:
		f, d.decided = *decided, nil
	case d.faults == nil:
		return Fault{}
	default:
		f, _ = d.faults.inject(o)
	}
	if sleep := d.sleep; f.Delay > 0 && sleep != nil {
		d.mu.Unlock()
		sleep(f.Delay)
		d.mu.Lock()
	}
	return f
}

// end releases the lock, calls the function set by After, and adds operation and name to an error.
//
//go:norace
func (d *Disk) end(o *Operation, err error) error {
	after := d.after
	if d.looked > 0 {
		after = nil
	}
	d.mu.Unlock()
	if after != nil {
		after(*o)
	}
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: o.Kind.String(), Path: o.Name, Err: err}
}

// Mkdir makes a folder; it is no error if the folder exists.
//
//go:norace
func (d *Disk) Mkdir(path string) error {
	o := Operation{Kind: Mkdir, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return d.end(&o, f.Err)
	}
	folder, name, err := d.place(path)
	switch {
	case err != nil:
	case find(folder.now, name) != nil:
	default:
		d.change(edit{folder: folder, name: name, node: &node{folder: true}}, edit{})
	}
	return d.end(&o, err)
}

// Create makes an empty file, or empties an existing one.
func (d *Disk) Create(path string) (disk.File, error) { return d.CreateThen(path, nil) }

// CreateThen is Create; it gives the file to made, which may be nil, before anything is called after the operation.
//
//go:norace
func (d *Disk) CreateThen(path string, made func(disk.File)) (disk.File, error) {
	o := Operation{Kind: Create, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return nil, d.end(&o, f.Err)
	}
	folder, name, err := d.place(path)
	if err != nil {
		return nil, d.end(&o, err)
	}
	n := find(folder.now, name)
	switch {
	case n == nil:
		n = &node{}
		d.change(edit{folder: folder, name: name, node: n}, edit{})
	case n.folder:
		return nil, d.end(&o, syscall.EISDIR)
	default:
		n.resize(0)
	}
	opened := d.open(n, path)
	if made != nil {
		made(opened)
	}
	return opened, d.end(&o, nil)
}

// Open opens an existing file for reading and writing.
//
//go:norace
func (d *Disk) Open(path string) (disk.File, error) {
	o := Operation{Kind: Open, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return nil, d.end(&o, f.Err)
	}
	n, err := d.lookup(path)
	if err == nil && n.folder {
		err = syscall.EISDIR
	}
	if err != nil {
		return nil, d.end(&o, err)
	}
	opened := d.open(n, path)
	return opened, d.end(&o, nil)
}

//go:norace
func (d *Disk) open(n *node, path string) *file {
	d.files++
	n.name = path
	return &file{disk: d, node: n, life: d.life}
}

// Rename moves a file or a folder to newPath in one step, and replaces a file that is there. A folder takes the place of nothing, or of an empty folder.
//
//go:norace
func (d *Disk) Rename(oldPath, newPath string) error {
	o := Operation{Kind: Rename, Name: oldPath}
	f := d.begin(&o)
	if f.Err != nil {
		return d.end(&o, f.Err)
	}
	return d.end(&o, d.rename(oldPath, newPath))
}

//go:norace
func (d *Disk) rename(oldPath, newPath string) error {
	from, oldName, err := d.place(oldPath)
	if err != nil {
		return err
	}
	to, newName, err := d.place(newPath)
	if err != nil {
		return err
	}
	n, old := find(from.now, oldName), find(to.now, newName)
	switch {
	case n == nil:
		return fs.ErrNotExist
	case n == old:
	case n.folder && (to == n || d.holds(n, to)):
		return syscall.EINVAL
	case old != nil && (old.folder && (!n.folder || len(old.now) > 0) || n.folder && !old.folder):
		return fs.ErrExist
	default:
		d.change(edit{folder: from, name: oldName}, edit{folder: to, name: newName, node: n})
		n.name = newPath
	}
	return nil
}

// holds says whether a folder lies somewhere in another one.
//
//go:norace
func (d *Disk) holds(outer, folder *node) bool {
	for i := range outer.now {
		if n := outer.now[i].node; n == folder || n.folder && d.holds(n, folder) {
			return true
		}
	}
	return false
}

// Link gives a file a second name.
//
//go:norace
func (d *Disk) Link(path, newPath string) error {
	o := Operation{Kind: Link, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return d.end(&o, f.Err)
	}
	n, err := d.lookup(path)
	if err != nil {
		return d.end(&o, err)
	}
	to, name, err := d.place(newPath)
	switch {
	case err != nil:
	case n.folder:
		err = syscall.EPERM
	case find(to.now, name) != nil:
		err = fs.ErrExist
	default:
		d.change(edit{folder: to, name: name, node: n}, edit{})
	}
	return d.end(&o, err)
}

// Remove deletes a file or an empty folder. A file that is open can still be used.
//
//go:norace
func (d *Disk) Remove(path string) error {
	o := Operation{Kind: Remove, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return d.end(&o, f.Err)
	}
	folder, name, err := d.place(path)
	if err != nil {
		return d.end(&o, err)
	}
	n := find(folder.now, name)
	switch {
	case n == nil:
		err = fs.ErrNotExist
	case n.folder && len(n.now) > 0:
		err = syscall.ENOTEMPTY
	default:
		d.change(edit{folder: folder, name: name}, edit{})
	}
	return d.end(&o, err)
}

// List returns the entries of a folder, sorted by name.
//
//go:norace
func (d *Disk) List(path string) ([]disk.Entry, error) {
	o := Operation{Kind: List, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return nil, d.end(&o, f.Err)
	}
	n, err := d.lookup(path)
	if err == nil && !n.folder {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, d.end(&o, err)
	}
	entries := make([]disk.Entry, 0, len(n.now))
	for _, e := range n.now {
		entries = append(entries, disk.Entry{Name: e.name, Folder: e.node.folder})
	}
	return entries, d.end(&o, nil)
}

// SyncDir makes the names in a folder durable, but neither the name of the folder itself nor the bytes of any file.
//
//go:norace
func (d *Disk) SyncDir(path string) error {
	o := Operation{Kind: SyncDir, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return d.end(&o, f.Err)
	}
	n, err := d.lookup(path)
	if err == nil && !n.folder {
		err = syscall.ENOTDIR
	}
	if err == nil && !d.syncless {
		d.syncFolder(n)
	}
	return d.end(&o, err)
}

// Lock takes the disk's only lock until the Closer is closed, the process is killed, or power is lost. ErrLocked says that
// the lock is taken. Unlike a real lock it leaves no file.
//
//go:norace
func (d *Disk) Lock(path string) (io.Closer, error) {
	o := Operation{Kind: Lock, Name: path}
	f := d.begin(&o)
	if f.Err != nil {
		return nil, d.end(&o, f.Err)
	}
	if d.locked {
		_ = d.end(&o, nil)
		return nil, fmt.Errorf("%w: another Store holds %s of this disks.Disk: close that one first, or Kill the disk", disk.ErrLocked, path)
	}
	d.locked = true
	return &lock{d, d.life}, d.end(&o, nil)
}

type lock struct {
	disk *Disk
	life int
}

//go:norace
func (l *lock) Close() error {
	l.disk.mu.Lock()
	if l.life == l.disk.life {
		l.disk.locked = false
	}
	l.disk.mu.Unlock()
	return nil
}

var errNegative = errors.New("negative position")
