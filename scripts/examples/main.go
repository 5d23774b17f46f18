// Command examples tries the subjects of harness/examples as a stranger would, and prints the tables of
// harness/examples/README.md. It builds racewindow and copies the module. With each subject, racewindow must find the
// planted bug, replay the finding 100 times, find nothing without the bug in as many schedules, and exhaust the schedules
// of one program. Subjects that keep data also run freely while power is lost and while their processes are killed. The
// engines are tried with faults and crashes too. Short campaigns must find the bug, and pass without it. If anything else
// happens, the command ends with 1. With -readme it writes the tables that follow from the seed into that page; with
// -check the page must hold them already.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// An example is a subject, and how to try it.
type example struct {
	folder  string
	flags   []string // of explore, with and without the bug
	program string   // explored exhaustively without the bug
	free    []string // commands that run the subject freely, and must find the bug too
	kind    string   // the kind of rounds with which a campaign finds it; "" for no campaign
}

var examples = []example{
	{"cache", nil, `c0: get("c"), get("b"); c1: put("b", 0), put("a", 0), put("c", 0)`, nil, "explore"},
	{"queue", nil, `c0: take(); c1: take(); c2: put(1), put(2)`, nil, "explore"},
	{"wal", []string{"--crash"}, `c0: set("a", 1); c1: snapshot(), get("a")`, []string{"stress --crash --race=false --cycles 20000", "kill --kills 300"}, "crash"},
	{"limiter", nil, `c0: allow(), allow(), wait(), wait(); c1: wait()`, nil, "explore"},
	{"registry", nil, `c0: subscribe("a"), unsubscribe("a"); c1: publish(1)`, nil, "explore"},
}

// times is how often a finding is replayed.
const times = "100"

// Settings of the short campaigns, which count instead of measuring time. With the bug they have rounds of one kind, so that what
// each round does follows from the seed; without it, rounds of every kind that fits.
const (
	rounds     = "5"
	perRound   = "explore=30000,crash=200"
	ofEachKind = "explore=5000,crash=100,race=2000,crashstress=300,kill=20"
)

func main() {
	pattern := flag.String("run", "", "only the subjects that match `REGEXP`")
	schedules := flag.String("schedules", "60000", "most schedules of a search, `N`")
	crashes := flag.String("crash-schedules", "4000", "most schedules of a search with crashes, `N`")
	var where page
	flag.StringVar(&where.readme, "readme", "", "write what follows from the seed into the page `FILE`")
	flag.StringVar(&where.check, "check", "", "fail if the page `FILE` does not hold what follows from the seed")
	flag.Parse()
	where.part = *pattern != ""
	selected, err := regexp.Compile(*pattern)
	if err != nil || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "examples: use flags only, and a regular expression for -run: %v\n", err)
		os.Exit(2)
	}
	if where.readme != "" && where.part {
		fmt.Fprintln(os.Stderr, "examples: -readme writes whole tables, but -run makes only a part of them")
		os.Exit(2)
	}
	if err := run(selected, *schedules, *crashes, where); err != nil {
		fmt.Fprintf(os.Stderr, "examples: %v\n", err)
		os.Exit(1)
	}
}

func run(selected *regexp.Regexp, schedules, crashes string, where page) error {
	folder, err := os.MkdirTemp("", "racewindow-examples-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	t, err := prepare(folder)
	if err != nil {
		return err
	}
	marked := table("| subject | broken | found after | smallest case | replayed | without the bug | every schedule of a program |")
	tried, freely, campaigns := 0, "", ""
	for _, e := range examples {
		if !selected.MatchString(e.folder) {
			continue
		}
		tried++
		limit := schedules
		if e.flags != nil {
			limit = crashes
		}
		row, failed := t.try(e, limit)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", e.folder, failed))
			continue
		}
		marked.add(row)
		for _, command := range e.free {
			row, failed := t.freely(e, command)
			err = errors.Join(err, failed)
			freely += row
		}
		row, failed = t.soak(e)
		err = errors.Join(err, failed)
		campaigns += row
	}
	err = errors.Join(err, where.put("with markers", marked))
	unmarked, failed := t.unmarked(selected)
	tried, err = tried+unmarked.rows, errors.Join(err, failed, where.put("without markers", unmarked))
	if freely != "" {
		fmt.Print("\n| subject | freely | found after | in | without the bug |\n|---|---|---|---|---|\n" + freely)
	}
	if campaigns != "" {
		fmt.Print("\n| subject | a campaign | in | without the bug |\n|---|---|---|---|\n" + campaigns)
	}
	if selected.MatchString("engines") {
		tried++
		if words, failed := t.engines(); failed != nil {
			err = errors.Join(err, fmt.Errorf("engines: %w", failed))
		} else {
			err = errors.Join(err, where.put("engines", words))
		}
	}
	if selected.MatchString("strange") {
		tried++
		err = errors.Join(err, t.strange())
	}
	if tried == 0 {
		return errors.New("-run selects no subject")
	}
	return err
}

