// Package drive is the protocol between the command and a test binary that holds Checks.
//
// The command builds the tests of a package instrumented and runs the binary with one flag, -racewindow.drive=ORDER, an Order as
// JSON on one line. Each Check that the test run selects carries the order out and writes what happens as Events, one line of JSON
// each, to the file that the order names. The binary's exit code, its output and -test.run mean what they mean without the flag.
//
// A Check writes "check" when it begins, "progress" now and then, "finding" for each failure, "smaller" for a smaller case of
// the finding before it, "report" for the report that was asked for, and "summary" when it has ended; or "refused" where the order cannot be carried out for it. An event that a reader does not know is to be passed over.
package drive

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Version is that of the protocol. A binary refuses an order of another one.
const Version = 1

// Flag is the test binary's flag that holds an order.
const Flag = "racewindow.drive"

// Modes of an order.
const (
	Explore = "explore"
	Replay  = "replay"
	Stress  = "stress"
	// Crash runs freely as Stress does, on disks in memory that lose power again and again.
	Crash = "crash"
	// Kill runs freely in processes of their own, on the real disk, which are killed again and again. Such a process carries out
	// the mode Killed, which the Check orders itself.
	Kill   = "kill"
	Killed = "killed"
	// Describe has a Check say what it uses, and nothing is executed but Open.
	Describe = "describe"
	Report   = "report" // of a case
	List     = "list"   // says what there is, and does nothing
	// Serve has a plain test execute one schedule for another process, which says through Pipes who goes on.
	Serve = "serve"
)

