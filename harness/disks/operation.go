package disks

import (
	"fmt"
	"time"
)

// A Kind is one of the calls that a disk takes.
type Kind uint8

// The calls of storage.Disk, then those of storage.File. AnyKind stands for all of them in a Rule.
const (
	AnyKind Kind = iota
	Mkdir
	Create
	Open
	Rename
	Remove
	List
	SyncDir
	Lock
	Read
	Write
	Truncate
	Allocate
	Sync
	Size
	Close
)

var kindNames = [...]string{
	"any", "mkdir", "create", "open", "rename", "remove", "list", "syncdir", "lock",
	"read", "write", "truncate", "allocate", "sync", "size", "close",
}

// String is the kind's name in the text of faults.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Changes says whether the call changes what a crash may leave.
func (k Kind) Changes() bool {
	switch k {
	case Mkdir, Create, Rename, Remove, SyncDir, Write, Truncate, Allocate, Sync:
		return true
	}
	return false
}

// An Operation is one call on a disk.
type Operation struct {
	Kind Kind
	// Name is the file's or the folder's, of a Rename the old one, of a call on a file the one by which it was opened.
	Name string
	// At is the position of a Read or Write, and the length that a Truncate or Allocate asks for.
	At int64
	// Bytes is the length of a Read or Write.
	Bytes int
}

// A Fault is what becomes of an operation. The zero Fault is none.
type Fault struct {
	// Err is what the operation returns, wrapped in a *fs.PathError; nil means that it succeeds.
	//
	// With an error a Write writes Keep bytes, a Sync drops the pages that it should have written, a SyncDir settles
	// nothing, and everything else has no effect.
	Err error
	// Keep is how many bytes a Write that fails writes; Drawn lets the disk's tape say.
	Keep int
	// Flip inverts one bit of what a Read has read: Bit, counted from its first byte, modulo the bits that there are; Drawn
	// lets the tape say.
	Flip bool
	Bit  int
	// Delay is passed to the disk's Sleep before anything happens.
	Delay time.Duration
}

// Drawn as a Fault's Keep or Bit lets the disk's tape choose.
const Drawn = -1

//go:norace
func (f *Fault) keep(bytes int, tape *Tape) int {
	if f.Keep == Drawn {
		return int(tape.Draw(uint64(bytes) + 1))
	}
	return min(f.Keep, bytes)
}

//go:norace
func (f *Fault) spoil(p []byte, tape *Tape) {
	if !f.Flip || len(p) == 0 {
		return
	}
	bit := uint64(f.Bit)
	if f.Bit == Drawn {
		bit = tape.Draw(8 * uint64(len(p)))
	}
	bit %= 8 * uint64(len(p))
	p[bit/8] ^= 1 << (bit % 8)
}
