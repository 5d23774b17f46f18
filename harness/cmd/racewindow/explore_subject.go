package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spelling"
	"github.com/racewindow/racewindow/harness/subjects/log"
	"github.com/racewindow/racewindow/harness/subjects/registry"
)

// subjectNames are the names that --subject takes.
func subjectNames() (names []string) {
	for _, s := range subjects {
		names = append(names, nameOf(s))
	}
	return names
}

func nameOf(s cases.Subject) string {
	_, name, _ := strings.Cut(s.Head(), "=")
	return name
}

// subjectNamed finds a subject that the command brings.
func subjectNamed(name string) (cases.Subject, error) {
	names := subjectNames()
	i := slices.Index(names, name)
	if i < 0 {
		return nil, fmt.Errorf("--subject %.40s%s: use one of %s", name, spelling.Meant(name, names), strings.Join(names, ", "))
	}
	return subjects[i], nil
}

// exampleOf is a program of a subject, as an example for whoever must write one.
func exampleOf(s cases.Subject) string {
	if e, ok := s.(cases.Exemplified); ok {
		return e.Example()
	}
	return "c0: OPERATION, OPERATION; c1: OPERATION"
}

// settleSubject sets the subject and its settings from the flags. A whole case in --program later replaces both.
func (f *exploreFlags) settleSubject(flags *pflag.FlagSet) error {
	named, err := subjectNamed(f.subject)
	if err != nil {
		return err
	}
	f.config.Subject = named
	if f.config.Subject == log.Subject {
		if len(f.set) > 0 {
			return errors.New("--set is for packages and for --subject registry: for the log, give --handover, or a whole case in --program")
		}
		handover, err := handoverByName(f.handover)
		if err != nil {
			return err
		}
		f.settings = "handover=" + handover.Name()
		if f.handover == "" && f.program == "" { // programs are drawn on each that is meant to hold
			f.config.Name, f.holds = strings.Join(log.Holding(), " and "), true
			return nil
		}
		f.config.Settle = log.OnHandover(handover.Name())
		return f.settleName(log.Options{Handover: handover.Name()})
	}
	if flags.Changed("handover") {
		return fmt.Errorf("--handover is for the log: leave it out, and give settings of the %s with --set", f.subject)
	}
	var words []cases.Setting
	for _, name := range slices.Sorted(maps.Keys(f.set)) {
		words = append(words, cases.Setting{Name: name, Value: f.set[name]})
	}
	settings, err := f.config.Subject.ParseSettings(words)
	if err != nil {
		return fmt.Errorf("--set: %w", err)
	}
	f.settings, f.config.Settle = settings.String(), func(c *cases.Case) { c.Settings = settings }
	return f.settleName(settings)
}

// settleName sets the name that the summary uses, and whether the subject is meant to hold: one with a known bug needs no
// canary.
func (f *exploreFlags) settleName(settings cases.Settings) error {
	switch s := settings.(type) {
	case log.Options:
		handover, err := handoverByName(s.Handover)
		if err != nil {
			return err
		}
		f.config.Name, f.holds = s.Handover, handover.Holds()
	case registry.Settings:
		f.config.Name, f.holds = "registry "+s.String(), s.Holds()
		if f.crash || f.config.DrawFaults > 0 {
			return errors.New("--crash and --faults are for the log: the registry promises nothing about crashes and faults")
		}
	}
	return nil
}
