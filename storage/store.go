package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/racewindow/racewindow/failpoints"
)

// A Store holds many logs in one folder, each in a subfolder named after its handle. It owns the task that flushes them.
// Only one process at a time can have it open.
type Store struct {
	disk    Disk
	options Options
	lock    io.Closer

	opening sync.Mutex // held while a log is recovered or closed, which may take a while

	mu     sync.Mutex
	logs   map[string]*Log
	closed bool
	// openLogs is len(logs); it changes with mu held.
	openLogs atomic.Int64
	// due lists the logs to flush; an urgent request has the zero time. wake tells the flusher of a new entry.
	due     []flushRequest
	wake    chan struct{}
	stopped chan struct{}
}

type flushRequest struct {
	log *Log
	at  time.Time
}

const lockName = "LOCK"

var (
	storeOpening = failpoints.WaitPoint(Package, "store/opening")
	storeLock    = failpoints.WaitPoint(Package, "store/lock")
	storeWake    = failpoints.WaitPoint(Package, "flusher/wake")
	storeClosed  = failpoints.WaitPoint(Package, "store/close")
)

// Open opens the store in a folder. If ctx has a controller, it also controls the store's flusher. The end of ctx does
// not end the store.
//
// Errors: ErrOptions, ErrMissing, ErrLocked, ErrForeign.
//
//racewindow:atomic because the store is not open yet: no caller has it, and its lock keeps other processes out
func Open(ctx context.Context, folder string, options Options) (*Store, error) {
	failpoints.CheckEnvironment(Package)
	options = options.withDefaults()
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", folder, err)
	}
	disk := options.Disk
	if disk == nil {
		if err := checkFolder(folder, options.Create); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
		disk = OSDisk(folder)
	}
	if err := checkEntries(disk); err != nil { // before Lock, which would leave its file in a folder that is not a store's
		return nil, fmt.Errorf("open store %s: %w", folder, err)
	}
	lock, err := disk.Lock(lockName)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", folder, err)
	}
	s := &Store{
		disk: disk, options: options, lock: lock,
		logs: map[string]*Log{}, wake: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	failpoints.Go(failpoints.Detach(ctx), "flusher", s.flusher)
	return s, nil
}

//racewindow:atomic because the store is not open yet
func checkFolder(folder string, create bool) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return makeFolder(folder)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w: create it, or set Options.Create", folder, ErrMissing)
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is a file: %w: name a folder", folder, ErrMissing)
	}
	return err
}

// makeFolder makes a folder and its missing parents, and makes each of their names durable.
//
//racewindow:atomic because the store is not open yet
func makeFolder(folder string) error {
	parent := filepath.Dir(folder)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) && parent != folder {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(folder, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return OSDisk(parent).SyncDir(".")
}

// checkEntries refuses a folder that holds a file other than the lock: it may not be a store's.
//
//racewindow:atomic because the store is not open yet
func checkEntries(disk Disk) error {
	entries, err := disk.List(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Folder && e.Name != lockName {
			return fmt.Errorf("%s: %w; choose another folder, or move it out", e.Name, ErrForeign)
		}
	}
	return nil
}

// Log returns the log with that handle. It recovers a log that exists, and makes one that does not; a log that is open
// already is returned as it is. Recovery reads every record, and so finds all damage, unless the log was closed: then the
// first read that meets damage reports it. A handle is 1 to 128 letters, digits, '.', '_' and '-', and starts with a letter or digit.
//
// Errors: ErrHandle, ErrClosed, ErrForeign, ErrNewerFormat, ErrReadsDiffer, *DamageError, or the disk's own error.
func (s *Store) Log(ctx context.Context, handle string) (*Log, error) {
	if err := checkHandle(handle); err != nil {
		return nil, err
	}
	failpoints.Lock(ctx, storeOpening, &s.opening)
	defer s.opening.Unlock()
	if l, err := s.openLog(ctx, handle); l != nil || err != nil {
		return l, err
	}
	l, err := s.recoverLog(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("open log %s: %w", handle, err)
	}
	failpoints.Lock(ctx, storeLock, &s.mu)
	defer s.mu.Unlock()
	s.logs[handle] = l
	s.openLogs.Store(int64(len(s.logs))) //racewindow:atomic because it says only how much memory the next flush may keep
	return l, nil
}

// openLog returns the log with that handle if it is open, else nil.
func (s *Store) openLog(ctx context.Context, handle string) (*Log, error) {
	failpoints.Lock(ctx, storeLock, &s.mu)
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("open log %s: store: %w", handle, ErrClosed)
	}
	return s.logs[handle], nil
}

func checkHandle(handle string) error {
	ok := len(handle) >= 1 && len(handle) <= 128
	for i, c := range []byte(handle) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		ok = ok && (letter || i > 0 && (c == '.' || c == '_' || c == '-'))
	}
	if !ok || handle == lockName {
		return fmt.Errorf("%w: %q: use 1 to 128 letters, digits, '.', '_' or '-', a letter or digit first", ErrHandle, handle)
	}
	return nil
}

// Handles returns the handles of all logs in the store, open or not, sorted.
//
//racewindow:atomic because it is the call's only step: a switch before it is a switch before the call
func (s *Store) Handles() ([]string, error) {
	entries, err := s.disk.List(".")
	if err != nil {
		return nil, fmt.Errorf("list the logs: %w", err)
	}
	var handles []string
	for _, e := range entries {
		if e.Folder && checkHandle(e.Name) == nil {
			handles = append(handles, e.Name)
		}
	}
	return handles, nil
}

// Close closes every log as Log.Close does, ends the flusher and releases the lock. If a full disk keeps a log open, the
// store stays open too.
func (s *Store) Close(ctx context.Context) error {
	failpoints.Lock(ctx, storeOpening, &s.opening)
	defer s.opening.Unlock()
	failpoints.Lock(ctx, storeLock, &s.mu)
	if s.closed {
		s.mu.Unlock()
		return fmt.Errorf("close store: %w", ErrClosed)
	}
	logs := make([]*Log, 0, len(s.logs))
	for _, l := range s.logs {
		logs = append(logs, l)
	}
	s.mu.Unlock()
	sortByHandle(logs)
	var failed error
	for _, l := range logs {
		err := l.close(ctx)
		if failed = errors.Join(failed, err); !errors.Is(err, ErrNoSpace) {
			s.forget(ctx, l)
		}
	}
	if errors.Is(failed, ErrNoSpace) {
		return fmt.Errorf("the store stays open: %w", failed)
	}
	s.stop(ctx)
	s.wakeFlusher(ctx)
	_, _, err := failpoints.Receive(failpoints.Detach(ctx), storeClosed, s.stopped)
	return errors.Join(failed, err, s.lock.Close())
}

// stop makes the flusher end when it next wakes.
func (s *Store) stop(ctx context.Context) {
	failpoints.Lock(ctx, storeLock, &s.mu)
	s.closed = true
	s.mu.Unlock()
}

func (s *Store) forget(ctx context.Context, l *Log) {
	failpoints.Lock(ctx, storeLock, &s.mu)
	defer s.mu.Unlock()
	if s.logs[l.handle] == l {
		delete(s.logs, l.handle)
		s.openLogs.Store(int64(len(s.logs))) //racewindow:atomic because it says only how much memory the next flush may keep
	}
}
