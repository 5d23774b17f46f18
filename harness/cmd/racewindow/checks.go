// Checks of other people's packages. Their tests are built instrumented, and carry out the orders that the command sends (package
// drive).

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/failpoints/runtime"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/plain"
	"github.com/racewindow/racewindow/harness/report"
)

// harnessPackage is what a package with a Check imports.
const harnessPackage = "github.com/racewindow/racewindow/harness"

// A checkRun carries out one order with the Checks of some packages.
type checkRun struct {
	verb     string // of the command
	pattern  string // go test's -run
	packages []string
	race     bool
	// Of a run that loses power under load: --race, or --goroutines, was given.
	raceGiven, goroutinesGiven bool
	build                      []string // flags for the go command
	one                        bool     // the order is for one Check
	order                      drive.Order
	folder                     string // for the reports of findings; "" for none
	out                        io.Writer
	screen                     *os.File

	session   *plain.Session // for the packages whose code has no markers
	byRuntime []string       // their import paths

	began, judged int
	current       drive.Event // the beginning of the last Check that began
	refused       []drive.Event
	unexplored    []drive.Event // findings whose program only racewindow's runtime can explore
	kept          []drive.Event // findings and summaries, for --json
	made          *drive.Event  // the report that was asked for
	worst         int           // the worst exit code so far: 1 found, 3 not judged
	unwritten     error         // reports that could not be written
}

// run builds the tests, runs them and prints the results. Its error gives the exit code.
func (r *checkRun) run(ctx context.Context) error {
	packages, err := r.withChecks(ctx)
	if err == nil && r.one {
		packages, err = r.withOne(ctx, packages)
	}
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "racewindow-checks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	done := make(chan error, 1)
	var output bytes.Buffer
	var code int
	r.order.Events = filepath.Join(folder, "events")
	r.order.Named = !slices.Equal(r.packages, []string{"."})
	if r.screen != nil {
		r.order.Columns = terminalColumns(r.screen)
	}
	if err := os.WriteFile(r.order.Events, nil, 0o600); err != nil {
		return err
	}
	if err = r.findMechanisms(ctx, packages); err != nil {
		return err
	}
	if err = r.findFolders(ctx, packages); err != nil {
		return err
	}
	if r.order.ReplayFlags, err = r.replayFlags(ctx); err != nil {
		return err
	}
	go func() {
		var failed error
		code, failed = r.test(ctx, packages, r.pattern, "", r.order, &output)
		done <- failed
	}()
	err = r.follow(done)
	if inFolders := r.takeInFolders(); len(inFolders) > 0 && err == nil && ctx.Err() == nil {
		code, err = r.losePowerInFolders(ctx, packages, inFolders, &output)
	}
	if err == nil && ctx.Err() == nil {
		err = r.exploreByRuntime(ctx, packages, &output)
	}
	if r.began == 0 && ctx.Err() == nil && (code == 0 && err == nil || nothingRan(err)) {
		if err = r.noneRan(ctx, packages); r.one {
			err = usageError{err}
		}
		return err
	}
	return r.conclude(ctx, code, err, output.String())
}

// replayFlags are the --build flags of the command that executes a case again. What is found depends on them.
func (r *checkRun) replayFlags(ctx context.Context) (flags string, err error) {
	if os.Getenv("GOFLAGS") == "" && len(r.build) == 0 {
		return "", nil
	}
	tool, err := runtime.Find(ctx, "", environment.Full())
	if err != nil {
		return "", err
	}
	return strings.Join(buildFlags(tool, r.build), " "), nil
}

// test carries out an order with the selected Checks of packages, each under its mechanism. pattern and skip are go test's -run
// and -skip. It returns go test's exit code.
func (r *checkRun) test(ctx context.Context, packages []plain.Package, pattern, skip string, order drive.Order, output io.Writer) (code int, err error) {
	order.Version = drive.Version
	var unmarked []plain.Package
	marked := slices.DeleteFunc(slices.Clone(packages), func(p plain.Package) bool {
		is := slices.Contains(r.byRuntime, p.ImportPath)
		if is {
			unmarked = append(unmarked, p)
		}
		return is
	})
	for _, p := range unmarked {
		one, err := r.testByRuntime(ctx, p, pattern, skip, order, output)
		if code = max(code, one); err != nil {
			return code, err
		}
	}
	if len(marked) == 0 {
		return code, nil
	}
	of, err := r.testByMarkers(ctx, marked, pattern, skip, order, output)
	return max(code, of), err
}

