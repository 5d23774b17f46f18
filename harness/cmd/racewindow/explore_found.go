// Findings in plain tests: their report, their place in the source, where they are kept.

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	goversion "go/version"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/results"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
)

// found makes the report of a finding, keeps its schedule, and returns the text to print.
func (r *plainRun) found(p plain.Package, e *drive.Event) (text string) {
	token := tokenOf(e)
	told := r.reportOf(p, e, token)
	e.Case = token.String()
	if encoded, err := json.Marshal(told); err == nil {
		e.Report = encoded
	}
	f := results.Finding{Report: told, Package: p.ImportPath, Test: e.Test}
	f.File, f.Line = placeOf(p, e.Finding)
	if r.tell.known.Mark(&f); r.timing && e.Finding.Failure.Timing {
		f.Known = f.Name()
	}
	r.findings[p.ImportPath+" "+e.Test] = append(r.findings[p.ImportPath+" "+e.Test], f)
	var b strings.Builder
	if where := f.Where(); where != "" {
		fmt.Fprintf(&b, "%s: %s: %s\n", where, e.Test, strings.TrimPrefix(brief(inALine(e.Finding.Failure, firstLine(told.Detail))), filepath.Base(where)+": "))
	}
	if r.brief {
		return b.String()
	}
	b.WriteString(r.shown(e, told))
	if r.verb == "explore" {
		r.keep(p, e, token, told)
		if e.Kept != "" {
			fmt.Fprintf(&b, "kept: %s\n", e.Kept)
		}
		if e.Finding.Late {
			fmt.Fprintf(&b, "its time for shrinking was over: %s makes it smaller\n", r.shrinking(p, e.Kept, token))
		}
		if f.Known == "" {
			fmt.Fprintf(&b, "known as: %s\n", f.Name())
			if e.Finding.Failure.Timing {
				b.WriteString("--timing=ok makes what is labelled timing no failure\n")
			}
		} else {
			fmt.Fprintf(&b, "known: %s\n", f.Known)
		}
	}
	if file := r.write(told, token); file != "" {
		fmt.Fprintf(&b, "reports: %s\n", file)
	}
	b.WriteString("\n")
	return b.String()
}

// abandoned keeps the schedule of a finding that was being made smaller when everything was stopped, and returns the text to print.
func (r *plainRun) abandoned(p plain.Package, e *drive.Event) string {
	token := tokenOf(e)
	file, err := p.Keep(token, e.Test+": "+e.Finding.Failure.Class())
	if err != nil {
		r.unkept(p, err)
		return ""
	}
	return fmt.Sprintf("kept: %s, as it was found; %s makes it smaller\n", file, r.shrinking(p, file, token))
}

// shrinking is the command that makes a finding smaller, without a limit of time. file holds its schedule; "" if it is kept nowhere.
func (r *plainRun) shrinking(p plain.Package, file string, token plain.Token) string {
	words := r.settings("report --shrink")
	if file != "" {
		words = append(words, quotedWord(fromHere(filepath.Join(p.Dir, file))))
	} else {
		words = append(words, quotedWord(token.String()))
	}
	return strings.Join(append(words, p.ImportPath), " ")
}

// settings begins a command that executes what this run has executed.
func (r *plainRun) settings(verb string) []string {
	command := append(inGo(r.session.Toolchain), "racewindow", verb)
	if r.race {
		command = append(command, "--race")
	}
	command = append(command, buildFlags(r.session.Toolchain, r.flags)...)
	for _, pkg := range r.order.Atomic {
		command = append(command, "--atomic="+quotedWord(pkg))
	}
	return command
}

// tokenOf is the token of a finding.
func tokenOf(e *drive.Event) plain.Token {
	return plain.Token{Test: e.Test, Alone: e.Finding.Apart == drive.ApartFirst, Schedule: e.Finding.Schedule}
}

