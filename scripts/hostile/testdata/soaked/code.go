// Package soaked holds one object for each kind of bug that a campaign can find. The object adds numbers, and keeps the sum on a
// disk if it has one.
package soaked

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// ErrBroken is returned by all operations after one that could not write.
var ErrBroken = errors.New("the disk has failed")

type faults struct {
	loses   bool // lets go of the lock within an addition
	forgets bool // does not sync
	races   bool // counts readings where nothing guards
}

type sum struct {
	faults
	mu       sync.Mutex
	n        int
	file     disk.File // nil for none
	broken   bool
	readings int
}

// open reads the sum from the disk; nil means no disk.
func open(d disk.Disk, f faults) (*sum, error) {
	s := &sum{faults: f}
	if d == nil {
		return s, nil
	}
	file, err := d.Open("sum")
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = d.Create("sum"); err == nil {
			err = errors.Join(file.Sync(), d.SyncDir("."))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the sum: %w", err)
	}
	s.file = file
	size, err := file.Size()
	if err != nil || size < 8 {
		return s, err
	}
	var held [8]byte
	if _, err := file.ReadAt(held[:], 0); err != nil {
		return nil, err
	}
	s.n = int(binary.LittleEndian.Uint64(held[:]))
	return s, nil
}

func (s *sum) Add(ctx context.Context, n int) error {
	failpoint.InjectCall("adding", ctx)
	s.mu.Lock()
	now := s.n
	if s.loses {
		s.mu.Unlock()
		failpoint.InjectCall("between", ctx)
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.broken {
		return ErrBroken
	}
	if err := s.keep(now + n); err != nil {
		s.broken = true
		return err
	}
	s.n = now + n
	return nil
}

// keep writes a sum in one sector.
func (s *sum) keep(n int) error {
	if s.file == nil {
		return nil
	}
	if _, err := s.file.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(n)), 0); err != nil || s.forgets {
		return err
	}
	return s.file.Sync()
}

func (s *sum) Get(ctx context.Context) int {
	failpoint.InjectCall("reading", ctx)
	if s.races {
		s.readings++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *sum) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
