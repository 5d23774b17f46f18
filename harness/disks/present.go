package disks

import "github.com/racewindow/racewindow/storage/disk"

// A Present is a name on a disk as the process sees it now, synced or not.
type Present struct {
	Path   string
	Folder bool
	// First is the index of the first name of the same file: this one's own index, unless an earlier one is of the same file.
	First int
	// File identifies the file, whatever names it gets or loses. It is nil for a folder.
	File disk.File
	// Bytes is the file's length.
	Bytes   int64
	content *content
}

// Present lists all names, sorted, each folder before what is in it. It counts as no operation. Nothing may write while the
// contents are read.
func (d *Disk) Present() (all []Present) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := map[*node]int{}
	var within func(folder *node, path string)
	within = func(folder *node, path string) {
		for _, e := range folder.now {
			p := Present{Path: path + e.name, Folder: e.node.folder, First: len(all)}
			if !p.Folder {
				if other, is := first[e.node]; is {
					p.First = other
				}
				first[e.node] = p.First
				if e.node.name == "" { // of a disk after a crash: reports name it so
					e.node.name = p.Path
				}
				p.File, p.Bytes, p.content = &file{disk: d, node: e.node, life: d.life}, e.node.cache.size, &e.node.cache
			}
			if all = append(all, p); p.Folder {
				within(e.node, p.Path+"/")
			}
		}
	}
	within(d.root, "")
	return all
}

// Parts calls a function with the bytes of the file that are not certain to be zeros, in order. They must not be changed or kept.
func (p Present) Parts(part func(at int64, bytes []byte) error) error {
	if p.content == nil {
		return nil
	}
	for i, s := range p.content.sectors {
		at := int64(i) * SectorBytes
		if s == nil || at >= p.Bytes {
			continue
		}
		if err := part(at, s[:min(SectorBytes, p.Bytes-at)]); err != nil {
			return err
		}
	}
	return nil
}

// Names says whether a path of this disk names that file.
func (d *Disk) Names(path string, f disk.File) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	of, is := f.(*file)
	n, err := d.lookup(path)
	return is && err == nil && n == of.node
}

// LoseSyncs makes all later syncs, of files and folders, succeed and make nothing durable: a canary.
func (d *Disk) LoseSyncs() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncless = true
}

// Misplaced returns how many writes succeeded and were lost or went astray. If there are any, a loss of power may take what was
// synced.
//
//go:norace
func (d *Disk) Misplaced() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.misplaced
}

// Fails says whether anything may fail: an injector is asked.
func (d *Disk) Fails() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.faults != nil
}

// Decide asks the injector about an operation that is about to be made elsewhere, and returns its fault. The next call on the disk
// must be that operation, and gets the same fault.
func (d *Disk) Decide(o Operation) Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	var f Fault
	if d.faults != nil && d.looked == 0 {
		f, _ = d.faults.inject(&o)
	}
	if f.Err != nil && o.Kind == Write {
		f.Keep = f.keep(o.Bytes, d.tape)
	}
	if sleep := d.sleep; f.Delay > 0 && sleep != nil { // here, so that operations of which the disk is never told are delayed too
		d.mu.Unlock()
		sleep(f.Delay)
		d.mu.Lock()
	}
	f.Delay = 0
	d.decided = &f
	return f
}

// Spoil applies a fault to bytes that were read elsewhere.
func (d *Disk) Spoil(f Fault, p []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.spoil(p, d.tape)
}

// Undecided drops what Decide has decided, because the operation is not made.
func (d *Disk) Undecided() {
	d.mu.Lock()
	d.decided = nil
	d.mu.Unlock()
}
