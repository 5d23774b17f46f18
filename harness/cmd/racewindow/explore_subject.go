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

// subjectNames are what --subject takes.
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

// subjectNamed is the one of that name that the command brings.
func subjectNamed(name string) (cases.Subject, error) {
	names := subjectNames()
	i := slices.Index(names, name)
	if i < 0 {
		return nil, fmt.Errorf("--subject %.40s%s: use one of %s", name, spelling.Meant(name, names), strings.Join(names, ", "))
	}
	return subjects[i], nil
}

// exampleOf is a program of a subject, for a person who is to write one.
func exampleOf(s cases.Subject) string {
	if e, ok := s.(cases.Exemplified); ok {
		return e.Example()
	}
	return "c0: OPERATION, OPERATION; c1: OPERATION"
}

// settleSubject settles what is explored and its settings. A whole case in --program names its subject itself.
func (f *exploreFlags) settleSubject(flags *pflag.FlagSet) error {
	named, err := subjectNamed(f.subject)
	if err != nil {
		return err
	}
	f.config.Subject = named
	if f.config.Subject == log.Subject {
		if len(f.set) > 0 {
			return errors.New("--set is of packages and of --subject registry: of the log, give --handover, or a whole case in --program")
		}
		handover, err := handoverByName(f.handover)
		if err != nil {
			return err
		}
		f.settings, f.config.Settle = "handover="+handover.Name(), log.OnHandover(handover.Name())
		return f.settleName(log.Options{Handover: handover.Name()})
	}
	if flags.Changed("handover") {
		return fmt.Errorf("--handover is of the log: leave it out, and give settings of the %s with --set", f.subject)
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

// settleName settles what the summary calls what is explored, and whether it is meant to hold: a known bug needs no canary.
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
			return errors.New("--crash and --faults are of the log: the registry promises nothing of crashes and faults")
		}
	}
	return nil
}
