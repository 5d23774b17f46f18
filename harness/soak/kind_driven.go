package soak

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/report"
)

// A DrivenTest is a test of somebody's package that calls harness.Check, in an instrumented test binary.
type DrivenTest struct {
	// Package is an import path, Test the name of the test, with the names of subtests after slashes.
	Package, Test string
	// Binary is the test binary. It runs in Folder, the package's folder.
	Binary, Folder string
	// Own is that of each order (drive.Order), for a binary with racewindow's runtime.
	Own string
}

// Variant is the name of the test as a variant of a kind.
func (t DrivenTest) Variant() string { return t.Package + ":" + t.Test }

// Pattern is the value of -test.run that selects this test alone.
func (t DrivenTest) Pattern() string {
	var parts []string
	for _, part := range strings.Split(t.Test, "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	return strings.Join(parts, "/")
}

// Driven sends orders to the Checks of test binaries, one Check for each round (package drive). It knows neither the subjects
// nor what the orders mean.
type Driven struct {
	// Label is the name of the kind.
	Label string
	Tests []DrivenTest
	// Order makes the order of a round, with the budgets of the spec. Unit is what the spec's Count counts.
	Order func(spec RoundSpec) drive.Order
	Unit  string
	// Environment, Scratch and Logs are like those of Isolated.
	Environment   []string
	Scratch, Logs string
}

// Name is the label.
func (k Driven) Name() string { return k.Label }

// Variants are the tests.
func (k Driven) Variants() (names []string) {
	for _, t := range k.Tests {
		names = append(names, t.Variant())
	}
	return names
}

// Run sends the round's order to the Check of the variant, and waits for the result.
func (k Driven) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	t, err := k.test(spec.Variant)
	if err != nil {
		return RoundResult{}, err
	}
	order := k.Order(spec)
	order.Seed, order.Unkept, order.PerClass, order.All = spec.Seed, true, shrunkPerClass, true
	w := &driving{spec: spec, test: t}
	e, err := k.drive(ctx, t, t.Pattern(), "", order, fmt.Sprintf("%s-%d.log", k.Label, spec.Number), w.hear)
	if err != nil {
		return RoundResult{}, err
	}
	return w.result(ctx, e, k.Unit), nil
}

func (k Driven) test(variant string) (DrivenTest, error) {
	for _, t := range k.Tests {
		if t.Variant() == variant {
			return t, nil
		}
	}
	return DrivenTest{}, fmt.Errorf("%w: %s has no variant %q", ErrSpec, k.Label, variant)
}

// eventsEvery is the time between two reads of the events during a round.
const eventsEvery = 200 * time.Millisecond

// drive runs a test with an order, and calls each with every event.
func (k Driven) drive(ctx context.Context, t DrivenTest, pattern, skip string, order drive.Order, logName string, each func(drive.Event)) (e ended, err error) {
	scratch, err := scratchFor(k.Scratch)
	if err != nil {
		return e, err
	}
	defer os.RemoveAll(scratch)
	home, remove, err := recorded.Home()
	if err != nil {
		return e, err
	}
	defer remove()
	if scratch, err = filepath.Abs(scratch); err != nil {
		return e, err
	}
	order.Version, order.Events, order.Dirs, order.Own = drive.Version, filepath.Join(scratch, "events"), []string{scratch}, t.Own
	tail, err := drive.OpenTail(order.Events)
	if err != nil {
		return e, err
	}
	defer tail.Close()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(eventsEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				tail.Take(each)
				return
			case <-tick.C:
				tail.Take(each)
			}
		}
	}()
	e, err = child{
		name: t.Binary, folder: t.Folder,
		arguments:   []string{"-test.run", pattern, "-test.skip", skip, "-test.count=1", "-test.timeout=0", "-" + drive.Flag + "=" + order.String()},
		environment: append([]string{"GORACE=atexit_sleep_ms=0", "TMPDIR=" + scratch, home}, k.Environment...),
	}.run(ctx)
	close(over)
	<-done
	keepLog(k.Logs, logName, e.output)
	return e, err
}

// A driving collects the events of one round.
type driving struct {
	spec  RoundSpec
	test  DrivenTest
	found []Found
	ended *drive.Event // the end of the Check, or its refusal
}

func (w *driving) hear(e drive.Event) {
	switch e.Event {
	case drive.Progress:
		if e.Done != nil && w.spec.Progress != nil {
			w.spec.Progress(e.Done.Counts)
		}
	case drive.Found:
		w.found = append(w.found, w.finding(e))
	case drive.Smaller: // a smaller case of the finding before
		if n := len(w.found); n > 0 && len(e.Report) > 0 {
			smaller := w.finding(e)
			smaller.Text = w.found[n-1].Text + "\n" + smaller.Text
			smaller.Disk = w.found[n-1].Disk
			w.found[n-1] = smaller
		}
	case drive.Ended, drive.Refused:
		w.ended = &e
	}
}

// finding makes a finding of a Check's event. Without a case, the finding is identified by its class and the test.
func (w *driving) finding(e drive.Event) Found {
	f := Found{Class: "violation", Detail: e.Text, Text: e.Text, Count: 1, Size: e.Size, Shape: w.test.Variant(), Disk: e.Disk}
	if _, rest, found := strings.Cut(e.Shape, ": "); found {
		f.Shape += ": " + rest
	}
	r, err := report.Load(bytes.NewReader(e.Report))
	if err != nil {
		return f
	}
	f.Class, f.Detail, f.Case, f.Report = r.Class, r.Detail, r.Case, r
	if r.Case == "" {
		r.Replay = "racewindow soak --round " + Quoted(w.spec.String())
	} else {
		r.Replay += " " + w.test.Package
	}
	return f
}