func (r *checkRun) testByMarkers(ctx context.Context, packages []plain.Package, pattern, skip string, order drive.Order, output io.Writer) (code int, err error) {
	arguments := []string{"-count=1", "-timeout=0", "-vet=off"}
	if pattern != "" {
		arguments = append(arguments, "-run", pattern)
	}
	if skip != "" {
		arguments = append(arguments, "-skip", skip)
	}
	if r.race {
		arguments = append(arguments, "-race")
	}
	arguments = append(append(arguments, runtime.BuildFlags(r.build)...), paths(packages)...)
	arguments = append(arguments, "-"+drive.Flag+"="+order.String())
	return overlay.Run(ctx, overlay.Command{Verb: "test", Args: arguments, Env: environment.Full(), Stdout: output, Stderr: output})
}

// withChecks are the packages whose tests use the harness, at least one.
func (r *checkRun) withChecks(ctx context.Context) ([]plain.Package, error) {
	found, err := plain.List(ctx, "", environment.Full(), listFlags(r.build, r.race), r.packages)
	var unlisted *plain.ListError
	if errors.As(err, &unlisted) {
		return nil, usageError{err}
	} else if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(p plain.Package) bool { return len(p.Checks)+len(p.Tests) == len(p.Strangers) })
	if len(found) == 0 {
		return nil, usageError{fmt.Errorf("no test of %s calls harness.Check: write one (see the documentation of %s), or name other packages", strings.Join(r.packages, " "), harnessPackage)}
	}
	return found, nil
}

// paths are the import paths of packages.
func paths(packages []plain.Package) (all []string) {
	for _, p := range packages {
		all = append(all, p.ImportPath)
	}
	return all
}

// checksHere reports whether the current package has Checks.
func checksHere(ctx context.Context) bool {
	_, err := (&checkRun{packages: []string{"."}}).withChecks(ctx)
	return err == nil
}

// poll is the time between two reads of the events.
const poll = 100 * time.Millisecond

// follow handles the events of the Checks until they are done.
func (r *checkRun) follow(done <-chan error) error {
	line, began := newProgressLine(r.verb), time.Now()
	defer line.clear()
	status := r.building()
	events, err := drive.OpenTail(r.order.Events)
	if err != nil {
		return errors.Join(err, <-done)
	}
	defer events.Close()
	take := func() {
		events.Take(func(e drive.Event) {
			if words := r.event(line, e); words != "" {
				status = words
			}
		})
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			take()
			return err
		case <-tick.C:
			take()
			if line.due() {
				line.show(r.doing(began, status))
			}
		}
	}
}

// building is the status while the tests are built.
func (r *checkRun) building() string {
	if len(r.byRuntime) > 0 {
		if cache, err := runtime.DefaultCache(); err == nil && cache.Empty() {
			return "building Go's standard library, once, and the tests"
		}
	}
	return "building"
}

// doing is the text of the progress line.
func (r *checkRun) doing(began time.Time, status string) string {
	return fmt.Sprintf("%s: %.0f s, %s", r.verb, time.Since(began).Seconds(), status)
}

