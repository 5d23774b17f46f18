package storage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// What the tests of this package build on: a log on a disk in memory, records that tell their place, disks that fail.

var background = context.Background()

// onRequest is so much that a flush by size never happens.
const onRequest = 1 << 30

// small makes arenas, chunks and segments so small that a few records fill several, and flushes only on request.
func small() Options {
	return Options{ArenaBytes: 128, ChunkBytes: 160, SegmentBytes: 512, FlushBytes: onRequest, FlushInterval: -1, CacheBytes: -1}
}

// roomy flushes only on request and has everything else as by default.
func roomy() Options { return Options{FlushBytes: onRequest, FlushInterval: -1, CacheBytes: -1} }

// A rig is an open log and what is needed to open it again.
type rig struct {
	t       testing.TB
	options Options
	store   *Store
	*Log
}

const theHandle = "log"

// newRig opens a log on a disk in memory, unless the options name another.
func newRig(t testing.TB, o Options) *rig {
	t.Helper()
	if o.Disk == nil {
		o.Disk = MemoryDisk()
	}
	r := &rig{t: t, options: o}
	r.open()
	t.Cleanup(func() { _ = r.store.Close(background) })
	return r
}

func (r *rig) open() {
	r.t.Helper()
	store, err := Open(background, "memory", r.options)
	require.NoError(r.t, err)
	r.store = store
	r.Log, err = store.Log(background, theHandle)
	require.NoError(r.t, err)
	if r.options.FlushInterval < 0 && r.options.FlushBytes == onRequest {
		r.urgent = true // a flusher that is said to be on its way is not called again, not even for a closed chunk
	}
}

// reopen closes the store and opens it again.
func (r *rig) reopen() {
	r.t.Helper()
	require.NoError(r.t, r.store.Close(background))
	r.open()
}

// crash opens a copy of the disk as it is at this moment; what was in memory only is gone.
func (r *rig) crash() {
	r.t.Helper()
	r.options.Disk = cloneDisk(r.options.Disk)
	_ = r.store.Close(background)
	r.open()
}

// append appends one transaction of n records whose values tell their place.
func (r *rig) append(n int) Offset {
	r.t.Helper()
	r.mu.Lock()
	tx := r.last.Tx + 1
	r.mu.Unlock()
	last, err := r.Append(background, transaction(tx, n)...)
	require.NoError(r.t, err)
	require.Equal(r.t, Offset{tx, uint64(n - 1)}, last)
	return last
}

func (r *rig) flush() {
	r.t.Helper()
	require.NoError(r.t, r.Flush(background))
}

// flushFragments flushes the whole tail, as the flusher does.
func (r *rig) flushFragments() {
	r.t.Helper()
	require.NoError(r.t, r.flushTail(background, flushRequest{r.Log, time.Unix(1, 0)}))
}

// offsets reads a range, checks every record against its offset, and returns the offsets as text.
func (r *rig) offsets(after, upTo Offset) string {
	r.t.Helper()
	got, err := readAll(r.Log, after, upTo)
	require.NoError(r.t, err)
	words := []string{}
	for _, record := range got {
		require.Equal(r.t, recordAt(record.Offset), record)
		words = append(words, record.Offset.String())
	}
	return strings.Join(words, " ")
}

func (r *rig) all() string { return r.offsets(Offset{}, End) }

// readAll reads a range as far as it goes.
func readAll(l *Log, after, upTo Offset) (records []Record, err error) {
	for record, err := range l.Read(background, after, upTo) {
		if err != nil {
			return records, err
		}
		records = append(records, record.Clone())
	}
	return records, nil
}

// recordAt is the one record that the tests append at an offset.
func recordAt(o Offset) Record {
	return Record{
		Offset:    o,
		Key:       []byte(fmt.Sprintf("key %d.%d", o.Tx, o.Op)),
		Operation: Operation((o.Tx + o.Op) % 3),
		Value:     bytes.Repeat([]byte{byte('a' + (o.Tx+o.Op)%26)}, 1+int((7*o.Tx+13*o.Op)%60)),
	}
}

// transaction is the records that the tests append as one transaction.
func transaction(tx uint64, n int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = recordAt(Offset{tx, uint64(i)})
	}
	return records
}

// memoryOf finds the disk below those that wrap it.
func memoryOf(d Disk) Disk {
	for {
		broken, wraps := d.(*brokenDisk)
		if !wraps {
			return d
		}
		d = broken.Disk
	}
}

// eachName visits the folders of a disk and what lies in them, folders first.
func eachName(d Disk, visit func(name string, file File)) {
	d = memoryOf(d)
	for _, folder := range append([]Entry{{Name: ".", Folder: true}}, mustList(d, ".")...) {
		if !folder.Folder {
			continue
		}
		if folder.Name != "." {
			visit(folder.Name, nil)
		}
		for _, e := range mustList(d, folder.Name) {
			if !e.Folder {
				visitFile(d, path.Join(folder.Name, e.Name), visit)
			}
		}
	}
}

func mustList(d Disk, folder string) []Entry {
	entries, err := d.List(folder)
	if err != nil {
		panic(err)
	}
	return entries
}

