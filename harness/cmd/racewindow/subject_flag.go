package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// A subjectFlag is --subject of a command that takes a case: what it is about of what the command brings. The case may then be threads
// alone.
type subjectFlag struct{ name string }

func (f *subjectFlag) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "subject", "", "`NAME` of what the command brings and the case is about: "+strings.Join(subjectNames(), " or ")+"; the case may then be threads alone")
}

// whole is the argument as a case that names its subject, if it is one.
func (f *subjectFlag) whole(argument string) (string, error) {
	if f.name == "" {
		return argument, nil
	}
	s, err := subjectNamed(f.name)
	if err != nil {
		return "", usageError{err}
	}
	if !isCaseText(argument) && strings.Contains(argument, ":") && !isFile(argument) {
		return "v1 " + s.Head() + " " + plainSettings(s) + "; " + argument, nil
	}
	if head := cases.HeadOf(argument); head != "" && head != s.Head() {
		return "", usageError{fmt.Errorf("--subject %s: the case is about %s: leave the flag out", f.name, head)}
	}
	return argument, nil
}

// plainSettings are those of a subject that cannot do without, as a case has them.
func plainSettings(s cases.Subject) string {
	handover, err := handoverByName("")
	if s != log.Subject || err != nil {
		return ""
	}
	return "handover=" + handover.Name()
}

// check refuses the case of a file that is about something else.
func (f *subjectFlag) check(s cases.Subject) error {
	if f.name != "" && nameOf(s) != f.name {
		return usageError{fmt.Errorf("--subject %s: the case is about %s: leave the flag out", f.name, s.Head())}
	}
	return nil
}