// shown is the report as text for the terminal, with the first lines of its stacks.
func (r *plainRun) shown(e *drive.Event, told *report.Report) string {
	var b strings.Builder
	columns, palette := 100, report.Palette{}
	if r.screen != nil {
		columns, palette = terminalColumns(r.screen), reportPalette(r.screen)
	}
	if err := told.WriteText(&b, columns, palette); err != nil {
		r.problems = append(r.problems, err)
	}
	if told.Log != "" {
		b.WriteString("the test wrote, after the steps:\n" + lastLines(told.Log, mostOfLog))
	}
	if told.Stack != "" {
		most := mostOfStack
		if e.Finding.Failure.Kind == sched.DataRace {
			most = mostOfRace
		}
		b.WriteString(firstLines(told.Stack, most))
	}
	return b.String()
}

// mostOfLog is how many lines of what a test wrote are shown: the last ones, because the failure comes after them.
const mostOfLog = 20

// The most lines of stacks that are shown, and of a report of the race detector, which has the two accesses and where their
// goroutines were started.
const (
	mostOfStack = 24
	mostOfRace  = 40
)

// buildFlags writes a user's flags for the go command as --build flags of a replay command. The tags of GOFLAGS are added:
// what is found depends on them, and whoever pastes the line may have other GOFLAGS.
func buildFlags(tool runtime.Toolchain, given []string) (flags []string) {
	for _, f := range append(tool.SettingsOf(given, "tags"), given...) {
		flags = append(flags, "--build="+quotedWord(f))
	}
	return flags
}

// inGo is the setting that selects the same release of Go again; nothing for one that no setting selects, such as a development
// version. A token replays under other releases too, but what the standard library does in them may be something else.
func inGo(tool runtime.Toolchain) []string {
	version, _, experiments := strings.Cut(tool.Version, " ")
	if experiments || !goversion.IsValid(version) {
		return nil
	}
	return []string{"GOTOOLCHAIN=" + version}
}

// reportOf makes the report of a finding, with the command that replays it.
func (r *plainRun) reportOf(p plain.Package, e *drive.Event, token plain.Token) *report.Report {
	command := append(r.settings("replay"), quotedWord(token.String()), p.ImportPath)
	passing := ""
	if e.Finding.Passing != nil {
		passing = plain.Token{Test: e.Test, Alone: token.Alone, Schedule: e.Finding.Passing.Schedule}.String()
	}
	told := report.OfPlain(e.Finding, e.Test, token.String(), passing, strings.Join(command, " "))
	told.Package = p.Name
	return told
}

// keep writes the schedule to where the next run finds it, unless it was read from there.
func (r *plainRun) keep(p plain.Package, e *drive.Event, token plain.Token, told *report.Report) {
	if e.Kept != "" {
		return
	}
	about := told.Promise + ": " + told.Detail
	if e.Finding.Failure.Kind == sched.DataRace {
		about = e.Test + ": data race: " + told.Detail
	}
	file, err := p.Keep(token, about)
	if err != nil {
		r.unkept(p, err)
		return
	}
	e.Kept = file
}

// unkept says why the findings of a package are not kept, once for each package: the reason is the same for all of them.
func (r *plainRun) unkept(p plain.Package, why error) {
	if r.told == p.ImportPath {
		return
	}
	r.told = p.ImportPath
	r.line.aside(func() { fmt.Fprintln(os.Stderr, why) })
}

// write writes a finding's reports and its token to the folder of --out. It returns the HTML page's file.
func (r *plainRun) write(told *report.Report, token plain.Token) (page string) {
	if r.folder == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(told.Promise + "\n" + token.String()))
	name := hex.EncodeToString(sum[:4])
	err := output.MakeFolder(r.folder)
	if err == nil {
		err = errors.Join(output.Write(filepath.Join(r.folder, "found-"+name+".case"), []byte(token.String()+"\n")),
			writeReports(filepath.Join(r.folder, "report-"+name), told))
	}
	if err != nil {
		r.problems = append(r.problems, err)
		return ""
	}
	return filepath.Join(r.folder, "report-"+name+".html")
}

var (
	// placed matches FILE:LINE in a failure's site, framed a line of a stack.
	placed = regexp.MustCompile(`([\w.-]+\.go):(\d+)`)
	framed = regexp.MustCompile(`(?m)^\t(/.*\.go):(\d+)$`)
	// raced matches a line with a place in a report of the race detector.
	raced = regexp.MustCompile(`(?m)^\s+(/.*\.go):(\d+)(?: \+0x[0-9a-f]+)?$`)
)

