package disks

import (
	"fmt"
	"time"
)

// A Kind is one of the calls on a disk.
type Kind uint8

// The calls of disk.Disk, then those of disk.File. AnyKind stands for all of them in a Rule.
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
	Link // no call of disk.Disk
)

var kindNames = [...]string{
	"any", "mkdir", "create", "open", "rename", "remove", "list", "syncdir", "lock",
	"read", "write", "truncate", "allocate", "sync", "size", "close", "link",
}

// String returns the kind's name in the text of faults.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Changes says whether the call changes what a crash may leave.
func (k Kind) Changes() bool {
	switch k {
	case Mkdir, Create, Rename, Link, Remove, SyncDir, Write, Truncate, Allocate, Sync:
		return true
	}
	return false
}

// An Operation is one call on a disk.
type Operation struct {
	Kind Kind
	// Name is the name of the file or the folder: for a Rename the old name, for a call on a file the file's last name.
	Name string
	// At is the position of a Read or Write, or the length for a Truncate or Allocate.
	At int64
	// Bytes is the length of a Read or Write.
	Bytes int
}

// A Fault says how an operation fails. The zero Fault means that it does not.
type Fault struct {
	// Err is what the operation returns, wrapped in a *fs.PathError; nil means success.
	//
	// With an error, a Write writes Keep bytes, a Sync drops the pages that it should have written, a SyncDir makes nothing
	// durable, and any other operation has no effect.
	Err error
	// Keep is how many bytes a failing Write writes; Drawn lets the disk's tape choose.
	Keep int
	// Flip inverts one bit of the result of a Read: bit number Bit, counted from its first byte, modulo the number of bits;
	// Drawn lets the tape choose.
	Flip bool
	Bit  int
	// Lost makes a Write succeed although none of its bytes reaches the disk. Reads show the new bytes until power is lost. No sync
	// writes them, unless the sector is written again. The length of the file becomes what it should be.
	Lost bool
	// Astray makes a Write succeed although its sectors reach the disk that many sectors further on in the file. Where they belong,
	// the write is Lost. Sectors that would lie past the end of the file are Lost too.
	Astray int
	// Delay is passed to the disk's Sleep before anything else happens.
	Delay time.Duration
}

// Misplaces says whether the fault makes a Write succeed although its bytes do not reach the place where they belong.
//
//go:norace
func (f *Fault) Misplaces() bool { return f.Lost || f.Astray > 0 }

// Drawn, as a Fault's Keep or Bit, lets the disk's tape choose.
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
