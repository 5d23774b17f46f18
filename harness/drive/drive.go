// Package drive is the protocol between the command and a test binary that holds Checks.
//
// The command builds the tests of a package instrumented, and runs the binary with one flag, -racewindow.drive=ORDER: an
// Order as JSON on one line. Each Check that the test run selects carries out the order, and writes Events, one line of JSON
// each, to the file that the order names. The binary's exit code, its output and -test.run mean the same as without the
// flag.
//
// A Check writes "check" when it begins, "progress" from time to time, "finding" for each failure, "smaller" for a smaller
// case of the previous finding, "report" for a requested report, and "summary" when it has ended; or "refused" if it cannot
// carry out the order. A reader must skip events that it does not know.
package drive

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Version is the version of the protocol. A binary refuses an order of another version.
const Version = 1

// Flag is the test binary's flag that holds an order.
const Flag = "racewindow.drive"

// Modes of an order.
const (
	Explore = "explore"
	Replay  = "replay"
	Stress  = "stress"
	// Crash runs freely like Stress, on disks in memory that lose power again and again.
	Crash = "crash"
	// Kill runs freely in separate processes, on the real disk, and kills them again and again. Such a process carries out
	// the mode Killed, which the Check itself orders.
	Kill   = "kill"
	Killed = "killed"
	// Describe makes a Check say whether, and where, its subject keeps data. It executes nothing but Open.
	Describe = "describe"
	Report   = "report" // of a case
	// Smallest explores Program for the smallest case that breaks the promise Class, after a free run has found it.
	Smallest = "smallest"
	List     = "list" // lists the Checks, and executes nothing
	// Serve makes a plain test execute one schedule for another process, which chooses through Pipes who goes on.
	Serve = "serve"
)

