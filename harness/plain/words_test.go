package plain

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

func TestAFailureIsToldInTheWordsOfTheFirstOneAndAtItsPlace(t *testing.T) {
	dir := copied(t, "words")
	s := session(t, dir)
	s.Run = "Test[^W]"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	got := explored(t, s, dir)
	for test, want := range map[string]struct{ class, message string }{
		"TestError":           {"failed in words_test.go:29", "words_test.go:29: first of 2"},
		"TestFatalInSubtests": {"failed in words_test.go:41", "words_test.go:41: the end"},
		"TestFailAlone":       {"failed in words_test.go:49", "words_test.go:49: the test failed without a message"},
		"TestFailNow":         {"failed in words_test.go:56", "words_test.go:56: the test failed without a message"},
		"TestHelper":          {"failed in words_test.go:70", "words_test.go:70: not ok"},
		"TestAssert":          {"failed in words_test.go:79", "words_test.go:79: Not equal:\nexpected: 0\nactual  : 1\nnobody came"},
		"TestRequireInHelper": {"failed in words_test.go:84", "words_test.go:84: Should be false"},
		"TestUnlocks":         {"fatal error in TestUnlocks (words_test.go:98)", "fatal error: sync: unlock of unlocked mutex"},
		"TestNegative":        {"panic in TestNegative (words_test.go:104)", "panic: sync: negative WaitGroup counter"},
	} {
		f := requireFound(t, got, test)
		require.Equal(t, want.class, f.Failure.Class(), test)
		require.Equal(t, want.message, f.Failure.Message, test)
	}
	written := got.findings["TestFailAlone"][0].Finding.Outcome.Written
	require.Equal(t, "words_test.go:47: a word before it\n", written[0].Text, "it may be all that tells what was wrong")
	require.Equal(t, "words_test.go:50: and more\n", written[1].Text)
}

// The last point of who waits in sync.Cond is in the lock of the Cond, which may be the user's own.
func TestAGoroutineWaitsWhereItWaitsAndNotInTheLockOfItsCond(t *testing.T) {
	dir := copied(t, "words")
	s := session(t, dir)
	s.Run = "TestWaitsBesideATicker"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 3, Seed: 1, StepLimit: 300}
	f := requireFound(t, explored(t, s, dir), "TestWaitsBesideATicker")
	require.Contains(t, f.Failure.Message, "main waits in TestWaitsBesideATicker (waits_test.go:23): sync.Cond.Wait")
}

func TestAFindingHasWhatTheTestWroteAndWhoAndWhen(t *testing.T) {
	dir := copied(t, "words")
	s := session(t, dir)
	s.Run = "TestWrites"
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1}
	got := explored(t, s, dir)
	for _, test := range []string{"TestWrites", "TestWritesApart"} {
		f := requireFound(t, got, test)
		require.Equal(t, test == "TestWritesApart", f.Apart != "", test)
		var lines []string
		for i, w := range f.Outcome.Written {
			lines = append(lines, w.Thread+": "+w.Text)
			require.True(t, i == 0 || w.Step >= f.Outcome.Written[i-1].Step)
			require.Greater(t, w.Step, 0)
			require.LessOrEqual(t, w.Step, f.Outcome.Steps)
		}
		first, second := f.Outcome.Written[0].Thread, f.Outcome.Written[3].Thread
		require.NotEqual(t, first, second, test)
		require.ElementsMatch(t, []string{"main/write#", "main/write#"}, []string{first[:len(first)-1], second[:len(second)-1]}, test)
		one, other := first[len(first)-1:], second[len(second)-1:]
		number := map[string]string{"1": "0", "2": "1"}
		require.Equal(t, []string{
			first + ": wrote_test.go:21: " + number[one] + " reads 0\n", first + ":     of two lines\n", first + ": printed by " + number[one] + "\n",
			second + ": wrote_test.go:21: " + number[other] + " reads 0\n", second + ":     of two lines\n", second + ": printed by " + number[other] + "\n",
			"main: logged\n", "main: " + strings.Repeat("x", 4096) + "...", "main: in words\n", "main: wrote_test.go:34: n is 1\n", "main:     not 2\n",
		}, lines, test)
	}
}
