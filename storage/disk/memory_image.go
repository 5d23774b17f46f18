package disk

import "encoding/binary"

// What explorers need of a disk in memory: to recognise what it holds, and to use its memory again.

// AppendImage appends everything on the disk to image: each name, folder or file, length and byte, and whether a store holds
// the lock. Disks with the same image serve the same calls in the same way. It is for tools that recognise a disk that they have seen.
//
//go:norace
func (d *memoryDisk) AppendImage(image []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	image = append(image, 0)
	if d.locked {
		image[len(image)-1] = 1
	}
	for _, n := range d.nodes {
		image = binary.AppendUvarint(image, uint64(len(n.name)))
		image = append(image, n.name...)
		if n.file == nil {
			image = append(image, 0)
			continue
		}
		image = n.file.appendImage(append(image, 1))
	}
	return image
}

//go:norace
func (f *memoryFile) appendImage(image []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	image = binary.AppendUvarint(image, uint64(f.size))
	image = binary.AppendUvarint(image, uint64(len(f.pages)))
	for i, page := range f.pages {
		content := page[:max(0, min(int64(len(page)), f.size-int64(i)*memoryPageBytes))]
		image = binary.AppendUvarint(image, uint64(len(content)))
		image = append(image, content...)
	}
	return image
}

// Clear removes everything, and keeps the memory for files to come. Nobody may have a file of the disk open.
//
//go:norace
func (d *memoryDisk) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locked = false
	for i := len(d.nodes) - 1; i >= 0; i-- {
		n := d.nodes[i]
		if n.file != nil {
			n.file.clear()
		}
		d.spare = append(d.spare, n)
	}
	d.nodes = d.nodes[:0]
}

// clear makes the file new and keeps its pages for what will be written.
//
//go:norace
func (f *memoryFile) clear() {
	for _, page := range f.pages {
		if page != nil {
			f.spare = append(f.spare, page)
		}
	}
	f.pages, f.size = f.pages[:0], 0
}
