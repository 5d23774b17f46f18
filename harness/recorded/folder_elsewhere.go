//go:build !linux

package recorded

import (
	"errors"
	"os"

	"github.com/racewindow/racewindow/harness/disks"
)

// A Folder does not exist on this system.
type Folder struct{}

var errElsewhere = errors.New("files are recorded on Linux only")

// Possible says that nothing can be recorded here.
func Possible() bool { return false }

// Make makes an empty folder. No other folder of this process had its name.
func Make() (path string, err error) { return os.MkdirTemp("", pattern()) }

// Attach always fails.
func Attach(string, *disks.Disk) (*Folder, error) { return nil, errElsewhere }

// Home does nothing: where nothing is recorded, the system removes what processes have left.
func Home() (variable string, remove func(), err error) { return homeVariable + "=", func() {}, nil }

// AttachFreely always fails.
func AttachFreely(string, *disks.Disk, func()) (*Folder, error) { return nil, errElsewhere }

// Between is never called, because there is no Folder.
func (*Folder) Between(bool, bool, func()) {}

// Detach does nothing.
func (*Folder) Detach() {}

// Err is never called either.
func (*Folder) Err() error { return errElsewhere }

// Check is never called either.
func (*Folder) Check() error { return errElsewhere }
