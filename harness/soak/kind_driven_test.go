package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/script"
)

// driven is a kind with one test, whose binary writes these events and then does what the script says.
func driven(t *testing.T, then string, events ...drive.Event) Driven {
	t.Helper()
	var lines bytes.Buffer
	for _, e := range events {
		require.NoError(t, json.NewEncoder(&lines).Encode(e))
	}
	file := filepath.Join(t.TempDir(), "events")
	require.NoError(t, os.WriteFile(file, lines.Bytes(), 0o666))
	binary := script.New(t, `for a in "$@"; do case "$a" in -racewindow.drive=*) order=${a#*=};; esac; done
echo "order $order"
events=$(printf %s "$order" | sed 's/.*"events":"\([^"]*\)".*/\1/')
cat '`+file+`' >> "$events"
`+then)
	return Driven{
		Label: "explore", Unit: CountSchedules, Tests: []DrivenTest{{Package: "example.com/cache", Test: "TestCache/full", Binary: binary, Folder: t.TempDir()}},
		Order: func(spec RoundSpec) drive.Order {
			return drive.Order{Mode: drive.Explore, Schedules: int(spec.Count), Budget: spec.For}
		},
	}
}

const drivenVariant = "example.com/cache:TestCache/full"

func drivenSpec() RoundSpec {
	return RoundSpec{Kind: "explore", Variant: drivenVariant, Seed: 5, For: time.Minute, Count: 100}
}

// rendered is a report as an event has it.
func rendered(t *testing.T, r *report.Report) json.RawMessage {
	t.Helper()
	format, err := report.FormatByName("json")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, format.Write(&b, r))
	return b.Bytes()
}

// lost is a report of a case of somebody's test.
func lost(t *testing.T, text string) json.RawMessage {
	r := report.WithoutExecution("Linearizability", "Linearizability", "some order explains the results", "no order does", "racewindow replay '"+text+"'", "")
	r.Case, r.Package = text, "cache"
	return rendered(t, r)
}

// done is the last word of a Check that did its schedules.
func done(n uint64) drive.Event {
	return drive.Event{Event: drive.Ended, Text: "held", Done: &drive.Done{
		Counts: map[string]uint64{CountSchedules: n}, Points: map[string]uint64{"put/evicting": 7}, Seen: []string{"pair a > b", "point put/evicting"}, Unnamed: 3, Canary: "it was found",
	}}
}

func TestACheckCarriesOutARound(t *testing.T) {
	t.Parallel()
	k := driven(t, "", drive.Event{Event: drive.Progress, Done: &drive.Done{Counts: Counts{CountSchedules: 40}}}, done(100))
	k.Logs = t.TempDir()
	spec, heard := drivenSpec(), Counts{}
	spec.Progress = func(c Counts) { heard = c }
	r, err := k.Run(t.Context(), spec)
	require.NoError(t, err)
	require.EqualValues(t, 40, heard[CountSchedules])
	require.EqualValues(t, 100, r.Counts[CountSchedules])
	require.EqualValues(t, 7, r.Points["put/evicting"])
	require.Equal(t, drivenVariant, r.Engine)
	require.Contains(t, r.Behaviour, "pair a > b")
	require.Contains(t, r.Behaviour, "explore/"+drivenVariant+": a > b", "what is new here counts too")
	require.Empty(t, r.Inconclusive)
	require.Empty(t, r.Found)
	output, err := os.ReadFile(filepath.Join(k.Logs, "explore-0.log"))
	require.NoError(t, err)
	for _, part := range []string{`"mode":"explore"`, `"schedules":100`, `"seed":5`, `"unkept":true`, `"all":true`} {
		require.Contains(t, string(output), part)
	}
	require.Equal(t, "^TestCache$/^full$", k.Tests[0].Pattern())
	_, err = k.Run(t.Context(), RoundSpec{Variant: "nobody"})
	require.ErrorIs(t, err, ErrSpec)
}

