// The kinds of rounds of a campaign of the log.

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/harness/subjects/log/rounds"
)

// A soakKind is the name of a kind of rounds, and the function that makes it. The function's error says why the kind cannot
// run here.
type soakKind struct {
	name string
	make func(f *soakFlags, p soakPlaces) (soak.Kind, error)
}

// logKinds are the kinds of rounds of the log. A new kind is one line.
var logKinds = []soakKind{
	{"explore", func(f *soakFlags, _ soakPlaces) (soak.Kind, error) { return rounds.Explore(f.handovers), nil }},
	{"stress", func(f *soakFlags, p soakPlaces) (soak.Kind, error) {
		return p.isolated(rounds.Stress{Handovers: f.handovers}), nil
	}},
	{"crash", crashKind},
	{"crashstress", func(_ *soakFlags, p soakPlaces) (soak.Kind, error) { return p.isolated(rounds.CrashStress{}), nil }},
	{"kill", killKind},
	{"race", raceKind},
	{"properties", propertiesKind},
	{"fuzz", fuzzKind},
}

// soakKinds are the names of all kinds.
func soakKinds() (names []string) {
	for _, k := range logKinds {
		names = append(names, k.name)
	}
	return names
}

// minimumNames are the names that --minimum takes.
func minimumNames() []string {
	return soak.MinimumNames(slices.Concat(soakKinds(), rounds.CountNames, countsOfChecks)...)
}

// soakPlaces are the folders of rounds, and the binary (self) that executes them.
type soakPlaces struct{ self, logs, scratch string }

func (f *soakFlags) places() (p soakPlaces, err error) {
	if p.self, err = os.Executable(); err != nil || f.config.Out == "" {
		return p, err
	}
	out, err := filepath.Abs(f.config.Out)
	p.logs, p.scratch = filepath.Join(out, "logs"), soak.Scratch(out)
	return p, err
}

func (p soakPlaces) isolated(k soak.Kind) soak.Isolated {
	return soak.Isolated{Kind: k, Binary: p.self, Logs: p.logs, Scratch: p.scratch}
}

// allKinds are the kinds that can be run here, and those that cannot.
func (f *soakFlags) allKinds() (kinds []soak.Kind, notRun []soak.NotRun, err error) {
	p, err := f.places()
	if err != nil {
		return nil, nil, err
	}
	for _, k := range logKinds {
		if len(f.kinds) > 0 && !slices.Contains(f.kinds, k.name) {
			notRun = append(notRun, soak.NotRun{What: k.name, Because: "--kinds leaves it out"})
			continue
		}
		made, err := k.make(f, p)
		if err != nil {
			notRun = append(notRun, soak.NotRun{What: k.name, Because: err.Error()})
			continue
		}
		kinds = append(kinds, made)
	}
	if err := knownKinds(f.kinds, soakKinds()); err != nil {
		return nil, nil, fmt.Errorf("--kinds: %w", err)
	}
	return kinds, notRun, nil
}

// knownKinds refuses an unknown kind.
func knownKinds(asked, known []string) error {
	for _, name := range asked {
		if !slices.Contains(known, name) {
			return fmt.Errorf("no kind is called %q%s: choose one of %s", name, spelling.Meant(name, known), strings.Join(known, ", "))
		}
	}
	return nil
}

func crashKind(*soakFlags, soakPlaces) (soak.Kind, error) {
	if sched.UnderRaceDetector() {
		return nil, errors.New("it needs a build without -race")
	}
	return rounds.Crash(), nil
}

func killKind(_ *soakFlags, p soakPlaces) (soak.Kind, error) {
	k, err := rounds.NewKill()
	return p.isolated(k), err
}

func raceKind(f *soakFlags, p soakPlaces) (soak.Kind, error) {
	k, err := p.isolated(rounds.Stress{Handovers: f.handovers}), error(nil)
	k.Label = "race"
	k.Binary, err = beside(p.self, f.race, "racewindow-race")
	return k, err
}

// beside is the binary that a flag named, or the one with the usual name beside this binary.
func beside(self, named, name string) (string, error) {
	file := named
	if file == "" {
		file = filepath.Join(filepath.Dir(self), name)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("%s is not there: make bin/%s", file, name)
	}
	return file, nil
}

// propertiesOfLog matches the tests of the package properties that hold for any seed and number of cases. The others test the
// search itself. Among those, badProperty requires that the search finds a hand-over that is wrong without any concurrency.
var propertiesOfLog = regexp.MustCompile(`^Test(EveryPromise|ManyClients|AProgramOf|Durable|TheChunkIndex|AnIterator|LogsOf|Recovery|PrefixRecovery|WhatIsDurable)`)

const badProperty = "^TestBadHandoversAreFoundAndShrunk$/^recheckliteral$"

func propertiesKind(f *soakFlags, p soakPlaces) (soak.Kind, error) {
	binary, err := beside(p.self, f.properties, "properties-race.test")
	if err != nil {
		return nil, err
	}
	k, err := soak.NewProperties(binary, propertiesOfLog)
	if err != nil {
		return nil, err
	}
	k.Bad, k.Scratch, k.Logs = badProperty, p.scratch, p.logs
	if folder := filepath.Join(f.source, "properties"); isFolder(folder) {
		k.Folder = folder
	}
	return k, nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func fuzzKind(f *soakFlags, p soakPlaces) (soak.Kind, error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("there is no go command: %w", err)
	}
	if _, err := os.Stat(filepath.Join(f.source, "go.mod")); err != nil {
		return nil, fmt.Errorf("there are no sources: %w", err)
	}
	out := f.config.Out
	if out == "" {
		out = filepath.Join(os.TempDir(), "racewindow-fuzz")
	}
	return soak.NewFuzz(goCommand, f.source, filepath.Join(out, "fuzz"), p.logs)
}
