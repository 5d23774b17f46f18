package soak

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
	_, err = Merge([]string{folder}, t.TempDir(), nil)
	require.ErrorContains(t, err, "is no file of a finding")
}