func TestWhatACheckFindsIsOneFindingWithItsCase(t *testing.T) {
	t.Parallel()
	const text = "v1 test=TestCache/full; c0: put(1); c1: get(1); @ c0@put/evicting#1>c1"
	told := report.WithoutExecution("Linearizability", "Linearizability", "", "found freely", "racewindow stress", "")
	for what, events := range map[string][]drive.Event{
		"explored":                  {{Event: drive.Found, Report: lost(t, text), Text: "the report", Shape: "test=TestCache/full: put/evicting .. put/evicted", Size: 2000}},
		"freely, then made smaller": {{Event: drive.Found, Report: rendered(t, told), Text: "the report"}, {Event: drive.Smaller, Report: lost(t, text), Shape: "test=TestCache/full: put/evicting .. put/evicted", Size: 2000}},
		"freely, and seen again":    {{Event: drive.Found, Report: lost(t, text), Text: "the report", Shape: "test=TestCache/full: put/evicting .. put/evicted", Size: 2000}, {Event: drive.Found, Report: rendered(t, told)}, {Event: drive.Smaller, Text: "no smallest case"}},
	} {
		k := driven(t, "exit 1", append(events, drive.Event{Event: drive.Ended, Code: 1, Text: "violated"})...)
		c := settings(t)
		c.Kinds, c.Rounds, c.Subjects, c.Now = []Kind{k}, 2, Subjects{}, time.Now
		c.For, c.RoundFor = time.Hour, time.Minute
		m, err := run(t, c)
		require.NoError(t, err)
		require.Equal(t, VerdictViolated, m.Verdict, what)
		require.Len(t, m.State.Open(), 1, what)
		f := m.State.Open()[0]
		require.Equal(t, text, f.Case)
		require.Equal(t, drivenVariant+": put/evicting .. put/evicted", f.Shape)
		require.Equal(t, report.Fingerprint("Linearizability", f.Shape), f.Fingerprint)
		require.Equal(t, "racewindow replay '"+text+"' example.com/cache", f.Replay)
		require.EqualValues(t, 2, f.Rounds, what)
		require.Subset(t, f.Files, []string{"found.case", "report.html", "report.json", "report.md", "report.svg", "report.txt", "report.xml", "report_test.go.txt", "history.txt"})
		require.Contains(t, m.Text(), f.Replay)
	}
}

func TestACheckThatGivesNoVerdictIsNoPass(t *testing.T) {
	t.Parallel()
	for reason, k := range map[string]Driven{
		"the canary was not found":   driven(t, "", drive.Event{Event: drive.Ended, Code: 3, Text: "no verdict: 5 schedules\nno verdict: the canary was not found"}),
		"the object does not":        driven(t, "exit 1", drive.Event{Event: drive.Refused, Code: 2, Text: "the object does not use Env.Disk"}),
		"the Check did not finish":   driven(t, "echo nothing"),
		"the last resort ended it":   driven(t, "", done(99)),
		"after 99 of 100 schedules":  driven(t, "", done(99)),
		"exit status 3: order {\"ve": driven(t, "exit 3"),
	} {
		r, err := k.Run(t.Context(), drivenSpec())
		require.NoError(t, err)
		require.Contains(t, r.Inconclusive, reason)
		require.Empty(t, r.Found)
	}
	r, err := driven(t, "echo 'fatal error: concurrent map writes'; exit 2").Run(t.Context(), drivenSpec())
	require.NoError(t, err)
	require.Equal(t, "process death", r.Found[0].Class)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err = driven(t, "sleep 100").Run(ctx, drivenSpec())
	if err == nil {
		require.NotEmpty(t, r.Inconclusive)
	}
}

func TestADataRaceOfACheckIsToldByTheDetector(t *testing.T) {
	t.Parallel()
	told := report.WithoutExecution("data race", "data race", "", "1 report", "racewindow stress", "")
	race := "==================\nWARNING: DATA RACE\nWrite at 0x00c000 by goroutine 7:\n  p.f()\n      /x/y.go:5 +0x1\n\nPrevious read at 0x00c000 by goroutine 8:\n  p.g()\n      /x/y.go:9\n==================\n"
	r, err := driven(t, "cat <<'END'\n"+race+"END\nexit 66", drive.Event{Event: drive.Found, Report: rendered(t, told)}, drive.Event{Event: drive.Ended, Code: 1}).Run(t.Context(), drivenSpec())
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	require.Equal(t, "p.f | p.g", r.Found[0].Shape)
	require.Contains(t, r.Found[0].Text, "WARNING: DATA RACE")
}