// An Order says what a Check must do.
type Order struct {
	Version int    `json:"version"`
	Mode    string `json:"mode"`
	// Events is the file to which events are appended.
	Events string `json:"events"`
	// Columns is the width of reports in text form; 0 means 100.
	Columns int `json:"columns,omitempty"`
	// Case is replayed, Times times, or reported, and made smaller first if Shrink is set. Program, threads alone or a whole
	// case, is explored; without it programs are drawn.
	Case    string `json:"case,omitempty"`
	Times   int    `json:"times,omitempty"`
	Shrink  bool   `json:"shrink,omitempty"`
	Program string `json:"program,omitempty"`
	Class   string `json:"class,omitempty"`
	// Set are settings, by name, that every program gets.
	Set map[string]string `json:"set,omitempty"`
	// The settings of the search, as in sched.Options and explore.Config.
	Strategy    string        `json:"strategy,omitempty"`
	Preemptions int           `json:"preemptions,omitempty"`
	Exhaustive  bool          `json:"exhaustive,omitempty"`
	EveryOrder  bool          `json:"every_order,omitempty"`
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
	// Crash names the persistence model in which power is lost; "" means never, or the default in the mode Crash. Faults is
	// the largest number of faults in a drawn program.
	Crash  string `json:"crash,omitempty"`
	Faults int    `json:"faults,omitempty"`
	// Cycles is after how many losses of power a run in the mode Crash ends. Kills is after how many killed processes on
	// each folder of Dirs, which must exist, a run in the mode Kill ends; it also ends after Duration. PerLog is how often
	// the data of one object may lose power, or its processes be killed, before another object takes its place. Interrupted
	// is the share of recoveries in which power is lost too.
	Cycles      uint64   `json:"cycles,omitempty"`
	Kills       int      `json:"kills,omitempty"`
	Dirs        []string `json:"dirs,omitempty"`
	PerLog      int      `json:"per_log,omitempty"`
	Interrupted float64  `json:"interrupted,omitempty"`
	// FaultShare is the share of lives of an object in which its disk also fails, in the mode Crash.
	FaultShare float64 `json:"fault_share,omitempty"`
	// Acknowledgements is the largest number of acknowledgements before a process is killed. MinUnderLoad is the smallest
	// share of kills that must strike after one. Workers is the number of processes at the same time.
	Acknowledgements int     `json:"acknowledgements,omitempty"`
	MinUnderLoad     float64 `json:"min_under_load,omitempty"`
	// Limited is the number of processes with a limit on the size of files, Full the number with a full disk, both on the
	// first of Dirs.
	Limited int `json:"limited,omitempty"`
	Full    int `json:"full,omitempty"`
	// Nth says which Check of its test carries out the mode Killed; the first is 1.
	Nth int `json:"nth,omitempty"`
	// Goroutines run freely for Duration, or until OperationsInAll operations were executed, in Programs drawn programs.
	// Delay is the probability of a delay at a failpoint. DelaySpin and DelaySleep bound a delay, DelayMix holds the weights
	// of spinning, yielding and sleeping, and DelayPoints says where. After Grace without any progress, a run counts as
	// hanging.
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
	// LeaksAlways makes a leak a finding even if a plain test leaks without any switch. LeaksOK accepts every leak of a
	// plain test.
	LeaksAlways bool `json:"leaks_always,omitempty"`
	LeaksOK     bool `json:"leaks_ok,omitempty"`
	// Apart says whether each schedule of a plain test gets its own process. Trail is a file in which a process records
	// what it chooses. After is the trail of a process that ended in the middle of an execution; that execution is
	// repeated first.
	Apart string `json:"apart,omitempty"`
	Trail string `json:"trail,omitempty"`
	After string `json:"after,omitempty"`
	Pipes [2]int `json:"pipes,omitzero"` // file descriptors: to read from, to write to
	// Debugger says that a debugger watches the replay of a plain test. The replay stops at the failure, and, if DebugStep
	// is not negative, when a thread has come to the step with that number, which counts the choices before it.
	Debugger  bool `json:"debugger,omitempty"`
	DebugStep int  `json:"debug_step,omitempty"`
	// Hang is how long the code of a plain test may run between two points; 0 means the default.
	Hang time.Duration `json:"hang,omitempty"`
	// Shrinking is how long the findings of a plain test are made smaller, with the search for what lies next to them; its sub-tests get
	// equal parts of it. 0 means no limit but that of executions.
	Shrinking time.Duration `json:"shrinking,omitempty"`
	// Test is the subtest of a plain test that is meant; "" means the test itself. Timing says that timers are choices.
	Test   string `json:"test,omitempty"`
	Timing bool   `json:"timing,omitempty"`
	// Named says that the command was given packages other than the current one, so the command that executes a case again must name the
	// package of its Check.
	Named bool `json:"named,omitempty"`
	// ReplayFlags are flags for the command that executes the case of a Check again, quoted for a shell: build tags.
	ReplayFlags string `json:"replay_flags,omitempty"`
	// Atomic are packages in which a plain test has no points: import paths, and PATH/... for all packages below.
	Atomic []string `json:"atomic,omitempty"`
	// Kept is a file with schedules that a search of a plain test executes first: JSON that maps tests to KeptSchedules.
	Kept string `json:"kept,omitempty"`
	// Own are the names of the package under test, separated by blanks; in a schedule of goroutines, its functions are
	// written without package. Skip are the names of its tests that are not plain tests.
	Own  string   `json:"own,omitempty"`
	Skip []string `json:"skip,omitempty"`
	// RaceLog is where the race detector in a plain test's binary writes its reports, without the dot and the process number
	// at the end. Gorace is the value of GORACE before it was set for this purpose.
	RaceLog string `json:"race_log,omitempty"`
	Gorace  string `json:"gorace,omitempty"`
	// Unkept says that whoever gives the order keeps the findings, so the Check does not. PerClass is how many findings of
	// one class are made smaller; 0 means all.
	Unkept   bool `json:"unkept,omitempty"`
	PerClass int  `json:"per_class,omitempty"`
	// Again are the command's flags, without the seed, for running the same again.
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

// String returns the flag's value.
func (o *Order) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // an order holds only what JSON can hold
	}
	return string(text)
}

// The kinds of events.
const (
	Began    = "check"
	Progress = "progress"
	// Sighted is a finding before it is made smaller, which may take a while and be interrupted. Case executes it. Abandoned is a finding
	// of a plain test that was sighted when everything was stopped, or the test hung or ended its process.
	Sighted   = "sighted"
	Abandoned = "abandoned"
	Found     = "finding"
	Smaller   = "smaller"
	// Unexplored is Smaller for code without markers, which this build cannot explore: Case is the program, Text the promise.
	Unexplored = "unexplored"
	Made       = "report"
	Ended      = "summary"
	// Again says that a kept schedule of a plain test does not fail any more, or cannot be executed.
	Again   = "again"
	Refused = "refused"
	// Passed says that nothing is left to do for a plain test, because other processes have explored its subtests.
	Passed = "passed over"
)

