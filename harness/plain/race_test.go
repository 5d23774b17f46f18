package plain

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// raced opens a session with the race detector, on a copy of a module of testdata.
func raced(t *testing.T, name string) (s *Session, dir string) {
	t.Helper()
	dir = copied(t, name)
	s = session(t, dir)
	s.Race = true
	return s, dir
}

func TestADataRaceIsAFindingLikeAnother(t *testing.T) {
	s, dir := raced(t, "races")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	for name, classes := range map[string][]string{
		"TestCounter": {"(*Counter).Get reads, (*Counter).Inc writes"},
		"TestBox":     {"(*Box).Peek reads, (*Box).Put writes"},
		"TestCache":   {"(*Cache).Len writes, (*Cache).Len writes", "(*Cache).note reads, (*Cache).note writes"},
		"TestPrinter": {"(*Printer).Print writes, (*Printer).Print writes"},
		"TestMany":    {"(*Counter).Get reads, (*Counter).Inc writes"},
		"TestAfter":   {"After writes, After writes"},
		"TestApart":   {"(*Counter).Get reads, (*Counter).Inc writes"},

		"TestTimersOrderNobody": {"(*Counter).Get reads, (*Counter).Inc writes"},
	} {
		require.Contains(t, got.ended, name)
		require.Equal(t, drive.FoundSome, got.ended[name].Verdict, "%s: %s", name, got.ended[name].Because)
		var found []string
		for _, e := range got.findings[name] {
			f := e.Finding
			require.Equal(t, sched.DataRace, f.Failure.Kind, name)
			require.Equal(t, 5, f.Replayed, "%s is reported in each of five fresh processes: %s", name, f.Schedule)
			require.Regexp(t, `(?s)^WARNING: DATA RACE\n(Read|Write) at .*\nPrevious (read|write) at .*\.go:\d+`, f.Failure.Stack, "the detector's own words")
			found = append(found, f.Failure.Site)
		}
		require.ElementsMatch(t, classes, found, "%s: each pair of places once", name)
	}
	require.Len(t, got.findings["TestOnlyFails"], 1)
	require.Equal(t, sched.Failed, got.findings["TestOnlyFails"][0].Finding.Failure.Kind, "the harness's own looking is no race")
	require.Equal(t, drive.HeldAll, got.ended["TestLogsRight"].Verdict, got.ended["TestLogsRight"].Because)
	right := 0
	for name, summary := range got.ended {
		if strings.HasPrefix(name, "TestRight/") {
			require.Contains(t, []string{drive.HeldAll, drive.Sequential}, summary.Verdict, "%s: %s", name, summary.Because)
			right++
		}
	}
	require.Equal(t, 12, right, "each way of the standard library to hand something over")
	require.NotEmpty(t, got.ended["TestApart"].Apart, "each of its schedules had a process of its own")
	box := got.findings["TestBox"][0].Finding
	require.Len(t, box.Schedule, 1, "the schedule without a switch shows no race, and one switch does: %s", box.Schedule)
	require.Equal(t, "(*Box).Put writes (races.go:32) what (*Box).Peek reads (races.go:44), and nothing orders the two", box.Failure.Message)
	requireUntouched(t, dir, "races")
}

// The detector reports the same send and close that panic in another order, or in this one.
func TestASendOnAChannelThatIsClosedIsOneFinding(t *testing.T) {
	s, dir := raced(t, "races")
	s.Run = "^TestFeed"
	for _, all := range []bool{false, true} {
		for _, apart := range []string{drive.ApartNone, drive.ApartFirst} {
			s.Order = drive.Order{Mode: drive.Explore, Schedules: 20, Seed: 1, All: all, Apart: apart}
			got := explored(t, s, dir)
			for _, test := range []string{"TestFeed", "TestFeedCloses"} {
				require.Len(t, got.findings[test], 1, "%s: all %v, apart %q", test, all, apart)
				f := got.findings[test][0].Finding
				require.Equal(t, 5, f.Replayed, "%s: %s", test, f.Schedule)
				if all || f.Failure.Kind == sched.Panicked {
					require.Equal(t, "panic in (*Feed).Send (races.go:21)", f.Failure.Class(), test)
				} else {
					require.Equal(t, "data race in (*Feed).Close writes, (*Feed).Send reads", f.Failure.Class(), test)
				}
			}
		}
	}
}

