package storage

import (
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/storage/disk"
)

// Errors that callers tell apart with errors.Is. The error that a call returns wraps one of these. It says what failed,
// on which log or file, and what to do.
var (
	// ErrEmpty refuses a transaction without records.
	ErrEmpty = errors.New("empty transaction")
	// ErrNotIncreasing refuses an offset that does not lie past the log's last one.
	ErrNotIncreasing = errors.New("position does not increase")
	// ErrTooLarge refuses a key or value over its limit.
	ErrTooLarge = errors.New("over the size limit")
	// ErrClosed is returned by every call on a closed log or store.
	ErrClosed = errors.New("closed")
	// ErrPoisoned is returned by appends and flushes after a write or sync failed. It is sticky; reopen the store.
	ErrPoisoned = errors.New("poisoned by an earlier disk error")
	// ErrNoSpace is returned by a flush for which the disk had no room. The log stays usable: free some room, flush again.
	ErrNoSpace = errors.New("no space left for the flush")
	// ErrMissing is returned by Open for a folder that does not exist, without Options.Create.
	ErrMissing = errors.New("folder does not exist")
	// ErrLocked is returned by Open for a store that another process, or another Store, has open.
	ErrLocked = disk.ErrLocked
	// ErrForeign is returned for a file in the store's folder that is not the store's.
	ErrForeign = disk.ErrForeign
	// ErrNewerFormat is returned for files that a later version wrote.
	ErrNewerFormat = errors.New("written by a newer version")
	// ErrHandle refuses the name of a log.
	ErrHandle = errors.New("not a valid handle")
	// ErrDamaged is wrapped by every *DamageError.
	ErrDamaged = errors.New("damaged")
	// ErrReadsDiffer refuses to open a log when two readings of the same bytes differ: a bit was flipped on its way from
	// the disk. What was durable is still there. Open the log again, and mistrust the machine.
	ErrReadsDiffer = errors.New("two readings of the same bytes differ")
	// ErrNoTransaction is returned by a Transaction that was committed or aborted.
	ErrNoTransaction = errors.New("transaction has ended")
	// ErrOptions refuses options that contradict themselves.
	ErrOptions = errors.New("invalid options")
)

// A DamageError says that bytes that were durable have changed since they were written. The store changed nothing on disk.
type DamageError struct {
	// File is the file's name within the store's folder.
	File string
	// Byte is the position in the file at which the damage was found.
	Byte int64
	// Reason says what is wrong there.
	Reason string
}

// Error names file, byte and reason.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s; nothing was changed: restore the file from a copy", e.File, e.Byte, e.Reason)
}

// Unwrap makes errors.Is(err, ErrDamaged) true.
func (e *DamageError) Unwrap() error { return ErrDamaged }
