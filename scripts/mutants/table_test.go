package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/scripts/mutants/told"
)

// someResults has a row of each kind.
func someResults() results {
	found := func(strategy string, after ...uint64) (all []told.Search) {
		for i, n := range after {
			s := told.Search{Strategy: strategy, Seed: uint64(i), Found: n > 0, Schedules: n, Class: "ReadAfterWrite/empty"}
			if !s.Found {
				s.Schedules = 1000
			}
			all = append(all, s)
		}
		return all
	}
	e := &told.Estimate{Schedules: 100_000, Failed: 3}
	e.Low, e.High = interval(e.Failed, e.Schedules)
	return results{Seeds: 3, Schedules: 1000, Budget: time.Second, Duration: 83 * time.Second, Mutants: []measured{
		{mutant: mutant{Name: control, Bug: "none"}, Searches: found("random", 0, 0, 0)},
		{
			mutant: mutant{Name: "a-bug", Bug: "one | two", Resembles: "a class"}, Estimate: e,
			Smallest: &told.Smallest{Case: "v1 ...; w0: append 1", Class: "ReadAfterWrite/empty", Operations: 3, Preemptions: 1},
			Searches: append(found("random", 7, 0, 900), append(found("pct", 5, 4, 3), append(found("pos", 0, 0, 12), found("bounded", 0, 0, 0)...)...)...),
		},
		{mutant: mutant{Name: "b-bug", Bug: "three", Resembles: "another", Equivalent: "nobody looks"}, Searches: found("random", 0, 0, 0)},
		{mutant: mutant{Name: "c-bug", Bug: "four", Resembles: "another"}, Searches: found("random", 0, 0, 0)},
		{mutant: mutant{Name: "d-bug", Bug: "five", Resembles: "another"}, Problem: "build: no"},
	}}
}

func TestTablesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	r := someResults()
	for name, have := range map[string]string{"table.txt": r.text(), "table.md": r.markdown()} {
		path := filepath.Join("testdata", name)
		if os.Getenv("RACEWINDOW_UPDATE") != "" {
			require.NoError(t, os.MkdirAll("testdata", 0o777))
			require.NoError(t, os.WriteFile(path, []byte(have), 0o666))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), have, "%s; if that is right: RACEWINDOW_UPDATE=1 go test ./scripts/mutants", path)
	}
}

func TestSurvivorsFailAndEquivalentsDoNot(t *testing.T) {
	t.Parallel()
	r := someResults()
	err := r.verdict()
	require.ErrorIs(t, err, errSurvivor)
	require.Contains(t, err.Error(), "c-bug, d-bug")
	r.Mutants = r.Mutants[:3]
	require.NoError(t, r.verdict())
	r.Mutants[0].Searches[0].Found = true
	err = r.verdict()
	require.Error(t, err, "what is found without a bug is no pass")
	require.False(t, errors.Is(err, errSurvivor))
}

func TestMediansCountWhatFoundNothing(t *testing.T) {
	t.Parallel()
	m := someResults().Mutants[1]
	for strategy, want := range map[string][3]uint64{"random": {900, 2, 3}, "pct": {4, 3, 3}, "pos": {0, 1, 3}, "bounded": {0, 0, 3}, "surw": {0, 0, 0}} {
		median, found, seeds := m.by(strategy)
		require.Equal(t, want, [3]uint64{median, uint64(found), uint64(seeds)}, strategy)
	}
}

func TestTheProbersLinesAreUnderstood(t *testing.T) {
	t.Parallel()
	var m measured
	at, err := m.listen(strings.NewReader(`{"at":{"strategy":"pct","seed":1,"schedules":0}}
{"search":{"strategy":"pct","seed":1,"found":true,"schedules":9,"class":"deadlock","case":"v1"}}
{"at":{"strategy":"pos","seed":0,"schedules":200}}
`))
	require.NoError(t, err)
	require.Equal(t, &told.Search{Strategy: "pos", Schedules: 200}, at, "this is where the process ended")
	require.Len(t, m.Searches, 1)
	require.Equal(t, "deadlock", m.class())
	at, err = m.listen(strings.NewReader(`{"smallest":{"class":"panic","operations":2}}` + "\n" + `{"estimate":{"schedules":100,"failed":0}}`))
	require.NoError(t, err)
	require.Nil(t, at)
	require.Equal(t, "panic", m.class())
	require.InDelta(t, 0.0362, m.Estimate.High, 0.0001)
	require.False(t, m.hard(), "a hundred schedules cannot show that")
}

func TestRowsAreKeptInTheOrderOfThePatches(t *testing.T) {
	t.Parallel()
	r := someResults()
	all := []mutant{{Name: control}, {Name: "a-bug", Bug: "renamed"}, {Name: "aa-bug"}, {Name: "c-bug"}}
	rows := r.with(all, []measured{{mutant: mutant{Name: "aa-bug"}}, {mutant: mutant{Name: "c-bug"}, Problem: "new"}})
	require.Len(t, rows, 4, "the other rows have no patch any more")
	require.Equal(t, "renamed", rows[1].Bug)
	require.NotNil(t, rows[1].Smallest)
	require.Equal(t, "aa-bug", rows[2].Name)
	require.Equal(t, "new", rows[3].Problem)
}
