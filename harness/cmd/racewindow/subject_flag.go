package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/subjects/log"
)

// A subjectFlag is --subject of a command that takes a case: it names a subject that the command brings. With it, the case may
// be its threads alone.
type subjectFlag struct{ name string }

func (f *subjectFlag) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "subject", "", "`NAME` of the case's subject: "+strings.Join(subjectNames(), " or ")+"; the case may then be its threads alone")
}

// whole completes an argument that is threads alone to a case with subject and settings. It returns any other argument as it
// is.
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
		return "", usageError{fmt.Errorf("--subject %s: the case is of %s: leave the flag out", f.name, head)}
	}
	return argument, nil
}

// plainSettings are the settings that a subject requires, as a case writes them; "" if it requires none.
func plainSettings(s cases.Subject) string {
	handover, err := handoverByName("")
	if s != log.Subject || err != nil {
		return ""
	}
	return "handover=" + handover.Name()
}

// check refuses a case of another subject, read from a file.
func (f *subjectFlag) check(s cases.Subject) error {
	if f.name != "" && nameOf(s) != f.name {
		return usageError{fmt.Errorf("--subject %s: the case is of %s: leave the flag out", f.name, s.Head())}
	}
	return nil
}