func TestTheCanariesOfChecksMustBeFound(t *testing.T) {
	t.Parallel()
	own := driven(t, "exit 1", drive.Event{Event: drive.Found, Report: lost(t, "v1 test=TestCache/full; c0: put(1)")}, drive.Event{Event: drive.Ended, Code: 1})
	blind := driven(t, "exit 1", drive.Event{Event: drive.Ended, Code: 3, Text: "x\nno verdict: the canary was not found"})
	for detail, c := range map[string]struct {
		kind   Driven
		passed bool
	}{
		"it was found":                          {driven(t, "", done(100)), true},
		"the subject's own bug was found first": {own, true},
		"the canary was not found":              {blind, false},
	} {
		all := DrivenCanaries(c.kind, time.Minute)
		require.Len(t, all, 1)
		require.Equal(t, "explore/"+drivenVariant, all[0].Name)
		check, err := all[0].Run(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, c.passed, check.Passed)
		require.Contains(t, check.Detail, detail)
	}
}

// Each start has the Checks execute the cases of their findings again.
func TestAFindingOfACheckIsGoneWhenItsCaseHolds(t *testing.T) {
	t.Parallel()
	const text = "v1 test=TestCache/full; c0: put(1)"
	found := drive.Event{Event: drive.Found, Report: lost(t, text), Shape: "test=TestCache/full: put", Size: 1000}
	c := settings(t)
	c.Rounds, c.Subjects, c.Now, c.For, c.RoundFor = 1, Subjects{}, time.Now, time.Hour, time.Minute
	for i, of := range []struct {
		kind Driven
		open int
	}{
		{driven(t, "exit 1", found, drive.Event{Event: drive.Ended, Code: 1}), 1},
		{driven(t, "", done(1)), 0},
		{driven(t, `case "$order" in *'"mode":"replay"'*) exit 0;; esac; exit 1`, found, drive.Event{Event: drive.Ended, Code: 1}), 1},
	} {
		c.Kinds = []Kind{of.kind}
		m, err := run(t, c)
		require.NoError(t, err)
		require.Len(t, m.State.Open(), of.open, "start %d", i+1)
	}
	_, err := driven(t, "", drive.Event{Event: drive.Refused, Text: "no such operation"}).Replay(t.Context(), drivenVariant, text)
	require.ErrorContains(t, err, "cannot be executed")
}

func TestChecksDescribeThemselves(t *testing.T) {
	t.Parallel()
	k := driven(t, "", drive.Event{Event: drive.Began, Test: "TestMap"}, drive.Event{Event: drive.Ended, Test: "TestMap", Uses: []string{drive.KeepsOnDisk}}, drive.Event{Event: drive.Ended, Test: "TestCache"})
	tests, uses, note, err := Describe(t.Context(), k.Tests[0], "", "", nil)
	require.NoError(t, err)
	require.Empty(t, note)
	require.Equal(t, [][]string{{drive.KeepsOnDisk}, nil}, uses)
	require.Equal(t, []string{"example.com/cache:TestMap", "example.com/cache:TestCache"}, []string{tests[0].Variant(), tests[1].Variant()})
	k = driven(t, "exit 1", drive.Event{Event: drive.Refused, Test: "TestMap", Text: "the subject cannot be opened"})
	_, _, _, err = Describe(t.Context(), k.Tests[0], "", "", nil)
	require.ErrorContains(t, err, "TestMap: the subject cannot be opened")
	k = driven(t, "echo 'panic: at once'; exit 2")
	_, _, _, err = Describe(t.Context(), k.Tests[0], "", "", nil)
	require.ErrorContains(t, err, "panic: at once")
	k = driven(t, "echo '--- FAIL: TestOther'; exit 1", drive.Event{Event: drive.Ended, Test: "TestMap"})
	tests, _, note, err = Describe(t.Context(), k.Tests[0], "", "", nil)
	require.NoError(t, err)
	require.Len(t, tests, 1)
	require.Contains(t, note, "--- FAIL: TestOther")
}

// A campaign by counts needs no clock.
func TestACampaignOfRoundsEndsWithTheirNumber(t *testing.T) {
	t.Parallel()
	a := &scripted{name: "a"}
	c := settings(t, a)
	c.Rounds, c.Counts, c.RoundFor, c.For = 3, map[string]uint64{"a": 50}, 0, time.Hour
	m, err := run(t, c)
	require.NoError(t, err)
	require.Equal(t, "the rounds are done", m.State.Ended)
	require.True(t, m.Passed)
	require.Len(t, a.specs, 3)
	require.EqualValues(t, 50, a.specs[0].Count)
	require.True(t, strings.HasSuffix(a.specs[0].String(), " for=5m0s count=50"), "%s", a.specs[0])
	m, err = run(t, c)
	require.NoError(t, err)
	require.EqualValues(t, 6, m.State.Rounds, "another leg")
}