func TestAPanicHidesNoRaceAndARaceNoPanic(t *testing.T) {
	s, dir := raced(t, "races")
	s.Run = Exactly("TestPanics")
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got := explored(t, s, dir)
	var kinds []string
	for _, e := range got.findings["TestPanics"] {
		kinds = append(kinds, string(e.Finding.Failure.Kind))
		require.Equal(t, e.Finding.Replays, e.Finding.Replayed, e.Finding.Failure)
	}
	require.Contains(t, kinds, "panic")
	require.Contains(t, kinds, "data race")
}

// Whatever the user's own settings are: with some of them the detector reports one race of a kind, none, or ends the process.
func TestTheVerdictDoesNotDependOnTheUsersGORACE(t *testing.T) {
	for _, settings := range []string{"", "halt_on_error=1 exitcode=66", "suppress_equal_stacks=1 suppress_equal_addresses=1 history_size=7", "report_bugs=0 log_path=/nowhere/else"} {
		t.Setenv("GORACE", settings)
		s, dir := raced(t, "races")
		s.Run, s.Again = Exactly("TestBox"), 2
		s.Order = drive.Order{Mode: drive.Explore, Strategy: "random", Schedules: 200, Seed: 1, All: true}
		got := explored(t, s, dir)
		require.Len(t, got.findings["TestBox"], 1, settings)
		require.Equal(t, 2, got.findings["TestBox"][0].Finding.Replayed, settings)
		require.Greater(t, got.ended["TestBox"].Statistics.Schedules, uint64(100), settings)
	}
}

// The schedule without a switch orders the two accesses, so that go test -race never shows the race.
func TestARaceThatTheDefaultScheduleNeverShowsIsReportedByItsTokenEachTime(t *testing.T) {
	s, dir := raced(t, "races")
	s.Run, s.Again = Exactly("TestBox"), 20
	s.Order = drive.Order{Mode: drive.Replay, Times: 100}
	got := explored(t, s, dir)
	require.Equal(t, drive.HeldAll, got.ended["TestBox"].Verdict, got.ended["TestBox"].Because)
	require.EqualValues(t, 100, got.ended["TestBox"].Statistics.Schedules)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 200, Seed: 1}
	got = explored(t, s, dir)
	require.Len(t, got.findings["TestBox"], 1)
	f := got.findings["TestBox"][0].Finding
	require.Equal(t, []int{20, 20}, []int{f.Replayed, f.Replays}, "each in a process of its own: %s", f.Schedule)
}

func TestATokenIsTheSameWithTheRaceDetectorAndWithout(t *testing.T) {
	replayed := func(race bool, name, text string) (failed, times int) {
		s, dir := raced(t, name)
		s.Race = race
		token, err := ParseToken(text)
		require.NoError(t, err)
		s.Run = Exactly(token.Test)
		s.Order = drive.Order{Mode: drive.Replay, Case: token.Schedule.String(), Times: 10}
		got := explored(t, s, dir)
		require.Contains(t, []string{drive.HeldAll, drive.FoundSome}, got.ended[token.Test].Verdict, "each switch can be made: %s", got.ended[token.Test].Because)
		for _, e := range got.findings[token.Test] {
			failed += e.Finding.Replayed
		}
		return failed, int(got.ended[token.Test].Statistics.Schedules)
	}
	const lost = "v1 test=TestCond; @ main/testCond#1@(*Box).Get.Lock#2>main/(*Box).Put#1"
	const hidden = "v1 test=TestBox; @ main@TestBox.Wait#1>main/TestBox#2"
	for _, race := range []bool{false, true} {
		failed, times := replayed(race, "classics", lost)
		require.Equal(t, []int{10, 10}, []int{failed, times}, "with the detector: %v", race)
		failed, times = replayed(race, "races", hidden)
		require.Equal(t, []int{map[bool]int{false: 0, true: 10}[race], 10}, []int{failed, times}, "a race is seen by the detector alone: %v", race)
	}
}
