// Package disks provides a disk in memory that can lose power. The disk keeps synced and unsynced effects apart, fails when
// told to, and says which disks a loss of power could leave: all of them if they are few, samples if they are many. The
// example of the package shows both.
//
// The engine sees the newest state, as a process sees the kernel's page cache. A persistence model decides what a loss of
// power leaves. Every claim names its model.
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
//	File.WriteAt that is LOST         succeeds; the cache shows the bytes, and no sync brings them to the disk unless the sector is
//	                                  written again; the length becomes durable as usual
//	File.WriteAt that is ASTRAY       the same, and what was written is uncertain, then durable, that many sectors further on in the
//	                                  file; sectors past its end go to no file
//	Lock                              released
//
// A sector that is written several times between two syncs holds one of the states that the cache had, never a mixture of
// two: disks write whole sectors. A crash during an operation leaves what a crash before or after it may leave: until a sync
// is complete, its effects are pending. Every image of Ordered is also an image of Weak.
//
// A failed SyncDir makes nothing durable. A later successful one does: directories are metadata, and journals keep it. For
// the same reason, a later File.Sync that has something new to write also makes the length durable.
//
// Sources: facts measured on this project's kind of machine; Pillai et al., "All File Systems Are Not Created
// Equal" (OSDI 2014) for the models; Rebello et al., "Can Applications Recover from fsync Failures?" (ATC 2020) for failed
// syncs.
//
// # Not modelled
//
// These are not modelled: bytes that go astray to another file, torn sectors, symbolic links, permissions and times of files, the
// file that a real lock leaves, and pages that the kernel evicts after a failed sync while the process lives. For damage at rest,
// inject bit flips on read.
//
// # Race detector
//
// To the race detector the disk orders nobody: goroutines that meet only in its files have not met.
package disks
