package harness

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
)

// Not parallel: these Checks change the working folder.
func TestACheckSaysWhatItKeeps(t *testing.T) {
	t.Chdir(t.TempDir())
	describe := func(o *drive.Order) { o.Mode = drive.Describe }
	all, text := ordered(t, "TestPage", pages(false), describe)
	require.Len(t, all, 2, text)
	require.Equal(t, drive.Began, all[0].Event)
	require.Equal(t, []string{drive.KeepsOnDisk, drive.Keeps}, all[1].Uses)
	all, text = stressed(t, balances(false), describe)
	require.Equal(t, drive.Ended, all[1].Event, text)
	require.Empty(t, all[1].Uses)
	broken := balances(false)
	broken.Open = func(context.Context, Env) (*balance, error) { return nil, errors.New("no room") }
	broken.Ops = Ops{"add": Op{Do: (*balance).add, Durable: OnReturn}}
	all, _ = stressed(t, broken, describe)
	require.Equal(t, drive.Refused, all[1].Event)
	require.Contains(t, all[1].Text, "the subject cannot be opened: open: no room")
}

// What a campaign reads: how much was done, and what tells one finding from another.
func TestEventsSayWhatWasDoneAndWhatWasFound(t *testing.T) {
	t.Chdir(t.TempDir())
	explore := func(o *drive.Order) {
		o.Mode, o.Schedules, o.PerProgram, o.Unkept, o.All, o.PerClass = drive.Explore, 400, 100, true, true, 1
	}
	all, text := stressed(t, balances(true), explore)
	last := all[len(all)-1]
	require.Equal(t, drive.Ended, last.Event, text)
	require.EqualValues(t, 400, last.Done.Counts["schedules"])
	require.NotEmpty(t, last.Done.Points)
	require.NotEmpty(t, last.Done.Seen)
	require.NotEmpty(t, last.Done.Canary)
	sighted, found := all[1], all[2]
	require.Equal(t, drive.Sighted, sighted.Event, "it is told before it is made smaller")
	require.Regexp(t, `^found \S+, with \d+ switch(es)?; it is being made smaller$`, sighted.Text)
	require.Contains(t, sighted.Case, "v1 test=TestBalance")
	require.Equal(t, drive.Found, found.Event)
	require.Regexp(t, `^test=TestBalance: .+`, found.Shape)
	require.Positive(t, found.Size)
	require.Empty(t, found.Kept)
	require.NoDirExists(t, "testdata", "whoever orders keeps what is found")
	all, text = stressed(t, balances(false), nil)
	last = all[len(all)-1]
	require.GreaterOrEqual(t, last.Done.Counts["operations"], uint64(6000), text)
	require.NotEmpty(t, last.Done.Canary)
}