// An Order is what a Check is to do.
type Order struct {
	Version int    `json:"version"`
	Mode    string `json:"mode"`
	// Events is the file that events are appended to.
	Events string `json:"events"`
	// Columns is how wide reports are laid out as text; 0 for 100.
	Columns int `json:"columns,omitempty"`
	// Case is replayed, Times times, or reported, and first made smaller if Shrink. Program, of threads alone or a whole case, is explored; without one programs are drawn.
	Case    string `json:"case,omitempty"`
	Times   int    `json:"times,omitempty"`
	Shrink  bool   `json:"shrink,omitempty"`
	Program string `json:"program,omitempty"`
	// Set are settings by name, which every program gets.
	Set map[string]string `json:"set,omitempty"`
	// The search: as sched.Options and explore.Config have it.
	Strategy    string        `json:"strategy,omitempty"`
	Preemptions int           `json:"preemptions,omitempty"`
	Exhaustive  bool          `json:"exhaustive,omitempty"`
	Budget      time.Duration `json:"budget,omitempty"`
	Schedules   int           `json:"schedules,omitempty"`
	PerProgram  int           `json:"per_program,omitempty"`
	StepLimit   int           `json:"step_limit,omitempty"`
	Seed        uint64        `json:"seed,omitempty"`
	Workers     int           `json:"workers,omitempty"`
	All         bool          `json:"all,omitempty"`
	NoCanary    bool          `json:"no_canary,omitempty"`
	Threads     int           `json:"threads,omitempty"`
	Operations  int           `json:"operations,omitempty"`
	// Crash loses power in the persistence model of that name; "" for never, or the default of the mode Crash. Faults is the most
	// of a drawn program.
	Crash  string `json:"crash,omitempty"`
	Faults int    `json:"faults,omitempty"`
	// Cycles end a run of the mode Crash: losses of power in all. Kills end one of the mode Kill: processes on each of the folders
	// Dirs, which must exist, and at most Duration in all. PerLog is how often one object's data may lose power, or its processes
	// be killed, before another takes its place. Interrupted is the share of recoveries in which power is lost too.
	Cycles      uint64   `json:"cycles,omitempty"`
	Kills       int      `json:"kills,omitempty"`
	Dirs        []string `json:"dirs,omitempty"`
	PerLog      int      `json:"per_log,omitempty"`
	Interrupted float64  `json:"interrupted,omitempty"`
	// FaultShare is the share of lives of an object in which its disk fails too, in the mode Crash.
	FaultShare float64 `json:"fault_share,omitempty"`
	// Acknowledgements is the most that a process tells before it is killed, MinUnderLoad the least share of kills that must strike
	// after one, and Workers are processes side by side.
	Acknowledgements int     `json:"acknowledgements,omitempty"`
	MinUnderLoad     float64 `json:"min_under_load,omitempty"`
	// Limited are processes with a limit on the size of files, Full some with a full disk, both on the first of Dirs.
	Limited int `json:"limited,omitempty"`
	Full    int `json:"full,omitempty"`
	// Nth says which Check of its test carries out the mode Killed: 1 for the first.
	Nth int `json:"nth,omitempty"`
	// Goroutines run freely for Duration, or until OperationsInAll were executed, in Programs that are drawn. Delay is the
	// probability of a delay at a failpoint, DelaySpin and DelaySleep bound one, DelayMix weighs spinning, yielding and sleeping,
	// and DelayPoints says where. Grace is how long nothing may move until that counts as hanging.
	Goroutines      int           `json:"goroutines,omitempty"`
	Duration        time.Duration `json:"duration,omitempty"`
	OperationsInAll uint64        `json:"operations_in_all,omitempty"`
	Programs        int           `json:"programs,omitempty"`
	Delay           float64       `json:"delay,omitempty"`
	DelaySpin       int           `json:"delay_spin,omitempty"`
	DelaySleep      time.Duration `json:"delay_sleep,omitempty"`
	DelayMix        []int         `json:"delay_mix,omitempty"`
	DelayPoints     []string      `json:"delay_points,omitempty"`
	Grace           time.Duration `json:"grace,omitempty"`
	// LeaksAlways counts it as found, too, that a plain test leaks without any switch; LeaksOK that a plain test leaks at all as right.
	LeaksAlways bool `json:"leaks_always,omitempty"`
	LeaksOK     bool `json:"leaks_ok,omitempty"`
	// Apart says whether each schedule of a plain test has a process of its own. Trail is a file in which a process notes what it
	// chooses, and After one that a process has left that ended in the middle of an execution: that one is made again first.
	Apart string `json:"apart,omitempty"`
	Trail string `json:"trail,omitempty"`
	After string `json:"after,omitempty"`
	Pipes [2]int `json:"pipes,omitzero"` // file descriptors: to read from, to write to
	// Debugger says that a replay of a plain test is one that a debugger looks at: it stops where a thread has come to the step of the number
	// DebugStep, which counts the choices before it, if that is not negative, and at the failure.
	Debugger  bool `json:"debugger,omitempty"`
	DebugStep int  `json:"debug_step,omitempty"`
	// Hang is how long the code of a plain test may take between two points; 0 is the default.
	Hang time.Duration `json:"hang,omitempty"`
	// Test is the sub-test of a plain test that is meant; "" for the test itself. Timing says that timers are choices.
	Test   string `json:"test,omitempty"`
	Timing bool   `json:"timing,omitempty"`
	// ReplayFlags are flags of the command that executes the case of a Check again, as a shell reads them: build tags.
	ReplayFlags string `json:"replay_flags,omitempty"`
	// Atomic are packages in which a plain test has no points: import paths, and PATH/... for all beneath.
	Atomic []string `json:"atomic,omitempty"`
	// Kept is a file with schedules that a search of a plain test executes first: KeptSchedules by test, as JSON.
	Kept string `json:"kept,omitempty"`
	// Own are the names of the package under test, separated by blanks: its functions have no package in a schedule of goroutines. Skip
	// are the names of its tests that are no plain ones.
	Own  string   `json:"own,omitempty"`
	Skip []string `json:"skip,omitempty"`
	// RaceLog is where a plain test's binary with the race detector finds its reports, but for the dot and the number of its process
	// at the end; Gorace is what GORACE was before it was set for that.
	RaceLog string `json:"race_log,omitempty"`
	Gorace  string `json:"gorace,omitempty"`
	// Unkept says that whoever orders keeps what is found, so that the Check does not; PerClass is
	// how many findings of one class are made smaller, 0 for all.
	Unkept   bool `json:"unkept,omitempty"`
	PerClass int  `json:"per_class,omitempty"`
	// Again are the flags of the command, but for the seed, for the one that runs the same once more.
	Again string `json:"again,omitempty"`
}

