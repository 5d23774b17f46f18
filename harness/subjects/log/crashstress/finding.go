package crashstress

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/deadlock"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// A Finding is a violation, with the disk on which recovery showed it.
type Finding struct {
	Promise  string `json:"promise"`
	Sentence string `json:"sentence"`
	Detail   string `json:"detail"`
	// Log and Cycle are the numbers of the log and of the cycle, from 0.
	Log   uint64 `json:"log"`
	Cycle int    `json:"cycle"`
	// Lost is where power was last lost. Death says that only the process died there.
	Lost  string `json:"lost"`
	Death bool   `json:"process_death"`
	// Unsynced is how many effects on the disk were not synced then, Durable how many transactions had to survive.
	Unsynced int    `json:"unsynced_effects"`
	Durable  uint64 `json:"durable_transactions"`
	Model    string `json:"model"`
	Options  string `json:"options"`
	// Disk is the disk from which the last recovery started; after a process death it is the newest state of the cache.
	Disk string `json:"disk"`
	// Stacks are those of the goroutines that wait for one another. Then the log, the loss and the disk are not known, because the
	// cycle has not ended; empty for any other violation.
	Stacks string `json:"stacks,omitempty"`

	image *crash.Image
}

func (l *life) finding(v *check.Violation) *Finding {
	o := l.options
	f := &Finding{
		Promise: v.Promise.Name, Sentence: v.Promise.Sentence, Detail: v.Detail, Log: l.number, Cycle: l.cycle,
		Lost: l.loss.where, Death: l.loss.death, Unsynced: l.loss.unsynced, Durable: l.durable, Model: l.config.Model.String(),
		Options: fmt.Sprintf("arena=%d chunk=%d segment=%d flush=%d interval=%v", o.ArenaBytes, o.ChunkBytes, o.SegmentBytes, o.FlushBytes, o.FlushInterval),
		image:   l.image,
	}
	if f.Lost == "" {
		f.Lost = "nowhere yet, because the log was new"
	}
	if f.Death && l.disk != nil {
		f.image = l.disk.Sample(l.config.Model, crash.Replay(nil))
	}
	f.Disk = f.image.String()
	return f
}

// deadlocked is the finding of a cycle whose goroutines wait for one another.
func (c Config) deadlocked(d *deadlock.Deadlock) *Finding {
	return &Finding{
		Promise: check.Progress.Name, Sentence: check.Progress.Sentence, Detail: "a cycle never ends: " + d.String(),
		Log: c.FirstLog, Model: c.Model.String(), Stacks: d.Stacks,
	}
}

// WriteText writes the report. again is the command that runs the same again.
func (f *Finding) WriteText(w io.Writer, again string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "FAIL %s  %q\n     %s\n", f.Promise, f.Sentence, f.Detail)
	what := "power was lost"
	if f.Death {
		what = "the process died"
	}
	if f.Stacks != "" {
		fmt.Fprintf(&b, "again: %s\n", again)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "     log %d, cycle %d: %s %s, with %d unsynced effects; %d transactions had to survive\n", f.Log, f.Cycle, what, f.Lost, f.Unsynced, f.Durable)
	fmt.Fprintf(&b, "again: %s\n", again)
	fmt.Fprintf(&b, "  disk     %s\n", f.Disk)
	fmt.Fprintf(&b, "  options  %s\n", f.Options)
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteDisk writes the files of the disk, as the loss of power left them, to the folder disk below a folder. If the disk is not known,
// it writes nothing.
func (f *Finding) WriteDisk(folder string) error {
	if f.image == nil {
		return nil
	}
	for _, path := range f.image.Paths() {
		file := filepath.Join(folder, "disk", filepath.FromSlash(path))
		if strings.HasSuffix(path, "/") {
			if err := os.MkdirAll(file, 0o777); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		bytes, _ := f.image.Bytes(path)
		if err := os.WriteFile(file, bytes, 0o666); err != nil {
			return err
		}
	}
	return os.MkdirAll(filepath.Join(folder, "disk"), 0o777)
}
