package soak

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/report"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// sharded runs one shard of four, in which the shard's own number of findings comes.
func sharded(t *testing.T, index uint64) (folder string, specs []RoundSpec) {
	t.Helper()
	kind := &scripted{name: "a", do: func(_ context.Context, spec RoundSpec) (RoundResult, error) {
		r := RoundResult{Counts: Counts{CountOperations: 10}, Points: Counts{"flush/synced": 1}, Behaviour: []string{fmt.Sprintf("%sof %d", PairPrefix, index/2)}}
		switch {
		case index == 1 && spec.Number == 1:
			r.Found = []Found{{Class: "x", Case: largeCase, Count: 1}}
		case index == 2 && spec.Number == 2:
			r.Found = []Found{{Class: "x", Case: smallCase, Count: 5}}
		}
		return r, nil
	}}
	c := settings(t, kind)
	c.Shard = Shard{index, 4}
	_, err := run(t, c)
	require.NoError(t, err)
	return c.Out, kind.specs
}

func TestShardsAreMergedByFingerprint(t *testing.T) {
	t.Parallel()
	var folders []string
	numbers := map[uint64]bool{}
	for i := range uint64(4) {
		folder, specs := sharded(t, i)
		folders = append(folders, folder)
		for _, s := range specs {
			numbers[s.Number] = true
		}
	}
	require.Len(t, numbers, 40, "no round twice")
	out := t.TempDir()
	m, err := Merge(folders, out, Minimums{"rounds": 40})
	require.NoError(t, err)
	require.Equal(t, VerdictViolated, m.Verdict)
	require.EqualValues(t, 40, m.State.Rounds)
	require.EqualValues(t, 400, m.State.Counts[CountOperations])
	require.EqualValues(t, 40, m.State.Points["flush/synced"])
	require.Equal(t, 2, m.Pairs)
	require.Len(t, m.Shards, 4)
	require.Len(t, m.State.Findings, 1)
	f := m.State.Open()[0]
	require.EqualValues(t, 6, f.Count)
	require.Equal(t, smallCase, f.Case)
	content, err := os.ReadFile(filepath.Join(out, findingsFolder, f.Fingerprint, "found.case"))
	require.NoError(t, err)
	require.Contains(t, string(content), smallCase, "the files are those of the smallest")
	require.FileExists(t, filepath.Join(out, "summary.json"))

	m, err = Merge(folders[:3], t.TempDir(), nil)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Contains(t, m.Missed, "seed 7 shard 3/4 is missing")
	_, err = Merge([]string{folders[0], folders[0]}, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, "are both seed 7 shard 0/4")
	_, err = Merge([]string{t.TempDir()}, t.TempDir(), nil)
	require.Error(t, err)
}

// What a shard says of its files is not trusted.
func TestAMergeTakesNothingFromOutsideTheFindings(t *testing.T) {
	t.Parallel()
	folder, _ := sharded(t, 1)
	j, err := openJournal(folder, func(Entry) error { return nil })
	require.NoError(t, err)
	require.NoError(t, j.append(Entry{Type: entryEnd, Ended: "x", Findings: []Finding{{Fingerprint: "ab", Class: "c", Count: 1, Files: []string{"../../journal.jsonl"}}}}))
	require.NoError(t, j.close())
	out := t.TempDir()
	m, err := Merge([]string{folder}, out, nil)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Contains(t, strings.Join(m.Missed, "\n"), `"../../journal.jsonl" is no file of a finding`)
	require.Empty(t, m.State.Findings["ab"].Files)
	require.NoDirExists(t, filepath.Join(out, findingsFolder, "ab"))
}

