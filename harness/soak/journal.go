package soak

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/racewindow/racewindow/harness/output"
)

// Types of entries.
const (
	entryCampaign = "campaign" // the first line: what the campaign is
	entryStart    = "start"    // a process has begun to work on it
	entryChecks   = "checks"   // what corpus and canaries showed
	entryFound    = "found"    // findings that no round made
	entryBegin    = "begin"    // a round begins
	entryRound    = "round"    // a round has ended
	entryEnd      = "end"      // a process has ended in order
	entryState    = "state"    // all entries before it, folded because the journal became too long
)

// An Entry is one line of the journal.
type Entry struct {
	Type     string       `json:"type"`
	Time     time.Time    `json:"time"`
	Campaign *Campaign    `json:"campaign,omitempty"`
	Checks   []Check      `json:"checks,omitempty"`
	Took     Nanoseconds  `json:"took_ns,omitempty"`
	Spec     string       `json:"spec,omitempty"`
	Round    *RoundRecord `json:"round,omitempty"`
	Findings []Finding    `json:"findings,omitempty"`
	NotRun   []NotRun     `json:"not_run,omitempty"`
	Points   []string     `json:"failpoints,omitempty"`
	Sample   *Sample      `json:"sample,omitempty"`
	For      Nanoseconds  `json:"for_ns,omitempty"`
	Ended    string       `json:"ended,omitempty"`
	Complete bool         `json:"complete,omitempty"`
	State    *State       `json:"state,omitempty"`
}

// Nanoseconds is a duration, which JSON holds in nanoseconds.
type Nanoseconds = time.Duration

// A Campaign is what all processes that work on a folder must agree on.
type Campaign struct {
	Version int `json:"version"`
	// Of says what is tested; "" if that is not known.
	Of    string `json:"of,omitempty"`
	Seed  uint64 `json:"seed"`
	Shard Shard  `json:"shard"`
}

// journalVersion must be raised when a field changes its meaning or is removed.
const journalVersion = 1

// A line is an entry and the CRC-32C of its bytes.
type line struct {
	Sum   string          `json:"crc32c"`
	Entry json.RawMessage `json:"entry"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Errors of a journal.
var (
	ErrJournal = errors.New("the journal is damaged")
	ErrLocked  = errors.New("another process works on this campaign")
)

const (
	journalName = "journal.jsonl"
	lockName    = "journal.lock"
	// maxJournalBytes is the size at which the journal is folded into one entry.
	maxJournalBytes = 64 << 20
)

// A journal is the append-only record of a campaign, held by one process at a time.
type journal struct {
	folder string
	file   *os.File
	lock   *flock.Flock
	bytes  int64
	limit  int64
	sync   func(*os.File) error
	failed error // the first error of a write; once it is set, append returns it
	// Cut is how many bytes of a torn last line were cut off when the journal was opened.
	Cut int64
}

// openJournal takes the lock, calls each with every entry, and cuts a torn last line off.
func openJournal(folder string, each func(Entry) error) (*journal, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("open the campaign: %w", err)
	}
	lock := flock.New(filepath.Join(folder, lockName))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the campaign: %w", err)
	}
	if !held {
		return nil, fmt.Errorf("%w: %s is locked", ErrLocked, folder)
	}
	j := &journal{folder: folder, lock: lock, limit: maxJournalBytes, sync: (*os.File).Sync}
	if err := j.open(each); err != nil {
		_ = j.close()
		return nil, err
	}
	return j, nil
}

func (j *journal) open(each func(Entry) error) error {
	name := filepath.Join(j.folder, journalName)
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	j.file = file
	good, err := readEntries(file, each)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	if j.Cut = end - good; j.Cut > 0 {
		if err := errors.Join(file.Truncate(good), file.Sync()); err != nil {
			return fmt.Errorf("cut the torn end of the journal: %w", err)
		}
	}
	j.bytes = good
	_, err = file.Seek(good, io.SeekStart)
	return err
}

// readEntries calls each with every entry, and returns where the intact entries end. Only the last line may be broken. A broken
// line with another one after it is damage.
func readEntries(r io.Reader, each func(Entry) error) (good int64, err error) {
	lines := bufio.NewReaderSize(r, 1<<16)
	broken := error(nil)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if len(text) == 0 && errors.Is(err, io.EOF) {
			return good, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return good, fmt.Errorf("read the journal: %w", err)
		}
		if broken != nil {
			return good, broken
		}
		entry, failed := decodeLine(text)
		if failed != nil {
			broken = fmt.Errorf("%w: line %d: %w", ErrJournal, number, failed)
			continue
		}
		if err := each(entry); err != nil {
			return good, fmt.Errorf("line %d: %w", number, err)
		}
		good += int64(len(text))
	}
}

func decodeLine(text []byte) (e Entry, err error) {
	if !bytes.HasSuffix(text, []byte("\n")) {
		return e, errors.New("it does not end with a newline")
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return e, err
	}
	if sum := checksum(l.Entry); sum != l.Sum {
		return e, fmt.Errorf("its checksum is %s, not %s", sum, l.Sum)
	}
	return e, json.Unmarshal(l.Entry, &e)
}

func encodeLine(e Entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(line{checksum(body), body})
	return append(text, '\n'), err
}

func checksum(body []byte) string { return fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli)) }

// append writes an entry and syncs it, even one that only says that a round begins. So all lines but the last are on the disk,
// and a loss of power can tear no other line. Of two lines that are not synced, it could lose the first and keep the second,
// and that is damage. For the same reason nothing is written after an entry that failed.
func (j *journal) append(e Entry) error {
	if j.failed != nil {
		return j.failed
	}
	text, err := encodeLine(e)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if _, err := j.file.Write(text); err != nil {
		j.failed = fmt.Errorf("write the journal: %w", err)
		return j.failed
	}
	j.bytes += int64(len(text))
	if err := j.sync(j.file); err != nil {
		j.failed = fmt.Errorf("sync the journal: %w", err)
	}
	return j.failed
}

// full reports whether the journal is so long that it should be folded.
func (j *journal) full() bool { return j.bytes > j.limit }

// replace replaces all entries by one. A crash leaves the old journal or the new one.
func (j *journal) replace(e Entry) error {
	text, err := encodeLine(e)
	if err != nil {
		return fmt.Errorf("fold the journal: %w", err)
	}
	name := filepath.Join(j.folder, journalName)
	if err := writeWhole(name, text); err != nil {
		return fmt.Errorf("fold the journal: %w", err)
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("fold the journal: %w", err)
	}
	_ = j.file.Close()
	j.file, j.bytes = file, int64(len(text))
	_, err = file.Seek(0, io.SeekEnd)
	return err
}

func (j *journal) close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Close())
}

// writeWhole replaces a file as a whole: a reader sees the old content or the new one.
func writeWhole(name string, data []byte) error { return output.Write(name, data) }
