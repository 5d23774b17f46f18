package driver

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/sched"
)

// A detector reads the reports of Go's race detector. The command sends them to a file, so that a report belongs to its finding
// and is not somewhere in the output of the tests.
type detector struct {
	file *os.File // nil before the first report
	rest string   // the beginning of an incomplete report
}

// detectorVariable is the environment variable that the detector read when the process started.
const detectorVariable = "GORACE"

// forgetDetector restores the user's own settings of the detector for processes that a test starts.
func forgetDetector() {
	switch {
	case order.RaceLog == "":
	case order.Gorace == "":
		_ = os.Unsetenv(detectorVariable) // it is set
	default:
		_ = os.Setenv(detectorVariable, order.Gorace) // the name and the value were in an environment
	}
}

// reports returns the complete reports of a process of this program since the last call.
func (d *detector) reports(process int) (all []string) {
	if order == nil || order.RaceLog == "" { // a program that drives itself leaves the reports where they are written
		return nil
	}
	if d.file == nil {
		file, err := os.Open(fmt.Sprintf("%s.%d", order.RaceLog, process))
		if err != nil {
			return nil // the race is reported without its text
		}
		d.file = file
	}
	more, _ := io.ReadAll(d.file) // what cannot be read now is read the next time
	parts := strings.Split(d.rest+string(more), reportEdge)
	d.rest = parts[len(parts)-1]
	for _, part := range parts[:len(parts)-1] {
		if strings.HasPrefix(part, reportHead) {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

// reportEdge is the line before and after a report, and reportHead begins a report.
const (
	reportEdge = "==================\n"
	reportHead = "WARNING: DATA RACE\n"
)

// races returns the data races in the new reports, one for each pair of places. count is how many reports the detector has
// counted.
func (d *detector) races(process, count int) (all []*sched.Failure) {
	for _, text := range d.reports(process) {
		f := raceOf(text)
		if !slices.ContainsFunc(all, func(g *sched.Failure) bool { return g.Class() == f.Class() }) {
			all = append(all, f)
		}
	}
	if len(all) == 0 && count > 0 {
		all = []*sched.Failure{{Kind: sched.DataRace, Message: fmt.Sprintf("Go's race detector reported %d in this execution, see above", count)}}
	}
	return all
}

// racesOf returns the data races of a process that has executed one schedule. count is 0 if it is unknown because the
// process has ended.
func racesOf(process, count int) []*sched.Failure {
	if !raceEnabled {
		return nil
	}
	var d detector
	all := d.races(process, count)
	if d.file != nil {
		_ = d.file.Close()           // it was only read
		_ = os.Remove(d.file.Name()) // its folder is removed later
	}
	return all
}

// own is the detector of this process, and how many of its reports were taken.
var own struct {
	detector
	taken int
}

// noteRaces begins an execution: earlier reports do not belong to it.
func noteRaces() {
	if n := raceoff.Races(); n != own.taken {
		own.taken = n
		own.reports(os.Getpid())
	}
}

// Races returns the data races of the execution that is over.
func (m *mechanism) Races() []*sched.Failure {
	n := raceoff.Races() - own.taken
	if n == 0 {
		return nil
	}
	own.taken += n
	races := own.races(os.Getpid(), n)
	if m.over.Dying {
		races = withoutEchoes(races, m.died(&m.over))
	}
	for _, f := range races {
		m.timed(f)
	}
	return races
}

// An access is one of the two accesses of a data race.
type access struct{ function, operation, place string }

var (
	accessed  = regexp.MustCompile(`(?m)^(?:Previous )?([Rr]ead|[Ww]rite) at 0x[0-9a-f]+ by .*:\n((?:  .*\n?)*)`)
	raceFrame = regexp.MustCompile(`(?m)^  (\S.*)\(\)\n      (.+):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// raceOf makes a failure from a report. Two reports show the same race if the same two functions do the same. Lines do
// not count, because they move; nor do addresses and goroutine numbers, because they differ each time.
func raceOf(text string) *sched.Failure {
	f := &sched.Failure{Kind: sched.DataRace, Stack: text + "\n"}
	var accesses []access
	for _, found := range accessed.FindAllStringSubmatch(text, 2) {
		accesses = append(accesses, accessOf(strings.ToLower(found[1])+"s", found[2]))
	}
	if len(accesses) < 2 {
		f.Message = "Go's race detector reported a data race, but the report cannot be understood"
		return f
	}
	now, before := accesses[0], accesses[1]
	f.Message = fmt.Sprintf("%s %s%s what %s %s%s, and nothing orders the two", now.function, now.operation, now.place, before.function, before.operation, before.place)
	words := []string{now.function + " " + now.operation, before.function + " " + before.operation}
	slices.Sort(words)
	f.Site = strings.Join(words, ", ")
	return f
}

// accessOf returns the access with this stack. Its function is the user's innermost one: what the standard library or the
// runtime does for that function counts as its access.
func accessOf(operation, stack string) access {
	a := access{function: "code whose stack is lost", operation: operation}
	for i, frame := range raceFrame.FindAllStringSubmatch(stack, -1) {
		users := !isStandard(frame[2])
		if i == 0 || users {
			a.function, a.place = shortFunction(frame[1]), fmt.Sprintf(" (%s:%s)", filepath.Base(frame[2]), frame[3])
		}
		if users {
			break
		}
	}
	return a
}