func visitFile(d Disk, name string, visit func(name string, file File)) {
	f, err := d.Open(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	visit(name, f)
}

// cloneDisk copies a disk in memory, without its lock.
func cloneDisk(d Disk) Disk {
	to := MemoryDisk()
	eachName(d, func(name string, from File) {
		if from == nil {
			_ = to.Mkdir(name)
			return
		}
		f, err := to.Create(name)
		if err != nil {
			panic(err)
		}
		defer f.Close()
		_, _ = f.WriteAt(contentOf(from), 0)
	})
	return to
}

func contentOf(f File) []byte {
	size, _ := f.Size()
	content := make([]byte, size)
	_, _ = f.ReadAt(content, 0)
	return content
}

// fileOn returns the content of a file on a disk.
func fileOn(t testing.TB, d Disk, name string) []byte {
	t.Helper()
	f, err := d.Open(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	return contentOf(f)
}

// putFile makes a file with that content.
func putFile(t testing.TB, d Disk, name string, content []byte) {
	t.Helper()
	f, err := d.Create(name)
	require.NoError(t, err)
	_, err = f.WriteAt(content, 0)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// A diskCall is one call on a brokenDisk or one of its files.
type diskCall struct{ operation, name string }

// A diskFault makes a call fail. A write takes keep bytes first.
type diskFault struct {
	err  error
	keep int
}

// A brokenDisk asks before each call whether it shall fail.
type brokenDisk struct {
	Disk
	mu    sync.Mutex
	fault func(diskCall) *diskFault
	calls []diskCall
	// opened is how many of its files are open.
	opened atomic.Int64
}

func newBrokenDisk() *brokenDisk { return &brokenDisk{Disk: MemoryDisk()} }

// fail makes every call fail for which fault returns something; nil heals the disk.
func (d *brokenDisk) fail(fault func(diskCall) *diskFault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.calls = fault, nil
}

// failNext makes the next call of an operation on a file whose name contains part fail.
func (d *brokenDisk) failNext(operation, part string, f diskFault) {
	d.failNth(operation, part, 1, f)
}

// failNth makes the n-th such call fail.
func (d *brokenDisk) failNth(operation, part string, n int, f diskFault) {
	d.fail(func(c diskCall) *diskFault {
		if c.operation == operation && strings.Contains(c.name, part) {
			if n--; n == 0 {
				return &f
			}
		}
		return nil
	})
}

func (d *brokenDisk) ask(operation, name string) *diskFault {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := diskCall{operation, name}
	d.calls = append(d.calls, c)
	if d.fault == nil {
		return nil
	}
	return d.fault(c)
}

func (d *brokenDisk) count(operation, part string) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.calls {
		if c.operation == operation && strings.Contains(c.name, part) {
			n++
		}
	}
	return n
}

func (d *brokenDisk) Create(name string) (File, error) {
	if f := d.ask("create", name); f != nil {
		return nil, f.err
	}
	f, err := d.Disk.Create(name)
	if err != nil {
		return nil, err
	}
	d.opened.Add(1)
	return &brokenFile{f, d, name}, nil
}

func (d *brokenDisk) Open(name string) (File, error) {
	if f := d.ask("open", name); f != nil {
		return nil, f.err
	}
	f, err := d.Disk.Open(name)
	if err != nil {
		return nil, err
	}
	d.opened.Add(1)
	return &brokenFile{f, d, name}, nil
}

func (d *brokenDisk) Rename(oldName, newName string) error {
	if f := d.ask("rename", oldName); f != nil {
		return f.err
	}
	return d.Disk.Rename(oldName, newName)
}

func (d *brokenDisk) SyncDir(name string) error {
	if f := d.ask("syncdir", name); f != nil {
		return f.err
	}
	return d.Disk.SyncDir(name)
}

func (d *brokenDisk) Mkdir(name string) error {
	if f := d.ask("mkdir", name); f != nil {
		return f.err
	}
	return d.Disk.Mkdir(name)
}

func (d *brokenDisk) Remove(name string) error {
	if f := d.ask("remove", name); f != nil {
		return f.err
	}
	return d.Disk.Remove(name)
}

type brokenFile struct {
	File
	disk *brokenDisk
	name string
}

func (f *brokenFile) WriteAt(p []byte, at int64) (int, error) {
	if fault := f.disk.ask("write", f.name); fault != nil {
		n, _ := f.File.WriteAt(p[:min(fault.keep, len(p))], at)
		return n, fault.err
	}
	return f.File.WriteAt(p, at)
}

func (f *brokenFile) ReadAt(p []byte, at int64) (int, error) {
	if fault := f.disk.ask("read", f.name); fault != nil {
		return 0, fault.err
	}
	return f.File.ReadAt(p, at)
}

func (f *brokenFile) Truncate(bytes int64) error {
	if fault := f.disk.ask("truncate", f.name); fault != nil {
		return fault.err
	}
	return f.File.Truncate(bytes)
}

func (f *brokenFile) Allocate(bytes int64) error {
	if fault := f.disk.ask("allocate", f.name); fault != nil {
		return fault.err
	}
	return f.File.Allocate(bytes)
}

func (f *brokenFile) Size() (int64, error) {
	if fault := f.disk.ask("size", f.name); fault != nil {
		return 0, fault.err
	}
	return f.File.Size()
}

func (f *brokenFile) Sync() error {
	if fault := f.disk.ask("sync", f.name); fault != nil {
		return fault.err
	}
	return f.File.Sync()
}

func (f *brokenFile) Close() error {
	f.disk.opened.Add(-1)
	if fault := f.disk.ask("close", f.name); fault != nil {
		return fault.err
	}
	return f.File.Close()
}

// requireInstrumented skips a test that needs failpoints to fire, or fails it where the environment says that they must.
func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}