// Parse reads an order.
func Parse(text string) (*Order, error) {
	o := &Order{}
	if err := json.Unmarshal([]byte(text), o); err != nil {
		return nil, fmt.Errorf("-%s: not an order: %w", Flag, err)
	}
	if o.Version != Version {
		return nil, fmt.Errorf("-%s: an order of version %d, and this test binary reads %d: build both from one version of racewindow", Flag, o.Version, Version)
	}
	return o, nil
}

// String is the flag's value.
func (o *Order) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it holds nothing that JSON cannot
	}
	return string(text)
}

// Kinds of events.
const (
	Began    = "check"
	Progress = "progress"
	Found    = "finding"
	Smaller  = "smaller"
	Made     = "report"
	Ended    = "summary"
	// Again says that a kept schedule of a plain test does not fail any more, or cannot be executed.
	Again   = "again"
	Refused = "refused"
	// Passed says that nothing of a plain test is left to be done: other processes have explored its sub-tests.
	Passed = "passed over"
)

// An Event is something that happened in a Check.
type Event struct {
	Event string `json:"event"`
	// Package is the import path of the test's package, if it is known, and Test the test with the Check.
	Package string `json:"package,omitempty"`
	Test    string `json:"test"`
	// Text is for people: how far it is, the report of a finding, or why the order was refused.
	Text string `json:"text,omitempty"`
	// Code is the exit code that the event asks for: 0 held, 1 found, 2 a wrong call, 3 nothing was judged.
	Code int `json:"code,omitempty"`
	// Uses is what a Check says of itself when it is to describe itself: KeepsOnDisk, Keeps.
	Uses []string `json:"uses,omitempty"`
	// Shape and Size are a finding's, as report.ShapeOf and SizeOf have them; a finding without a case has none.
	Shape string `json:"shape,omitempty"`
	Size  int    `json:"size,omitempty"`
	// Done is what was done until this event.
	Done *Done `json:"done,omitempty"`
	// Case is a finding's, Kept the file that it was kept in, Report the whole of it as report.Schema has it.
	Case   string          `json:"case,omitempty"`
	Kept   string          `json:"kept,omitempty"`
	Report json.RawMessage `json:"report,omitempty"`
	// Summary is what a search came to, as explore.Summary has it.
	Summary json.RawMessage `json:"summary,omitempty"`
	// Plain and Finding are of a plain test, in the place of Summary and Report.
	Plain   *PlainSummary `json:"plain,omitempty"`
	Finding *PlainFinding `json:"plain_finding,omitempty"`
}

// What a Check may say of its subject: it has operations that are durable, and keeps its data on Env.Disk, which can lose power; or
// there or in Env.Dir, so that its process can die.
const (
	KeepsOnDisk = "disk"
	Keeps       = "keeps"
)

// Done is what was done, for those who count: by names in the plural, such as schedules.
type Done struct {
	Counts map[string]uint64 `json:"counts,omitempty"`
	// Points says how often each failpoint was passed, Faults how often each fault came.
	Points map[string]uint64 `json:"failpoints,omitempty"`
	Faults map[string]uint64 `json:"faults,omitempty"`
	// Seen are names for what was seen, whatever they mean; those that begin with PairPrefix are pairs of failpoints. Unnamed is how
	// much else was seen that is too much to be named, such as partial orders.
	Seen    []string `json:"seen,omitempty"`
	Unnamed uint64   `json:"unnamed,omitempty"`
	// Canary says how the planted bugs were found, "" if they were not, or none was planted.
	Canary string `json:"canary,omitempty"`
}

// PairPrefix begins a name of Seen that is a pair: one thread stood at the first failpoint while another did what follows the second.
const PairPrefix = "pair "

// A Sink takes events. The zero Sink drops them.
type Sink struct {
	mu sync.Mutex
	w  io.Writer
}

// Open appends events to a file.
func Open(file string) (*Sink, error) {
	if file == "" {
		return &Sink{}, nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-%s: the events cannot be written: %w", Flag, err)
	}
	return &Sink{w: f}, nil
}

// Send writes an event, in one call, so that the lines of several processes do not mix.
func (s *Sink) Send(e Event) error {
	if s.w == nil {
		return nil
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.w.Write(append(line, '\n'))
	return err
}

// ParseEvent reads what Send has written.
func ParseEvent(line []byte) (e Event, err error) {
	err = json.Unmarshal(line, &e)
	return e, err
}