// event handles one event. It returns the new status for the progress line, "" to keep the old one.
func (r *checkRun) event(line *progressLine, e drive.Event) (status string) {
	switch e.Event {
	case drive.Began:
		r.began++
		r.current = e
		return e.Test
	case drive.Made:
		r.made = &e
	case drive.Progress:
		return e.Test + ": " + e.Text
	case drive.Sighted:
		line.aside(func() { fmt.Fprintln(r.out, e.Sighting()) })
	case drive.Found, drive.Smaller:
		line.aside(func() { fmt.Fprintf(r.out, "%s\n", e.Text); r.write(e) })
		e.Disk = nil // it has its own file
		r.worst, r.kept = 1, append(r.kept, e)
	case drive.Ended:
		r.judged++
		r.kept = append(r.kept, e)
		if e.Code != 0 && r.worst != 1 {
			r.worst = e.Code
		}
		if e.Text != "" {
			line.aside(func() { fmt.Fprint(r.out, fitting(r.screen, inFlags(e.Text)+"\n")) })
		}
	case drive.Unexplored:
		r.unexplored = append(r.unexplored, e)
	case drive.Refused:
		r.refused = append(r.refused, e)
	}
	return ""
}

// write writes a finding's reports and its case to the folder of --out. Their names contain a hash of promise and case, so
// that no finding overwrites another.
func (r *checkRun) write(e drive.Event) {
	if r.folder == "" || len(e.Report) == 0 {
		return
	}
	found, err := report.Load(bytes.NewReader(e.Report))
	if err == nil {
		err = output.MakeFolder(r.folder)
	}
	if err != nil {
		r.unwritten = errors.Join(r.unwritten, err)
		return
	}
	sum := sha256.Sum256([]byte(found.Promise + "\n" + e.Case))
	name := hex.EncodeToString(sum[:4])
	file := filepath.Join(r.folder, "report-"+name)
	err = errors.Join(output.Write(file+".txt", []byte(e.Text)), writeReports(file, found))
	if e.Case != "" {
		err = errors.Join(err, output.Write(filepath.Join(r.folder, "found-"+name+".case"), []byte(e.Case+"\n")))
	}
	if len(e.Disk) > 0 {
		err = errors.Join(err, output.Write(filepath.Join(r.folder, "disk-"+name+".tar.gz"), e.Disk))
	}
	if err == nil {
		fmt.Fprintf(r.out, "reports: %s\n\n", file+".html")
	}
	r.unwritten = errors.Join(r.unwritten, err)
}

// conclude is the error that gives the exit code. A finding comes before everything else.
func (r *checkRun) conclude(ctx context.Context, code int, failed error, output string) error {
	var wrong *overlay.UsageError
	switch {
	case r.worst == 1:
		if races := racesIn(output); races != "" {
			fmt.Fprintln(r.out, races)
		}
		return violated(errors.Join(failed, r.unwritten))
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: %d of %d Checks were done: no verdict", r.judged, r.began)
	case errors.As(failed, &wrong):
		return usageError{failed}
	case failed != nil:
		return failed
	case len(r.refused) > 0:
		return r.refusal()
	case r.began == 0 && code != 0:
		return usageError{fmt.Errorf("the tests cannot be built or run:\n%s", strings.TrimSpace(output))}
	case r.judged < r.began && r.died(output):
		return violated(r.unwritten)
	case r.worst != 0 || r.judged < r.began:
		return fmt.Errorf("no verdict: %d of %d Checks ended with one; the tests printed:\n%s", r.judged, r.began, strings.TrimSpace(output))
	case code != 0:
		return fmt.Errorf("the Checks held, but other tests failed:\n%s", strings.TrimSpace(output))
	}
	return nil
}

// mostOfRaces is the most reports of the race detector that are shown.
const mostOfRaces = 3

// racesIn are the first reports of the race detector in the output of tests.
func racesIn(output string) string {
	const frame = "=================="
	var found []string
	for _, block := range strings.Split(output, frame+"\n") {
		if strings.HasPrefix(block, "WARNING: DATA RACE") && len(found) < mostOfRaces {
			found = append(found, strings.TrimRight(block, "\n"))
		}
	}
	return strings.Join(found, "\n\n")
}

// refusal is the error of Checks that refused the order. It is a usage error if all of them call it one.
func (r *checkRun) refusal() error {
	var words []string
	wrongCall := true
	for _, e := range r.refused {
		words = append(words, e.Test+": "+e.Text)
		wrongCall = wrongCall && e.Code == exitUsage
	}
	err := errors.New(strings.Join(words, "\n"))
	if wrongCall && r.judged == 0 {
		return usageError{err}
	}
	return err
}
