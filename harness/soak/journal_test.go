package soak

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// written makes a journal of three entries.
func written(t *testing.T) (folder string, content []byte) {
	t.Helper()
	folder = t.TempDir()
	j, err := openJournal(folder, func(Entry) error { return nil })
	require.NoError(t, err)
	for _, e := range []Entry{
		{Type: entryCampaign, Campaign: &Campaign{Version: journalVersion, Seed: 7, Shard: Shard{0, 1}}},
		{Type: entryStart},
		{Type: entryEnd, Ended: "so it goes\nü"},
	} {
		require.NoError(t, j.append(e))
	}
	require.NoError(t, j.close())
	content, err = os.ReadFile(filepath.Join(folder, journalName))
	require.NoError(t, err)
	return folder, content
}

func read(t *testing.T, folder string) (types []string, cut int64, err error) {
	t.Helper()
	j, err := openJournal(folder, func(e Entry) error {
		types = append(types, e.Type)
		return nil
	})
	if err != nil {
		return types, 0, err
	}
	cut = j.Cut
	return types, cut, j.close()
}

func TestAJournalIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	folder, _ := written(t)
	types, cut, err := read(t, folder)
	require.NoError(t, err)
	require.Equal(t, []string{entryCampaign, entryStart, entryEnd}, types)
	require.Zero(t, cut)
}

func TestATornEndIsCutWhereverItIsTorn(t *testing.T) {
	t.Parallel()
	folder, content := written(t)
	first := 0
	for at, lines := len(content)-1, 0; at > 0 && lines < 1; at-- {
		if content[at-1] == '\n' {
			lines++
			first = at
		}
	}
	for end := first; end < len(content); end++ {
		require.NoError(t, os.WriteFile(filepath.Join(folder, journalName), content[:end], 0o666))
		types, cut, err := read(t, folder)
		require.NoError(t, err)
		require.Equal(t, []string{entryCampaign, entryStart}, types)
		require.EqualValues(t, end-first, cut)
		left, err := os.ReadFile(filepath.Join(folder, journalName))
		require.NoError(t, err)
		require.Equal(t, content[:first], left)
	}
}

// A loss of power may keep the second of two lines that were not synced and lose the first. So there never are two.
func TestEachLineIsSyncedBeforeTheNext(t *testing.T) {
	t.Parallel()
	j, err := openJournal(t.TempDir(), func(Entry) error { return nil })
	require.NoError(t, err)
	defer j.close()
	synced := int64(0)
	j.sync = func(f *os.File) error {
		info, err := f.Stat()
		synced = info.Size()
		return err
	}
	for _, of := range []string{entryCampaign, entryStart, entryBegin, entryRound, entryBegin, entryFound, entryEnd} {
		require.NoError(t, j.append(Entry{Type: of}))
		require.Equal(t, j.bytes, synced, of)
	}
}

func TestNothingIsWrittenAfterALineThatFailed(t *testing.T) {
	t.Parallel()
	folder, content := written(t)
	j, err := openJournal(folder, func(Entry) error { return nil })
	require.NoError(t, err)
	j.sync = func(f *os.File) error { // the line is torn
		return errors.Join(errBroken, f.Truncate(int64(len(content)+10)))
	}
	require.ErrorIs(t, j.append(Entry{Type: entryBegin}), errBroken)
	j.sync = (*os.File).Sync
	require.ErrorIs(t, j.append(Entry{Type: entryEnd}), errBroken)
	require.NoError(t, j.close())
	types, cut, err := read(t, folder)
	require.NoError(t, err)
	require.Equal(t, []string{entryCampaign, entryStart, entryEnd}, types)
	require.EqualValues(t, 10, cut)
}

func TestDamageBeforeTheEndIsAnErrorAndChangesNothing(t *testing.T) {
	t.Parallel()
	folder, content := written(t)
	damaged := append([]byte(nil), content...)
	damaged[40] ^= 1
	require.NoError(t, os.WriteFile(filepath.Join(folder, journalName), damaged, 0o666))
	_, _, err := read(t, folder)
	require.ErrorIs(t, err, ErrJournal)
	require.ErrorContains(t, err, "line 1")
	left, err := os.ReadFile(filepath.Join(folder, journalName))
	require.NoError(t, err)
	require.Equal(t, damaged, left)
}

func TestOneProcessAtATimeWorksOnACampaign(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	j, err := openJournal(folder, func(Entry) error { return nil })
	require.NoError(t, err)
	_, err = openJournal(folder, func(Entry) error { return nil })
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, j.close())
	j, err = openJournal(folder, func(Entry) error { return nil })
	require.NoError(t, err)
	require.NoError(t, j.close())
}

// A journal that became too long is folded into one line, and nothing is lost.
func TestALongJournalIsFolded(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.For = 100 * time.Second
	s, err := Open(c)
	require.NoError(t, err)
	s.journal.limit = 3000
	_, err = s.Run(t.Context())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	info, err := os.Stat(filepath.Join(c.Out, journalName))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(60_000), "100 rounds take more")
	again, err := ReadState(c.Out)
	require.NoError(t, err)
	require.EqualValues(t, 100, again.Rounds)
	require.EqualValues(t, 1000, again.Counts[CountOperations])
	require.Len(t, again.Samples, 100)
	require.Equal(t, s.state, again)
}

// A journal that was folded before legs were counted says nothing of its leg: it counts from there on, and never too much.
func TestAFoldedJournalOfAFormerVersionIsRead(t *testing.T) {
	t.Parallel()
	s := NewState()
	e := Entry{}
	require.NoError(t, json.Unmarshal([]byte(`{"type":"state","state":{"version":1,"seed":7,"shard":{"index":0,"count":1},"leg_ns":4000000000,"starts":1,"rounds":4,"counts":{"crashes":40},"kinds":{"a":{"rounds":4,"counts":{"crashes":40}}}}}`), &e))
	require.NoError(t, s.Fold(e))
	require.NoError(t, s.Fold(Entry{Type: entryRound, Spec: "v1 kind=a variant=all number=4 seed=1 for=1s", Round: &RoundRecord{Took: time.Second, Counts: Counts{"crashes": 10}}}))
	require.EqualValues(t, 5, s.Rounds)
	require.Equal(t, 5*time.Second, s.Leg)
	require.EqualValues(t, 1, s.LegDone.Rounds)
	require.EqualValues(t, 10, s.LegDone.Counts["crashes"])
	m := s.summary(Minimums{"crashes": 50}, true)
	require.Contains(t, m.Missed, "crashes: 10, at least 50")
}
