// Package engines keeps numbers on a disk in six ways, each of which promises less than a log with transactions does: see
// README.md.
package engines

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"sync"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage/disk"
)

const packagePath = "github.com/racewindow/racewindow/harness/examples/engines"

var lock = failpoints.WaitPoint(packagePath, "lock")

// The points of all engines. Each engine's points touch its file and what it knows about the file.
var _ = failpoints.Declare(packagePath, []failpoints.Declaration{
	{Name: "lock", Kind: failpoints.KindWait, Resource: "records", Access: failpoints.Writes, Reason: "callers take turns"},
	{Name: "indexed/counted", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "counted without the lock: another append may get the same index"},
	{Name: "indexed/written", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "written, but not synced"},
	{Name: "indexed/synced", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "durable, but not readable yet"},
	{Name: "indexed/read", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the record may be cut from the file"},
	{Name: "journal/end", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the end was looked for without the lock"},
	{Name: "journal/written", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "written, but not synced"},
	{Name: "kept/loaded", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "another append may add to the same copy"},
	{Name: "kept/read", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "nothing is read"},
	{Name: "kept/synced", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the new file is complete, but still has the wrong name"},
	{Name: "late/taken", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the batch is taken, and others hand over"},
	{Name: "late/written", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "written, but not synced"},
	{Name: "late/synced", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "durable, but nobody knows yet"},
	{Name: "numbered/given", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the number is given, but nothing is written"},
	{Name: "numbered/written", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "written, but not synced"},
	{Name: "singles/reserved", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "the place is reserved, but nothing is written"},
	{Name: "singles/written", Kind: failpoints.KindYield, Resource: "records", Access: failpoints.Writes, Reason: "written, but not synced"},
})

// A guard is a mutex that a scheduler can wait for.
type guard struct{ sync.Mutex }

func (g *guard) hold(ctx context.Context) { failpoints.Lock(ctx, lock, &g.Mutex) }

// A record is a value, and a number in engines that give one.
type record struct {
	number uint64
	value  int
}

// frameBytes is the size of a frame: a number, a value, and a checksum of both and of the frame's place.
const frameBytes = 20

// A file holds records in frames of one size.
type file struct{ disk.File }

// openFile opens a file, or creates it and makes its name durable. It reads the records up to the first incomplete frame.
func openFile(d disk.Disk, name string) (file, []record, error) {
	f, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = d.Create(name); err == nil {
			err = d.SyncDir(".")
		}
		return file{f}, nil, err
	}
	if err != nil {
		return file{}, nil, err
	}
	size, err := f.Size()
	if err != nil {
		return file{}, nil, err
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); size > 0 && err != nil {
		return file{}, nil, err
	}
	var records []record
	for len(data) >= frameBytes {
		r, whole := unframe(len(records), data[:frameBytes])
		if !whole {
			break
		}
		records, data = append(records, r), data[frameBytes:]
	}
	// Whatever follows them, or was never synced, must not be found now and lost later.
	opened := file{f}
	return opened, records, errors.Join(f.Truncate(int64(len(records))*frameBytes), opened.write(0, records...), f.Sync())
}

// write writes records into consecutive frames, starting at the given one. They are durable once the file is synced.
func (f file) write(at int, records ...record) error {
	var data []byte
	for i, r := range records {
		data = append(data, frame(at+i, r)...)
	}
	_, err := f.WriteAt(data, int64(at)*frameBytes)
	return err
}

func frame(at int, r record) []byte {
	data := binary.LittleEndian.AppendUint64(nil, r.number)
	data = binary.LittleEndian.AppendUint64(data, uint64(r.value))
	return binary.LittleEndian.AppendUint32(data, checksum(at, data))
}

func unframe(at int, data []byte) (r record, whole bool) {
	r.number, r.value = binary.LittleEndian.Uint64(data), int(binary.LittleEndian.Uint64(data[8:]))
	return r, binary.LittleEndian.Uint32(data[16:]) == checksum(at, data[:16])
}

// checksum differs from place to place, so that a frame counts only where it was written.
func checksum(at int, data []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(data), crc32.IEEETable, binary.LittleEndian.AppendUint64(nil, uint64(at)))
}
