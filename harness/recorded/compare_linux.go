package recorded

import (
	"bytes"
	"fmt"
	"syscall"

	"github.com/racewindow/racewindow/harness/disks"
)

// Check compares the folder with the disk. They differ if something was written that no call reported.
func (f *Folder) Check() error {
	there := map[string]bool{}
	if err := list(f.path, "", there); err != nil {
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
		if at, err := differ(f.path+"/"+p.Path, p); err != nil {
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

// list enters all names below a folder, and of each whether it is a folder.
func list(root, below string, there map[string]bool) error {
	fd, err := quietOpen(root+"/"+below, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("%s: %w", below, err)
	}
	defer syscall.Close(fd)
	var names []string
	for block := make([]byte, 8<<10); ; {
		n, err := syscall.ReadDirent(fd, block)
		if err != nil {
			return fmt.Errorf("%s: %w", below, err)
		}
		if n <= 0 {
			break
		}
		_, _, names = syscall.ParseDirent(block[:n], -1, names)
	}
	for _, name := range names {
		var s syscall.Stat_t
		if err := syscall.Lstat(root+"/"+below+name, &s); err != nil {
			return fmt.Errorf("%s: %w", below+name, err)
		}
		folder := s.Mode&syscall.S_IFMT == syscall.S_IFDIR
		if there[below+name] = folder; folder {
			if err := list(root, below+name+"/", there); err != nil {
				return err
			}
		}
	}
	return nil
}

// differ returns the first byte at which a file differs from the disk's contents of it, -1 for none.
func differ(name string, p disks.Present) (at int64, err error) {
	fd, err := quietOpen(name, syscall.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer syscall.Close(fd)
	var s syscall.Stat_t
	if err := syscall.Fstat(fd, &s); err != nil {
		return 0, err
	}
	if s.Size != p.Bytes {
		return min(s.Size, p.Bytes), nil
	}
	at = -1
	has := make([]byte, disks.SectorBytes)
	next := int64(0) // the next byte to compare
	same := func(from int64, want []byte) error {
		if at >= 0 {
			return nil
		}
		if err := quietRead(fd, has[:len(want)], from); err != nil {
			return err
		}
		if !bytes.Equal(has[:len(want)], want) {
			at = from
		}
		return nil
	}
	zeros := func(to int64) error {
		for next < to && at < 0 {
			data, err := syscall.Seek(fd, next, seekData) // holes are not read
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
