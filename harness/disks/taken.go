package disks

import (
	"fmt"
	"strings"
)

// Taken says, in a few words for each name, what a process sees on the disk now and a loss of power that leaves the image takes: names,
// removals, lengths and sectors; not each name in a folder that it takes as a whole. It counts as no operation. Nothing may write meanwhile.
func (d *Disk) Taken(i *Image) (taken []string) {
	left := map[string]imageFile{}
	for _, f := range i.files {
		left[f.path] = f
	}
	gone := "" // the folder that is not there
	for _, p := range d.Present() {
		f, there := left[p.Path]
		delete(left, p.Path)
		switch {
		case gone != "" && strings.HasPrefix(p.Path, gone):
		case there && f.folder == p.Folder:
			if !p.Folder {
				taken = append(taken, taking(p.Path, p.content, f.content)...)
			}
		case p.Folder:
			gone = p.Path + "/"
			taken = append(taken, "the name of the folder "+p.Path)
		default:
			taken = append(taken, fmt.Sprintf("the name of %s (%s)", p.Path, several(int(p.Bytes), "byte")))
		}
	}
	gone = ""
	for _, f := range i.files {
		if _, still := left[f.path]; !still || gone != "" && strings.HasPrefix(f.path, gone) {
			continue
		}
		taken = append(taken, "the removal of "+f.path)
		if f.folder {
			gone = f.path + "/"
		}
	}
	return taken
}

// taking compares a file with what is left of it.
func taking(path string, now, left *content) (taken []string) {
	switch {
	case left.size < now.size:
		taken = append(taken, fmt.Sprintf("the last %d of %s of %s", now.size-left.size, several(int(now.size), "byte"), path))
	case left.size > now.size:
		taken = append(taken, fmt.Sprintf("the cut of %s to %s", path, several(int(now.size), "byte")))
	}
	differ, first := 0, 0
	for i := range sectorsFor(min(now.size, left.size)) {
		bytes := min(SectorBytes, min(now.size, left.size)-int64(i)*SectorBytes)
		if sameBytes(now.at(i), left.at(i), int(bytes)) {
			continue
		}
		if differ++; differ == 1 {
			first = i
		}
	}
	if differ > 0 {
		taken = append(taken, fmt.Sprintf("what was written to %s at %d, in %s of %d bytes", path, int64(first)*SectorBytes, several(differ, "sector"), SectorBytes))
	}
	return taken
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sameBytes compares the first bytes of two sectors; nil stands for zeros.
func sameBytes(a, b *sector, bytes int) bool {
	zeros := sector{}
	if a == nil {
		a = &zeros
	}
	if b == nil {
		b = &zeros
	}
	return string(a[:bytes]) == string(b[:bytes])
}
