//go:build !linux

package room

import "errors"

var errUnsupported = errors.New("not done on this system, only on Linux")

// A Limit bounds the size of files that this process writes.
type Limit struct{}

// LimitFiles sets the limit, in bytes.
func LimitFiles(uint64) (*Limit, error) { return nil, errUnsupported }

// Met says whether anything met the limit since the last call.
func (l *Limit) Met() bool { return false }

// Lift removes the limit.
func (l *Limit) Lift() error { return nil }

// MountSmall mounts a tmpfs on a folder, with a size in bytes.
func MountSmall(string, int) (func() error, error) { return nil, errUnsupported }

// detach unmounts what is mounted on a folder, if anything.
func detach(string) {}

// Free returns how many bytes the file system of a folder has left.
func Free(string) (int64, error) { return 0, errUnsupported }

// FileSystem returns the name of the file system that holds a folder.
func FileSystem(string) string { return "unknown" }
