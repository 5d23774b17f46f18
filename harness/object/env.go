package object

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage/disk"
)

// An Env is what one execution gives to the object that it opens: the case's options, a source of random numbers, and a place
// for its data. When the object is opened again within the execution, it gets the same Env, so it finds its data there.
type Env struct {
	settings *Settings
	// mu serves operations that ask for the folder or the disk. The race detector sees neither it nor what it guards.
	mu     raceoff.Mutex
	random *rand.Rand
	disk   *disks.Disk
	// onDisk and inFolder say what the object has asked for.
	onDisk, inFolder bool
	folder           string
	// system says that the folder belongs to the caller, and that the disk is the system's, in that folder.
	system  bool
	problem error
	// keeps says that power may be lost, or the disk fail. Then the field recorded repeats on disk every change of the folder. Where the
	// object's goroutines run freely, delay is called before each.
	keeps    bool
	made     func(*disks.Disk) // called with the disk when it is made; may be nil
	recorded *recorded.Folder
	delay    func()
}

// envOn returns an Env with a folder and a disk of the system, which outlive it.
func (o *Object) envOn(s *Settings, folder string) *Env {
	return &Env{settings: s, folder: folder, system: true}
}

func (o *Object) newEnv(s *Settings) *Env {
	return &Env{settings: s}
}

// Option is the value that the case gives to an option of the subject. Asking for an option that the subject does not have
// fails the execution.
func (e *Env) Option(name string) string {
	value, ok := e.settings.value(name)
	if !ok {
		e.fail(fmt.Errorf("Env.Option(%q): the subject has no option of that name", name))
	}
	return value
}

// Int is the value of an option as a number.
func (e *Env) Int(name string) int {
	n, err := strconv.Atoi(e.Option(name))
	if err != nil {
		e.fail(fmt.Errorf("Env.Int(%q): %w", name, err))
	}
	return n
}

// Duration is the value of an option as a duration.
func (e *Env) Duration(name string) time.Duration {
	d, err := time.ParseDuration(e.Option(name))
	if err != nil {
		e.fail(fmt.Errorf("Env.Duration(%q): %w", name, err))
	}
	return d
}

// Rand is a source of random numbers. It gives the same numbers in every execution of the case.
func (e *Env) Rand() *rand.Rand {
	if e.random == nil {
		e.random = rand.New(rand.NewSource(int64(e.settings.seed)))
	}
	return e.random
}

// Dir is a folder of this execution, empty when the object is first opened. It is removed after the execution. In a build with
// racewindow's runtime it loses power and fails as the case says, or while clients run freely, unless the object has asked for Disk. Where processes are killed
// (racewindow kill), each process finds what the previous one has left.
//
//go:norace
func (e *Env) Dir() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.folder == "" {
		if err := e.makeFolder(); err != nil {
			e.fail(fmt.Errorf("Env.Dir: %w", err))
			return os.DevNull
		}
	}
	e.inFolder = true
	return e.folder
}

// makeFolder makes the folder. It has the folder recorded if it holds the data and power may be lost.
func (e *Env) makeFolder() (err error) {
	if !recorded.Possible() {
		e.folder, err = os.MkdirTemp("", "racewindow-")
		return err
	}
	if e.folder, err = recorded.Make(); err != nil || !e.keeps || e.onDisk {
		return err
	}
	if e.disk == nil {
		e.makeDisk()
	}
	if sched.OnGoroutines() {
		e.recorded, err = recorded.Attach(e.folder, e.disk)
	} else {
		e.recorded, err = recorded.AttachFreely(e.folder, e.disk, e.delay)
	}
	return err
}

// seen notes what an object has asked for when it was opened.
func (o *Object) seen(e *Env) {
	if e.inFolder && !e.onDisk {
		o.inFolder.Store(1)
	}
	if e.inFolder || e.onDisk {
		o.makesFiles.Store(1)
	}
}

// keepsInFolder says that the object keeps its data in Env.Dir. If it uses Env.Disk, too, the folder is for something else.
func (o *Object) keepsInFolder() bool { return o.inFolder.Load() != 0 }

// unrecorded returns an error if the disk lacks something that was done to the folder.
func (e *Env) unrecorded() error {
	if e.recorded == nil {
		return nil
	}
	err := e.recorded.Err()
	if err == nil {
		err = e.recorded.Check()
	}
	if err != nil {
		return sched.UnusableError{Reason: "power cannot be lost under Env.Dir: " + err.Error()}
	}
	return nil
}

// Disk is a disk in memory, empty when the object is first opened. It loses power and fails as the case says. Where processes are
// killed it is the system's, in the folder that Dir returns.
//
//go:norace
func (e *Env) Disk() disk.Disk {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.onDisk = true
	if e.system {
		return disk.OS(e.folder)
	}
	if e.recorded != nil { // the data is on Disk, so the folder is for something else
		e.recorded.Detach()
		e.recorded, e.disk = nil, nil
	}
	if e.disk == nil {
		e.makeDisk()
	}
	return e.disk
}

//go:norace
func (e *Env) makeDisk() {
	e.disk = disks.New()
	if e.made != nil {
		e.made(e.disk)
	}
}

//go:norace
func (e *Env) fail(err error) {
	if e.problem == nil {
		e.problem = err
	}
}

// end removes what the execution has made.
func (e *Env) end() {
	if e.recorded != nil {
		e.recorded.Detach()
		e.recorded = nil
	}
	if e.folder != "" && !e.system {
		unremoved.remove(e.folder)
		e.folder = ""
	}
}

// unremoved are folders in which somebody still made files when they were removed: a goroutine that the object has left. They are tried
// again with the next folder. What is left then is left to the system, or to who has made a home for the process.
var unremoved leftFolders

type leftFolders struct {
	mu  raceoff.Mutex
	all []string
}

// mostLeft bounds them, and with that what a removal costs.
const mostLeft = 64

//go:norace
func (l *leftFolders) remove(folder string) {
	failed := os.RemoveAll(folder) != nil
	l.mu.Lock()
	defer l.mu.Unlock()
	var left []string
	for _, folder := range l.all {
		if os.RemoveAll(folder) != nil {
			left = append(left, folder)
		}
	}
	if failed {
		left = append(left, folder)
	}
	l.all = left[:min(len(left), mostLeft)]
}

// diskless says why there is no disk that could fail or lose power.
func (e *Env) diskless() string {
	if e.inFolder {
		return "files in Env.Dir are recorded by racewindow's runtime only, which explores code without markers: this code has markers, so that its disk " +
			"can neither fail nor lose power. Open it on Env.Disk, or leave crashes and faults out"
	}
	return "the object uses neither Env.Dir nor Env.Disk, so its disk can neither fail nor lose power: open it on one of them, or leave crashes and faults out"
}
