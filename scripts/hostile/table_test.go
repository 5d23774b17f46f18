package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestATableIsReadRowByRow(t *testing.T) {
	t.Parallel()
	rows, err := parse("a.table", "# one fault\n2 :: racewindow x :: no command\n\n# another\n# of two lines\n0 :: @fixture true :: ok :: not bad\n1 :: @night @other false :: no\n")
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.False(t, rows[1].night)
	require.True(t, rows[2].night)
	require.Equal(t, "other", rows[2].fixture)
	require.Equal(t, "a.table:2", rows[0].String())
	require.Equal(t, "another of two lines", rows[1].shows)
	require.Equal(t, "fixture", rows[1].fixture)
	require.Equal(t, "true", rows[1].command)
	require.True(t, rows[1].absent.MatchString("bad"))
}

func TestAWrongTableIsRefusedWithItsLine(t *testing.T) {
	t.Parallel()
	for text, message := range map[string]string{
		"":                          "no row",
		"# x\n2 :: a":               "a.table:2: 2 columns",
		"# x\ntwo :: a :: b":        "a.table:2: exit code",
		"2 :: a :: b":               "a.table:1: say in a line above",
		"# x\n\n2 :: a :: b":        "a.table:3: say in a line above",
		"# x\n2 :: @only :: b":      "a.table:2: no command",
		"# x\n2 :: a :: (":          "a.table:2: error parsing regexp",
		"# x\n2 :: a :: b :: c":     "a.table:2: the fourth column",
		"# x\n2 :: a :: b :: not (": "a.table:2: error parsing regexp",
	} {
		_, err := parse("a.table", text)
		require.ErrorContains(t, err, message, "%q", text)
	}
}

func TestEveryTableOfTheRepositoryIsRead(t *testing.T) {
	t.Parallel()
	rows, err := selected("tables", "")
	require.NoError(t, err)
	for _, r := range rows {
		if r.fixture != "" {
			require.FileExists(t, filepath.Join("testdata", r.fixture, "go.mod"), "%v", r)
		}
	}
	_, err = selected("tables", "no call says this")
	require.ErrorContains(t, err, "no call matches")
}

// What -short leaves out must have a relative that it makes, with the same words above them.
func TestShortMakesACallOfEachKind(t *testing.T) {
	t.Parallel()
	rows, err := selected("tables", "")
	require.NoError(t, err)
	left, made := map[string]row{}, map[string]bool{}
	for _, r := range rows {
		kind := r.table + ": " + r.shows
		if r.night {
			left[kind] = r
		} else {
			made[kind] = true
		}
	}
	require.NotEmpty(t, left)
	for kind, r := range left {
		require.True(t, made[kind], "%v is of a kind of its own: it must be made each time", r)
	}
}

func TestACallIsHeldToItsCodeAndItsWords(t *testing.T) {
	t.Parallel()
	s := &stage{root: "../..", place: t.TempDir(), limit: 5 * time.Minute}
	good := row{command: "echo said; exit 2", code: 2, pattern: regexp.MustCompile("said"), absent: regexp.MustCompile("else")}
	folder := filepath.Join(s.place, "call")
	_, _, wrong := s.call(context.Background(), folder, good)
	require.NoError(t, wrong)
	for message, change := range map[string]func(*row){
		"exit code 2, not 0":   func(r *row) { r.code = 0 },
		`does not say "other"`: func(r *row) { r.pattern = regexp.MustCompile("other") },
		`says "said"`:          func(r *row) { r.absent = regexp.MustCompile("said") },
		"a panic reached":      func(r *row) { r.command = "echo said; echo 'goroutine 1 [running]'; exit 2" },
	} {
		r := good
		change(&r)
		_, _, wrong := s.call(context.Background(), folder, r)
		require.ErrorContains(t, wrong, message)
	}
	s.limit = 100 * time.Millisecond
	_, _, wrong = s.call(context.Background(), folder, row{command: "sleep 60", pattern: regexp.MustCompile("")})
	require.ErrorContains(t, wrong, "still running after")
	left, err := os.ReadDir(s.place)
	require.NoError(t, err)
	require.Empty(t, left, "a call leaves nothing")
}
