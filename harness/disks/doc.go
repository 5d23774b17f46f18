// Package disks is a disk in memory that can lose power. It keeps what was synced apart from what was not, fails when it is
// told to, and says which disks a loss of power could leave behind: all of them when they are few, samples when they are many.
//
//	disk := crash.New()
//	disk.Inject(crash.Nth(2, crash.On(crash.Sync, "*.seg", crash.Fault{Err: syscall.EIO})))
//	// … run an engine on it …
//	for _, image := range disk.Enumerate(crash.Ordered, 1000) {
//		reopened := crash.Crash(image) // another disk, which can crash again
//	}
//
// The engine sees the newest state, as a process sees the kernel's page cache. What a loss of power leaves is decided by a
// persistence model. Every claim names its model.
//
//	what was not synced               Ordered (as ext4 with its journal)         Weak (what no promise forbids)
//	names: create, mkdir, rename,     a prefix of the journal of all folders;    each name by itself: as it was last synced, or
//	remove                            a rename happens or does not               after any later operation on it; a renamed file
//	                                                                             may have both names, or none
//	SyncDir of a folder               the journal up to the folder's last        the names in that folder, and no others
//	                                  operation
//	bytes: a sector of 512 bytes      any state that it had since it was last synced, whatever became of its neighbours,
//	                                  of the file's length and of other files (torn writes, writes out of order)
//	length after writes that grow     as it was last synced, or any later length; within one write, any whole
//	                                  number of sectors; bytes that did not arrive are zeros
//	length after Truncate, Allocate   the lengths before or after, nothing between
//	bytes that a Truncate cut         gone in every state in which the new       may be back, in a file that has grown again
//	                                  length has survived
//	File.Sync                         bytes and length, not the file's name, not another file
//	File.Sync that fails              the cache shows the new bytes and calls them clean; each of their sectors may or may not
//	                                  survive, and no later Sync changes that unless the sector is written again
//	Lock                              released
//
// A sector that is written several times between two syncs holds one of the states that the cache had, never a mixture of two:
// disks write sectors as a whole. A crash within an operation leaves what a crash before or after it may leave: until a sync
// is complete, its effects are pending. Every image of Ordered is one of Weak.
//
// A failed SyncDir settles nothing; a later one that succeeds does: directories are metadata, and journals keep it. A later
// File.Sync that has something new to write also settles the length, for the same reason.
//
// Sources: reliability facts measured on this project's kind of machine; Pillai et al., "All File Systems Are Not Created
// Equal" (OSDI 2014) for the models; Rebello et al., "Can Applications Recover from fsync Failures?" (ATC 2020) for failed
// syncs.
//
// # Not modelled
//
// Sectors that can be torn themselves, hard links, folders in folders, renamed folders, the file that a real lock leaves behind,
// pages that the kernel evicts after a failed sync while the process lives. Inject bit flips on read for damage at rest.
//
// # Race detector
//
// Like storage.MemoryDisk the disk orders nobody: to the race detector, goroutines that meet only in its files have not met.
package disks