// mostOfLine is how many letters the line of a finding may have. endOfLine is how many of them come from its end, which
// says what the finding needs of time.
const (
	mostOfLine = 400
	endOfLine  = 160
)

// brief leaves out the middle of a long line: a message may hold whole stacks.
func brief(line string) string {
	letters := []rune(line)
	if len(letters) <= mostOfLine {
		return line
	}
	return string(letters[:mostOfLine-endOfLine]) + " ... " + string(letters[len(letters)-endOfLine:])
}

// inALine says in one line what was found. The detail of a data race does not name its kind, so that is added; the detail of
// a deadlock or leak lists every goroutine, so it is shortened.
func inALine(f *sched.Failure, detail string) string {
	switch f.Kind {
	case sched.DataRace:
		return string(f.Kind) + ": " + detail
	case sched.Deadlock, sched.Leak:
		return whoWaits(f, detail)
	}
	return detail
}

// mostWaiting is how many waiting goroutines one line names.
const mostWaiting = 2

// waiting matches what a failure's message says about one waiting goroutine.
var waiting = regexp.MustCompile(`(\S+) waits in (\S+) \([\w.-]+\.go:\d+\): ([^;,]+)`)

// whoWaits says in one line which goroutines wait in a deadlock or a leak, and for what.
func whoWaits(f *sched.Failure, detail string) string {
	all := waiting.FindAllStringSubmatch(f.Message, -1)
	if len(all) == 0 {
		return detail
	}
	line := string(f.Kind) + ": "
	if f.Timing {
		line = "timing: " + line
	}
	for i, one := range all[:min(len(all), mostWaiting)] {
		if i == 0 {
			line += fmt.Sprintf("%s waits for %s in %s", one[1], one[3], one[2])
		} else {
			line += fmt.Sprintf(", %s for %s in %s", one[1], one[3], one[2])
		}
	}
	if more := len(all) - mostWaiting; more > 0 {
		line += fmt.Sprintf(", and %d more", more)
	}
	return line
}

// placeOfRace is the place of the access that the message names. The message has the base name of the file; the detector's
// report has its path.
func placeOfRace(f *sched.Failure) (file string, line int) {
	at := placed.FindStringSubmatch(f.Message)
	for _, found := range raced.FindAllStringSubmatch(f.Stack, -1) {
		if at != nil && filepath.Base(found[1]) == at[1] && found[2] == at[2] {
			return fromHere(found[1]), number(found[2])
		}
	}
	return "", 0
}

// placeOf is where a finding shows, as a path from the current folder: where the test reported the failure or the code
// panicked, at the first access of a data race, and otherwise where the first goroutine waits in the package.
func placeOf(p plain.Package, f *drive.PlainFinding) (file string, line int) {
	failure := f.Failure
	if f.Outcome.Failure != nil {
		failure = f.Outcome.Failure
	}
	if failure.Kind == sched.DataRace {
		return placeOfRace(failure)
	}
	if found := placed.FindStringSubmatch(failure.Site); found != nil {
		name := filepath.Join(p.Dir, found[1])
		for _, e := range f.Outcome.Events {
			if e.File == found[1] && e.Path != "" {
				name = e.Path
			}
		}
		if _, err := os.Stat(name); err == nil {
			return fromHere(name), number(found[2])
		}
	}
	for _, found := range framed.FindAllStringSubmatch(failure.Stack, -1) {
		if filepath.Dir(found[1]) == p.Dir && (file == "" || strings.HasSuffix(file, "_test.go") && !strings.HasSuffix(found[1], "_test.go")) {
			file, line = found[1], number(found[2])
		}
	}
	return fromHere(file), line
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the pattern has digits only
	return n
}

// fromHere makes a path relative to the current folder, if the file is below it.
func fromHere(file string) string {
	here, err := os.Getwd()
	if err != nil || file == "" {
		return file
	}
	if relative, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return file
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// lastLines returns the last lines of a text, each with its end, after a line that says how many are left out.
func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	left := max(0, len(lines)-most)
	shown := strings.Join(lines[left:], "\n") + "\n"
	if left == 0 {
		return shown
	}
	return fmt.Sprintf("      ... %d lines before\n%s", left, shown)
}

func firstLines(text string, most int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:min(most, len(lines))], "")
}