// A machine's disk may be torn as well: what can be read is merged, and what cannot is no pass.
func TestADamagedOrMissingShardIsMissedAndTheRestIsMerged(t *testing.T) {
	t.Parallel()
	var folders []string
	for i := range uint64(4) {
		folder, _ := sharded(t, i)
		folders = append(folders, folder)
	}
	damaged := filepath.Join(folders[3], journalName)
	content, err := os.ReadFile(damaged)
	require.NoError(t, err)
	content[40] ^= 1
	require.NoError(t, os.WriteFile(damaged, content, 0o666))
	gone := filepath.Join(t.TempDir(), "gone")
	out := t.TempDir()
	m, err := Merge(append([]string{gone}, folders...), out, Minimums{"rounds": 30})
	require.ErrorIs(t, err, ErrTooLittle)
	require.EqualValues(t, 30, m.State.Rounds)
	require.Len(t, m.State.Open(), 1, "what the others found")
	missed := strings.Join(m.Missed, "\n")
	require.Contains(t, missed, gone+" cannot be merged: ")
	require.Contains(t, missed, folders[3]+" cannot be merged: ")
	require.Contains(t, missed, "the journal is damaged: line 1")
	require.Contains(t, missed, "seed 7 shard 3/4 is missing")
	junit, err := os.ReadFile(filepath.Join(out, "summary.xml"))
	require.NoError(t, err)
	require.Contains(t, string(junit), `<testcase classname="racewindow.soak.missed" name="seed 7 shard 3/4 is missing">`)
	require.FileExists(t, filepath.Join(out, "summary.json"))

	nothing, err := Merge([]string{gone}, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Equal(t, VerdictNone, nothing.Verdict)
}

func TestAFileOfAFindingThatIsMissingIsMissed(t *testing.T) {
	t.Parallel()
	folder, _ := sharded(t, 1)
	s, err := ReadState(folder)
	require.NoError(t, err)
	f := s.Open()[0]
	require.NoError(t, os.Remove(filepath.Join(folder, findingsFolder, f.Fingerprint, "found.case")))
	m, err := Merge([]string{folder}, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Contains(t, strings.Join(m.Missed, "\n"), `the file "found.case" of finding `+f.Fingerprint)
	require.Len(t, m.State.Findings[f.Fingerprint].Files, len(f.Files)-1, "the others are there")
}

// Round 2 of shard 0/2 is round 2 of shard 0/1.
func TestShardsOfOneSeedWithDifferentCountsAreRefused(t *testing.T) {
	t.Parallel()
	var folders []string
	for _, shard := range []Shard{{0, 2}, {0, 1}} {
		c := settings(t, &scripted{name: "a"})
		c.Shard = shard
		_, err := run(t, c)
		require.NoError(t, err)
		folders = append(folders, c.Out)
	}
	_, err := Merge(folders, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, folders[0]+" is seed 7 shard 0/2 and "+folders[1]+" is seed 7 shard 0/1")
}

func TestAMergeIntoOneOfItsFoldersIsRefused(t *testing.T) {
	t.Parallel()
	folder, _ := sharded(t, 0)
	before, err := os.ReadFile(filepath.Join(folder, "summary.json"))
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(folder, link))
	for _, out := range []string{folder, folder + "/", folder + "/findings/..", link} {
		_, err := Merge([]string{folder}, out, nil)
		require.ErrorIs(t, err, ErrConfig, out)
		require.ErrorContains(t, err, "name another folder")
	}
	_, err = Merge([]string{link}, folder, nil)
	require.ErrorIs(t, err, ErrConfig)
	after, err := os.ReadFile(filepath.Join(folder, "summary.json"))
	require.NoError(t, err)
	require.Equal(t, before, after)
}

// A shard whose rounds were all broken does not hide behind the others.
func TestAShardThatIsNoPassIsNoneInAMerge(t *testing.T) {
	t.Parallel()
	good, _ := sharded(t, 0)
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) { return RoundResult{}, errBroken }})
	c.Seed = 8
	_, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	m, err := Merge([]string{good, c.Out}, t.TempDir(), nil)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Contains(t, m.Missed, c.Out+": a: 10 of 10 rounds have no verdict, the last: broken")
}

// Two shards may have met the same bug by different windows first: it is one finding, by the smallest case, with the files of that.
func TestShardsThatCallABugByTwoNamesAreMergedByLikeness(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	c, err := cases.Parse(smallCase)
	require.NoError(t, err)
	full, err := report.OfCase(c.General())
	require.NoError(t, err)
	require.NotEmpty(t, full.Windows)
	wider := *full
	wider.Windows = append(slices.Clone(full.Windows), report.Window{From: "elsewhere", To: "there"})
	for order, reports := range [][]*report.Report{{&wider, full}, {full, &wider}} {
		var folders []string
		for i, r := range reports {
			text := smallCase
			if r == &wider {
				text = largeCase
			}
			kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
				return RoundResult{Found: []Found{{Class: full.Class, Case: text, Report: r, Count: 1}}}, nil
			}}
			c := settings(t, kind)
			c.Shard = Shard{uint64(i), 2}
			_, err := run(t, c)
			require.NoError(t, err)
			folders = append(folders, c.Out)
		}
		out := t.TempDir()
		m, err := Merge(folders, out, Minimums{})
		require.NoError(t, err)
		require.Len(t, m.State.Findings, 1, order)
		f := m.State.Open()[0]
		require.EqualValues(t, 20, f.Count)
		require.Equal(t, smallCase, f.Case)
		content, err := os.ReadFile(filepath.Join(out, findingsFolder, f.Fingerprint, "found.case"))
		require.NoError(t, err)
		require.Contains(t, string(content), smallCase)
		folder, err := os.ReadDir(filepath.Join(out, findingsFolder))
		require.NoError(t, err)
		require.Len(t, folder, 1)
	}
}