// result is the result of the round.
func (w *driving) result(ctx context.Context, e ended, unit string) RoundResult {
	var done drive.Done
	if w.ended != nil && w.ended.Done != nil {
		done = *w.ended.Done
	}
	r := doneIn(w.spec, done)
	r.Engine, r.Found, r.Canary, r.Peak = w.test.Variant(), w.found, done.Canary, e.peak
	if races := e.races(); len(races) > 0 { // the detector's reports say more than the finding of the Check, which only counts them
		r.Found = append(slices.DeleteFunc(r.Found, func(f Found) bool { return f.Class == "data race" && f.Case == "" }), races...)
	}
	switch {
	case len(r.Found) > 0:
	case ctx.Err() != nil:
		r.Inconclusive = fmt.Sprintf("ended early: %v: %s", ctx.Err(), e.why(200))
	case w.ended == nil && e.died():
		r.Inconclusive = "the test died"
		r.Found = append(r.Found, e.death(w.spec.Kind+" of "+w.test.Variant()))
	case w.ended == nil:
		r.Inconclusive = "the Check did not finish: " + e.why(300)
	case w.ended.Code != 0:
		r.Inconclusive = reasonIn(w.ended.Text)
	default:
		r.Inconclusive = w.spec.CutShort(r.Counts[unit], unit)
	}
	return r
}

// reasonIn is the reason for no verdict in a Check's last text, without the lines before it.
func reasonIn(text string) string {
	if _, reason, found := strings.Cut(text, "\nno verdict: "); found {
		return reason
	}
	return text
}

// schedulesAround is the number of schedules in which a case's program is explored if the case's places are gone, as they may
// be after a fix.
const schedulesAround = 2000

// Replay implements Replayer.
func (k Driven) Replay(ctx context.Context, variant, text string) (class string, err error) {
	t, err := k.test(variant)
	if err != nil {
		return "", err
	}
	why := ""
	for _, order := range []drive.Order{
		{Mode: drive.Replay, Case: text, Times: 3},
		{Mode: drive.Explore, Program: text, Strategy: "bounded", Preemptions: 2, Schedules: schedulesAround, Seed: 1, NoCanary: true},
	} {
		order.Unkept = true
		w := &driving{test: t}
		e, err := k.drive(ctx, t, t.Pattern(), "", order, "replay.log", w.hear)
		switch {
		case err != nil:
			return "", err
		case len(w.found) > 0:
			return w.found[0].Class, nil
		case w.ended != nil && w.ended.Event == drive.Ended && w.ended.Code == 0:
			return Holds, nil
		}
		why = e.why(300)
	}
	return "", fmt.Errorf("the case cannot be executed, and its program cannot be explored: %s", why)
}

// DrivenCanaries are preparations: the Checks of a kind must find the bugs that they plant themselves. The rounds have a count
// of 1, so they do almost nothing else. limit is a last resort.
func DrivenCanaries(k Driven, limit time.Duration) (all []Preparation) {
	for i, t := range k.Tests {
		all = append(all, Preparation{CheckCanary, k.Label + "/" + t.Variant(), func(ctx context.Context, seed uint64) (Check, error) {
			spec := RoundSpec{Kind: k.Label, Variant: t.Variant(), Seed: SeedOf(seed, uint64(i)), For: limit, Count: 1, Progress: hearer(ctx)}
			bounded, cancel := context.WithTimeout(ctx, spec.limit())
			defer cancel()
			r, err := k.Run(bounded, spec)
			switch {
			case err != nil:
				return Check{}, err
			case r.Canary != "":
				return Check{Passed: true, Detail: r.Canary}, nil
			case len(r.Found) > 0: // the bug of the subject hides the planted one; the rounds will find it
				return Check{Passed: true, Detail: "the subject's own bug was found first: " + r.Found[0].Class}, nil
			}
			return Check{Detail: "the canary was not found: " + Clip(r.Inconclusive, 700)}, ctx.Err()
		}})
	}
	return all
}

// Describe asks the Checks of a test binary what they use: those that match pattern, "" for all. Tests that match skip, "" for
// none, do not run. It returns the tests in the order in which they ran, and what each uses. note says if other tests failed,
// because their Checks may not have begun.
func Describe(ctx context.Context, of DrivenTest, pattern, skip string, environment []string) (tests []DrivenTest, uses [][]string, note string, err error) {
	var refused []string
	e, err := Driven{Environment: environment}.drive(ctx, of, pattern, skip, drive.Order{Mode: drive.Describe}, "", func(e drive.Event) {
		switch e.Event {
		case drive.Ended:
			t := of
			t.Test = e.Test
			tests, uses = append(tests, t), append(uses, e.Uses)
		case drive.Refused:
			refused = append(refused, e.Test+": "+e.Text)
		}
	})
	switch {
	case err != nil:
		return nil, nil, "", err
	case ctx.Err() != nil:
		return nil, nil, "", fmt.Errorf("interrupted while the Checks of %s were listed: no verdict", of.Package)
	case len(refused) > 0:
		return nil, nil, "", fmt.Errorf("%s: %s", of.Package, strings.Join(refused, "; "))
	case e.died() || e.code < 0:
		return nil, nil, "", fmt.Errorf("the tests of %s end before each Check has begun: %s", of.Package, e.why(500))
	case e.code != 0:
		note = "tests failed that have no Check, or failed before it: " + e.why(200)
	}
	return tests, uses, note, nil
}
