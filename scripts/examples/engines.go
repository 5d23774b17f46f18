package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/columns"
)

// engineSearches are the searches for the engines without their bugs. They must find nothing.
var engineSearches = [][]string{nil, {"--faults", "2"}, {"--crash"}, {"--crash", "--model", "weak", "--faults", "2"}}

// engineBugs are the searches for the engines with their bugs. Each must find the bug of each of its tests.
var engineBugs = []struct {
	flags []string
	tests []string
}{
	{nil, []string{"TestNumbered", "TestSingles", "TestIndexed", "TestLate", "TestJournalThatWedges", "TestKept"}},
	{[]string{"--faults", "2", "--run", "TestJournalThatGoesOn"}, []string{"TestJournalThatGoesOn"}},
}

// engineSchedules is the most schedules of a search of one engine. Each bug is found in a tenth of them.
const engineSchedules = "1000"

// engines tries the engines of harness/examples/engines, and makes their tables.
func (t *trial) engines() (made *rows, err error) {
	made = table("| engines | without the bugs |")
	for _, flags := range engineSearches {
		if _, err := t.racewindow(false, 0, t.search("engines", engineSchedules, flags...)...); err != nil {
			return nil, err
		}
		all, err := t.all("engines.json")
		if err != nil {
			return nil, err
		}
		tests, done := 0, 0
		for _, ended := range all {
			tests, done = tests+1, done+ended.Summary.Statistics.Schedules
		}
		if want := len(engineBugs[0].tests) + len(engineBugs[1].tests); tests != want {
			return nil, fmt.Errorf("%d Checks ran, not %d", tests, want)
		}
		made.add(fmt.Sprintf("| `%s` | %d engines held in %d schedules |", strings.Join(append([]string{"explore"}, flags...), " "), tests, done))
	}
	made.begin("| engine | broken | found after | smallest case |")
	for _, bugs := range engineBugs {
		if err := t.engineBugs(bugs.flags, bugs.tests, made); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// engineBugs explores with the bugs, and adds a row for each. Each of the tests must find its own.
func (t *trial) engineBugs(flags, tests []string, made *rows) error {
	if _, err := t.racewindow(true, 1, t.search("engines", engineSchedules, flags...)...); err != nil {
		return err
	}
	all, err := t.all("engines.json")
	if err != nil {
		return err
	}
	found, after := map[string]finding{}, map[string]int{}
	for _, f := range all {
		if f.Event == "finding" {
			found[f.Test] = f
		} else {
			after[f.Test] = f.Summary.Statistics.Schedules
		}
	}
	for _, test := range tests {
		f, is := found[test]
		if !is {
			return fmt.Errorf("the bug of %s was not found with %q", test, flags)
		}
		_, smallest, _ := strings.Cut(f.Case, "; ")
		made.add(fmt.Sprintf("| %s | %s | %s | `%s` |", test, f.Report.Promise, columns.Count(after[test], "schedule"), smallest))
	}
	return os.RemoveAll(filepath.Join(t.folder, "engines", "testdata"))
}

// search returns the arguments of an exploration of a folder, which writes FOLDER.json.
func (t *trial) search(folder, schedules string, flags ...string) []string {
	return append([]string{"explore", "--seed", "1", "--schedules", schedules, "--json", filepath.Join(t.folder, jsonOf(folder)), "./" + folder}, flags...)
}

// jsonOf returns the file to which a search of a folder writes its findings and summaries.
func jsonOf(folder string) string { return strings.ReplaceAll(folder, "/", "-") + ".json" }

// all reads the findings and summaries of a file.
func (t *trial) all(file string) (all []finding, err error) {
	content, err := os.ReadFile(filepath.Join(t.folder, file))
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	return all, err
}
