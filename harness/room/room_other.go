//go:build !linux

package room

import "errors"

var errUnsupported = errors.New("not done on this system, only on Linux")

// A Limit bounds how long this process may make a file.
type Limit struct{}

// LimitFiles sets a limit in bytes.
func LimitFiles(uint64) (*Limit, error) { return nil, errUnsupported }

// Met says whether something has met the limit since this was asked last.
func (l *Limit) Met() bool { return false }

// Lift ends the limit.
func (l *Limit) Lift() error { return nil }

// MountSmall mounts a tmpfs of that size on a folder.
func MountSmall(string, int) (func() error, error) { return nil, errUnsupported }

// detach takes off what is mounted on a folder, if anything is.
func detach(string) {}

// Free is how many bytes a file system has left.
func Free(string) (int64, error) { return 0, errUnsupported }

// FileSystem names the file system that a folder is on.
func FileSystem(string) string { return "unknown" }