// A trial is the command and a copy of the module, so that kept findings stay out of the source tree.
type trial struct{ folder, command string }

func prepare(folder string) (*trial, error) {
	t := &trial{filepath.Join(folder, "examples"), filepath.Join(folder, "racewindow")}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(t.folder, os.DirFS(filepath.Join("harness", "examples"))); err != nil {
		return nil, fmt.Errorf("run it in the root of the repository: %w", err)
	}
	kept, _ := filepath.Glob(filepath.Join(t.folder, "*", "testdata")) // the patterns are well formed
	more, _ := filepath.Glob(filepath.Join(t.folder, "unmarked", "*", "testdata"))
	for _, name := range append(kept, more...) {
		if err := os.RemoveAll(name); err != nil {
			return nil, err
		}
	}
	for _, arguments := range [][]string{
		{"-C", t.folder, "mod", "edit", "-replace", "github.com/racewindow/racewindow=" + root},
		{"build", "-o", t.command, "./harness/cmd/racewindow"},
	} {
		if output, err := exec.Command("go", arguments...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	return t, nil
}

// racewindow runs the command in the module. Another exit code than the given one is an error.
func (t *trial) racewindow(bug bool, code int, arguments ...string) (output string, err error) {
	c := exec.Command(t.command, arguments...)
	c.Dir, c.Env = t.folder, append(os.Environ(), "NO_COLOR=1", "RACEWINDOW_EXAMPLE_BUG=0")
	if bug {
		c.Env = append(c.Env, "RACEWINDOW_EXAMPLE_BUG=1")
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err = c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return "", err
	}
	if c.ProcessState.ExitCode() != code {
		return "", fmt.Errorf("racewindow %s ended with %d, not %d (with the bug: %v):\n%s", strings.Join(arguments, " "), c.ProcessState.ExitCode(), code, bug, &out)
	}
	return out.String(), nil
}

// A finding is an element of the JSON of explore --json: either a finding or a summary.
type finding struct {
	Event, Test, Case string
	Report            struct{ Promise string }
	Summary           struct {
		Statistics struct{ Schedules int }
		Programs   int
		Findings   []struct{ Class string }
	}
}

// try makes the row of an example.
func (t *trial) try(e example, schedules string) (row string, err error) {
	search := t.search(e.folder, schedules, e.flags...)
	if _, err := t.racewindow(true, 1, search...); err != nil {
		return "", err
	}
	found, ended, err := t.read(jsonOf(e.folder))
	if err != nil {
		return "", err
	}
	replayed, err := t.racewindow(true, 1, "replay", "--times", times, found.Case, "./"+e.folder)
	if err != nil {
		return "", err
	}
	if !strings.Contains(replayed, "failed "+times+" of "+times+" times") {
		return "", fmt.Errorf("not each replay of '%s' failed:\n%s", found.Case, replayed)
	}
	if err := os.RemoveAll(filepath.Join(t.folder, e.folder, "testdata")); err != nil {
		return "", err
	}
	if _, err := t.racewindow(false, 0, search...); err != nil {
		return "", err
	}
	_, held, err := t.read(jsonOf(e.folder))
	if err != nil {
		return "", err
	}
	_, smallest, _ := strings.Cut(found.Case, "; ")
	row = fmt.Sprintf("| %s | %s | %d schedules of %d programs | `%s` | %s of %s | held in %d schedules | ", e.folder, found.Report.Promise,
		ended.Summary.Statistics.Schedules, ended.Summary.Programs, smallest, times, times, held.Summary.Statistics.Schedules)
	if e.program == "" {
		return strings.TrimSpace(row), nil
	}
	every, err := t.racewindow(false, 0, append([]string{"explore", "--seed", "1", "--program", e.program, "--exhaustive", "--preemptions", "2", "./" + e.folder}, e.flags...)...)
	if err != nil {
		return "", err
	}
	all := regexp.MustCompile(`no violation in all (\d+) schedules`).FindStringSubmatch(every)
	if all == nil {
		return "", fmt.Errorf("the program was not explored exhaustively:\n%s", every)
	}
	return fmt.Sprintf("%s%s held, `%s` |", row, all[1], e.program), nil
}

// What a free run prints: after how much it found the bug, or how much held.
var (
	foundAfter = regexp.MustCompile(`found after (\d+ (?:losses of power|kills))`)
	heldIn     = regexp.MustCompile(`held: \w+: (power was lost \d+ times|\d+ processes were killed)`)
)

// freely makes the row of a free run. Its figures differ each time, because the Go scheduler decides.
func (t *trial) freely(e example, command string) (row string, err error) {
	arguments := append(strings.Fields(command), "--seed", "1", "./"+e.folder)
	began := time.Now()
	with, err := t.racewindow(true, 1, arguments...)
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	if err := os.RemoveAll(filepath.Join(t.folder, e.folder, "testdata")); err != nil {
		return "", err
	}
	without, err := t.racewindow(false, 0, arguments...)
	if err != nil {
		return "", err
	}
	found, held := foundAfter.FindStringSubmatch(with), heldIn.FindStringSubmatch(without)
	if found == nil || held == nil {
		return "", fmt.Errorf("racewindow %s does not print how much it took:\n%s\n%s", strings.Join(arguments, " "), with, without)
	}
	return fmt.Sprintf("| %s | `%s` | %s | %.0f s | held, %s |\n", e.folder, command, found[1], took.Seconds(), held[1]), nil
}

// foundBy matches a finding in a summary.
var foundBy = regexp.MustCompile(`(?m)^  [0-9a-f]{8} (\S+), \d+ times in (\d+) rounds`)

// soak makes the row of two short campaigns.
func (t *trial) soak(e example) (row string, err error) {
	campaign := func(bug bool, code int, counts string, more ...string) (string, error) {
		folder := filepath.Join(t.folder, fmt.Sprintf("soak-%s-%v", e.folder, bug))
		return t.racewindow(bug, code, append([]string{"soak", "--rounds", rounds, "--count", counts, "--seed", "1", "--out", folder, "./" + e.folder}, more...)...)
	}
	began := time.Now()
	with, err := campaign(true, 1, perRound, "--kinds", e.kind)
	if err != nil {
		return "", err
	}
	took := time.Since(began)
	without, err := campaign(false, 0, ofEachKind)
	if err != nil {
		return "", err
	}
	found := foundBy.FindAllStringSubmatch(with, -1)
	if found == nil || !strings.Contains(without, "soak passed: "+rounds+" rounds") {
		return "", fmt.Errorf("the campaigns of %s do not print what they found:\n%s\n%s", e.folder, with, without)
	}
	return fmt.Sprintf("| %s | %s in %s of %s rounds of %s | %.0f s | %s rounds passed |\n", e.folder, found[0][1], found[0][2], rounds, e.kind, took.Seconds(), rounds), nil
}

// read returns the first finding, if there is one, and the summary.
func (t *trial) read(file string) (found, ended finding, err error) {
	all, err := t.all(file)
	if err != nil {
		return found, ended, err
	}
	for _, f := range all {
		switch {
		case f.Event == "finding" && found.Case == "":
			found = f
		case f.Event == "summary":
			ended = f
		}
	}
	if ended.Event == "" || found.Case != "" && len(ended.Summary.Findings) == 0 {
		return found, ended, fmt.Errorf("%s holds no summary of what was found", file)
	}
	return found, ended, nil
}
