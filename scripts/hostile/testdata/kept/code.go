// Package kept holds one object for each kind of bug that a loss of power, or the death of a process, can show.
package kept

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/pingcap/failpoint"

	"github.com/racewindow/racewindow/storage/disk"
)

// A page keeps letters on a disk, in the order in which they came.
type page struct {
	faults
	mu   sync.Mutex
	file disk.File
	text string
	kept int // of the text, on the disk
	// broken is the first error of the disk: what it holds is not known then.
	broken error
}

type faults struct {
	late    bool // keeps the last letter in memory
	forgets bool // to sync
	trusts  bool // each write to succeed
}

func open(d disk.Disk, f faults) (*page, error) {
	file, err := d.Open("page")
	if err != nil {
		if file, err = d.Create("page"); err == nil {
			err = d.SyncDir(".")
		}
	}
	if err != nil {
		return nil, err
	}
	size, err := file.Size()
	text := make([]byte, size)
	if err == nil && size > 0 {
		if _, err = file.ReadAt(text, 0); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	p := &page{faults: f, file: file, text: strings.TrimRight(string(text), "\x00")}
	p.kept = len(p.text)
	return p, err
}

func (p *page) Add(ctx context.Context, value uint8) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	p.text += string(rune('a' + value%26))
	if p.late && len(p.text)-p.kept < 2 {
		return nil
	}
	_, err := p.file.WriteAt([]byte(p.text[p.kept:]), int64(p.kept))
	failpoint.InjectCall("written", ctx)
	p.kept = len(p.text)
	if p.trusts {
		return nil
	}
	if err == nil && !p.forgets {
		err = p.file.Sync()
	}
	p.broken = err
	return err
}

func (p *page) Text(context.Context) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}

func (p *page) Close() error { return p.file.Close() }