// SightedWords returns a sentence for a finding that is still being made smaller.
func SightedWords(class string, switches int) string {
	if switches == 1 {
		return fmt.Sprintf("found %s, with 1 switch; it is being made smaller", class)
	}
	return fmt.Sprintf("found %s, with %d switches; it is being made smaller", class, switches)
}

// mostShown is how many bytes of a case a line shows.
const mostShown = 400

// Sighting is the line that shows a finding before it is made smaller. It leaves out a case that is too long for a line.
func (e *Event) Sighting() string {
	line := e.Test + ": " + e.Text
	if len(e.Case) <= mostShown && e.Case != "" {
		line += ": " + e.Case
	}
	return line
}

// An Event is something that happened in a Check.
type Event struct {
	Event string `json:"event"`
	// Package is the import path of the test's package, if known, and Test the test with the Check.
	Package string `json:"package,omitempty"`
	Test    string `json:"test"`
	// Text is for people: the progress, the report of a finding, or why the order was refused.
	Text string `json:"text,omitempty"`
	// Code is the exit code for the event: 0 held, 1 found, 2 wrong call, 3 nothing was judged.
	Code int `json:"code,omitempty"`
	// Uses is the answer to Describe: KeepsOnDisk, Keeps. A Check that refuses to lose power because it needs racewindow's runtime for
	// that says KeepsInFolder.
	Uses []string `json:"uses,omitempty"`
	// Shape and Size belong to a finding (report.ShapeOf, report.SizeOf); a finding without a case has none.
	Shape string `json:"shape,omitempty"`
	Size  int    `json:"size,omitempty"`
	// Done is what has been done so far.
	Done *Done `json:"done,omitempty"`
	// Case is the case of a finding, Kept the file in which it is kept, Report the whole report as JSON (report.Schema).
	Case   string          `json:"case,omitempty"`
	Kept   string          `json:"kept,omitempty"`
	Report json.RawMessage `json:"report,omitempty"`
	// Disk is what the loss of power left that led to a finding, as a gzipped tar; empty if it would be too large.
	Disk []byte `json:"disk,omitempty"`
	// Summary is the result of a search, an explore.Summary.
	Summary json.RawMessage `json:"summary,omitempty"`
	// For a plain test, Plain and Finding take the place of Summary and Report.
	Plain   *PlainSummary `json:"plain,omitempty"`
	Finding *PlainFinding `json:"plain_finding,omitempty"`
}

// What a Check can say about its subject. KeepsOnDisk: it has durable operations, and keeps its data on Env.Disk, which can
// lose power. Keeps: it keeps its data there or in Env.Dir, so its process can die.
const (
	KeepsOnDisk = "disk"
	Keeps       = "keeps"
	// KeepsInFolder: it keeps its data in Env.Dir.
	KeepsInFolder = "folder"
)

// Done says in numbers what was done, by names in the plural, such as schedules.
type Done struct {
	Counts map[string]uint64 `json:"counts,omitempty"`
	// Points says how often each failpoint was passed, Faults how often each fault came.
	Points map[string]uint64 `json:"failpoints,omitempty"`
	Faults map[string]uint64 `json:"faults,omitempty"`
	// Seen are names of what was seen, whatever they mean; those that begin with PairPrefix are pairs of failpoints. Unnamed
	// counts what is too much to be named, such as partial orders.
	Seen    []string `json:"seen,omitempty"`
	Unnamed uint64   `json:"unnamed,omitempty"`
	// Canary says how the planted bugs were found; "" if they were not found, or none was planted.
	Canary string `json:"canary,omitempty"`
}

// PairPrefix begins a name in Seen that is a pair: one thread was at the first failpoint while another executed what follows
// the second.
const PairPrefix = "pair "

// A Sink writes events. The zero Sink drops them.
type Sink struct {
	mu sync.Mutex
	w  io.Writer
}

// Open returns a Sink that appends events to a file.
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

// Send writes an event in one write, so that the lines of several processes do not mix.
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

// ParseEvent reads a line that Send wrote.
func ParseEvent(line []byte) (e Event, err error) {
	err = json.Unmarshal(line, &e)
	return e, err
}
