package storage

import "github.com/racewindow/racewindow/storage/disk"

// The disk that a store lies on is in package disk. These names are the same types.
type (
	// Disk is a file system as the store sees it.
	Disk = disk.Disk
	// File is an open file of a Disk.
	File = disk.File
	// Entry is one name in a folder of a Disk.
	Entry = disk.Entry
)

// MemoryDisk returns an empty disk in memory (disk.Memory).
func MemoryDisk() Disk { return disk.Memory() }

// OSDisk is a folder of the system's file system (disk.OS).
func OSDisk(folder string) Disk { return disk.OS(folder) }
