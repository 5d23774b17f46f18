package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/scripts/pages"
)

func writeFile(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }

// Each bug has one test, which says what must hold, and each test belongs to a bug.
func TestEachBugHasATest(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(tests, "testdata/*.go")
	require.NoError(t, err)
	left := map[string]bool{}
	for _, name := range files {
		content, err := fs.ReadFile(tests, name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ParseComments)
		require.NoError(t, err)
		require.Equal(t, "history", file.Name.Name, name)
		found := 0
		for _, declared := range file.Decls {
			if f, is := declared.(*ast.FuncDecl); is && strings.HasPrefix(f.Name.Name, "Test") {
				found++
				require.NotNil(t, f.Doc, "%s: %s does not say what must hold", name, f.Name.Name)
			}
		}
		require.Equal(t, 1, found, name)
		left[strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".go")] = true
	}
	for _, b := range bugs {
		require.True(t, left[b.name], "%s has no test, or two rows", b.name)
		delete(left, b.name)
		delete(left, b.name+"-after")
		content, err := fs.ReadFile(tests, "testdata/"+b.name+".go")
		require.NoError(t, err)
		require.Contains(t, string(content), `"`+b.module, b.name)
	}
	require.Empty(t, left, "tests of no bug")
}

// A version that is no release names a commit, so that it is the same next year.
func TestEachVersionIsPinned(t *testing.T) {
	t.Parallel()
	version := regexp.MustCompile(`^v\d+\.\d+\.\d+(-[\w.]+)?(-[\w.]*\d{14}-[0-9a-f]{12})?$`)
	for _, b := range bugs {
		require.Regexp(t, version, b.before, b.name)
		require.Regexp(t, version, b.after, b.name)
		require.Regexp(t, `^[0-9a-f]{40}$`, b.commit, b.name)
		for _, other := range b.needs {
			_, pinned, _ := strings.Cut(other, " ")
			require.Regexp(t, version, pinned, b.name)
		}
		require.NotEmpty(t, b.what, b.name)
		require.NotEmpty(t, b.finds, b.name)
		require.Equal(t, b.holds == "", b.other == "", "%s: what is found after the mend is explained", b.name)
	}
}

func TestWhatCameIsHeldAgainstTheRow(t *testing.T) {
	t.Parallel()
	found := result{code: 1, found: "deadlock", said: "FAIL"}
	held := result{said: "held"}
	none := result{code: 3, said: "no verdict"}
	plain := bug{finds: "deadlock"}
	missed := bug{finds: "held", missed: "why"}
	other := bug{finds: "panic", holds: "found: deadlock", other: "another"}
	require.NoError(t, plain.judge(found, false))
	require.NoError(t, plain.judge(held, true))
	require.NoError(t, missed.judge(held, false))
	require.NoError(t, other.judge(found, true))
	either := bug{finds: "panic", holds: "held or found: deadlock", other: "another"}
	require.NoError(t, either.judge(held, true))
	require.NoError(t, either.judge(found, true))
	require.Error(t, either.judge(none, true))
	for _, err := range []error{plain.judge(held, false), plain.judge(found, true), missed.judge(found, false), other.judge(held, true)} {
		require.ErrorIs(t, err, errOther)
		require.Equal(t, 1, code(fmt.Errorf("with more: %w", err)))
	}
	require.Equal(t, 3, code(plain.judge(none, false)))
	require.Equal(t, 3, code(errors.New("no network")))
	require.Equal(t, 1, code(errors.Join(errors.New("no network"), pages.ErrStale)))
}

// The figures are those of the first finding, of a plain test and of a Check.
func TestTheEventsAreRead(t *testing.T) {
	t.Parallel()
	read := func(events ...drive.Event) (r result) {
		content, err := json.Marshal(events)
		require.NoError(t, err)
		require.NoError(t, r.read(content))
		return r
	}
	ended := drive.Event{Event: drive.Ended, Plain: &drive.PlainSummary{Statistics: sched.Statistics{Schedules: 2000}}}
	r := read(ended)
	require.Equal(t, result{schedules: 2000}, r)
	r = read(drive.Event{Event: drive.Found, Finding: &drive.PlainFinding{Failure: &sched.Failure{Kind: sched.Deadlock, Timing: true}, After: 7}}, ended)
	require.Equal(t, result{found: "timing: deadlock", schedules: 7}, r)
	summary, err := json.Marshal(explore.Summary{Statistics: sched.Statistics{Schedules: 90}, Findings: []explore.Finding{{After: 5}}})
	require.NoError(t, err)
	r = read(drive.Event{Event: drive.Found, Report: json.RawMessage(`{"promise": "Durability"}`)}, drive.Event{Event: drive.Ended, Summary: summary})
	require.Equal(t, result{found: "Durability", schedules: 5}, r)
}

func TestARowSaysWhatCame(t *testing.T) {
	t.Parallel()
	before := result{code: 1, found: "panic", schedules: 1234, took: 1250 * time.Millisecond, said: "FAIL"}
	after := result{schedules: 1000000, said: "held"}
	b := bug{name: "x", way: race, finds: "panic"}
	require.Equal(t, "| [x](testdata/x.go) | `explore --race --seed 1 --budget 30s .` | found: panic | 1,234 | 1.2 | held | 1,000,000 |", b.row(before, after))
	b.holds, b.other = "found: panic", "another one"
	require.Contains(t, b.row(before, before), "| found: panic: another one | 1,234 |")
	b.missed = "needs luck"
	require.Contains(t, b.row(after, after), "| **missed** (held): needs luck | 1,000,000 |")
}

func TestWrongCallsAreRefused(t *testing.T) {
	t.Parallel()
	s := settings{run: regexp.MustCompile("^zap-")}
	require.NoError(t, s.usable(nil))
	require.ErrorContains(t, s.usable([]string{"x"}), "use flags only")
	s.short, s.check = true, "README.md"
	require.ErrorContains(t, s.usable(nil), "-short makes no whole rows")
	require.ErrorContains(t, (&settings{run: regexp.MustCompile("no such bug")}).usable(nil), "selects no bug")
}
