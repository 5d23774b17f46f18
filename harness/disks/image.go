package disks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// An Image is one disk that a crash may leave: names and bytes, all durable. It is immutable.
type Image struct {
	model Model
	files []imageFile
}

// An imageFile is a path of an image. A file with two names (Weak) appears under both; link is then the index of the first.
type imageFile struct {
	path    string
	folder  bool
	link    int
	content *content
}

const hashBytes = sha256.Size

// Model returns the persistence model in which the image is legal.
func (i *Image) Model() Model { return i.model }

// Hash identifies paths and bytes (SHA-256): two images are the same disk if and only if their hashes are equal. It does not
// depend on the model.
func (i *Image) Hash() [hashBytes]byte {
	h := sha256.New()
	for _, f := range i.files {
		fmt.Fprintf(h, "%q %t %d ", f.path, f.folder, f.link)
		if f.content != nil {
			hash := f.content.hash()
			h.Write(hash[:])
		}
	}
	return [hashBytes]byte(h.Sum(nil))
}

// hash identifies a content, by its length and its sectors that are not zeros.
func (c *content) hash() [hashBytes]byte {
	if c.sum != nil {
		return *c.sum
	}
	h := sha256.New()
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], uint64(c.size))
	h.Write(number[:])
	for i, s := range c.sectors {
		if s == nil || *s == (sector{}) {
			continue
		}
		binary.LittleEndian.PutUint64(number[:], uint64(i))
		h.Write(number[:])
		h.Write(s[:])
	}
	return [hashBytes]byte(h.Sum(nil))
}

// Paths lists the image's folders (with a slash at the end) and files, sorted within each folder.
func (i *Image) Paths() []string {
	var paths []string
	for _, f := range i.files {
		if f.folder {
			paths = append(paths, f.path+"/")
			continue
		}
		paths = append(paths, f.path)
	}
	return paths
}

// Bytes returns a copy of a file's bytes, and whether there is such a file.
func (i *Image) Bytes(path string) ([]byte, bool) {
	for _, f := range i.files {
		if f.path == path && !f.folder {
			bytes := make([]byte, f.content.size)
			for k, s := range f.content.sectors {
				if s != nil {
					copy(bytes[k*SectorBytes:], s[:])
				}
			}
			return bytes, true
		}
	}
	return nil, false
}

// String describes the image in one line: model, paths with lengths, the beginning of the hash.
func (i *Image) String() string {
	text := i.model.String()
	for _, f := range i.files {
		if f.folder {
			text += " " + f.path + "/"
			continue
		}
		text += fmt.Sprintf(" %s:%d", f.path, f.content.size)
	}
	if len(i.files) == 0 {
		text += " nothing"
	}
	hash := i.Hash()
	return text + " " + hex.EncodeToString(hash[:4])
}

// Crash returns a new disk that holds the image. Everything on it is durable, its lock is free, and it has no faults. It can
// crash again.
func Crash(i *Image) *Disk {
	d := New()
	nodes := make([]*node, len(i.files))
	folders := map[string]*node{"": d.root} // by path, with a slash at the end
	for k, f := range i.files {
		n := &node{folder: f.folder}
		switch {
		case f.link != k:
			n = nodes[f.link]
		case !f.folder:
			n.durable, n.cache = f.content.clone(), f.content.clone()
		}
		nodes[k] = n
		name := strings.LastIndexByte(f.path, '/') + 1
		in := folders[f.path[:name]]
		in.now = append(in.now, entry{f.path[name:], n})
		if f.folder {
			folders[f.path+"/"] = n
		}
	}
	for _, n := range append(nodes, d.root) {
		n.before = n.now
	}
	return d
}
