package storage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// storeIn makes a store with two closed logs in a folder, beside a file that is not its own.
func storeIn(t *testing.T) (folder, precious string) {
	t.Helper()
	base := t.TempDir()
	folder, precious = filepath.Join(base, "store"), filepath.Join(base, "precious.txt")
	require.NoError(t, os.WriteFile(precious, []byte("somebody else's bytes"), 0o666))
	require.NoError(t, os.Mkdir(filepath.Join(base, "elsewhere"), 0o777))
	store, err := Open(background, folder, Options{Create: true})
	require.NoError(t, err)
	for _, handle := range []string{theHandle, "other"} {
		l, err := store.Log(background, handle)
		require.NoError(t, err)
		_, err = l.Append(background, recordAt(Offset{1, 0}))
		require.NoError(t, err)
	}
	require.NoError(t, store.Close(background))
	return folder, precious
}

// openBoth opens the store and the log in it, and closes them again.
func openBoth(folder string) error {
	store, err := Open(background, folder, Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close(background) }()
	_, err = store.Log(background, theHandle)
	return err
}

// A link may lead to a file of somebody else's, or to one of another log. Recovery cuts and overwrites what it opens.
func TestALinkInTheStoreIsRefusedAndNotFollowed(t *testing.T) {
	t.Parallel()
	index, segment := filepath.Join(theHandle, indexName), filepath.Join(theHandle, segmentName(0))
	for name, link := range map[string]struct{ at, to string }{
		"index outside":            {index, "../../precious.txt"},
		"index of another log":     {index, "../other/" + indexName},
		"index that leads nowhere": {index, "../../new.txt"},
		"segment outside":          {segment, "../../precious.txt"},
		"segment of another log":   {segment, "../other/" + segmentName(0)},
		"unfinished segment":       {filepath.Join(theHandle, segmentName(64)+unfinishedSuffix), "../../precious.txt"},
		"log outside":              {theHandle, "../elsewhere"},
		"another log":              {theHandle, "other"},
		"lock":                     {lockName, "../precious.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder, precious := storeIn(t)
			require.NoError(t, os.RemoveAll(filepath.Join(folder, link.at)))
			require.NoError(t, os.Symlink(link.to, filepath.Join(folder, link.at)))
			before := treeText(t, filepath.Dir(folder))
			err := openBoth(folder)
			require.ErrorIs(t, err, ErrForeign)
			require.ErrorContains(t, err, filepath.ToSlash(link.at)+" is neither a file nor a folder")
			require.ErrorContains(t, err, "move it out of")
			content, err := os.ReadFile(precious)
			require.NoError(t, err)
			require.Equal(t, "somebody else's bytes", string(content))
			after := treeText(t, filepath.Dir(folder))
			delete(before, filepath.Join("store", lockName))
			delete(after, filepath.Join("store", lockName)) // a store that opens takes its lock
			require.Equal(t, before, after)
		})
	}
}

// treeText is what lies in a folder and below it, by path; links are not followed.
func treeText(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		all[name] = e.Type().String()
		if err == nil && e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			all[name] = string(content)
			return err
		}
		return err
	}))
	return all
}

// A link may come when the store has been opened and its folder looked through.
func TestALinkThatComesLaterIsRefusedToo(t *testing.T) {
	t.Parallel()
	folder, _ := storeIn(t)
	store, err := Open(background, folder, Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close(background)) }()
	require.NoError(t, os.Symlink("../elsewhere", filepath.Join(folder, "escape")))
	require.NoError(t, os.Symlink("other", filepath.Join(folder, "twin")))
	for _, handle := range []string{"escape", "twin"} {
		_, err = store.Log(background, handle)
		require.ErrorIs(t, err, ErrForeign)
		require.ErrorContains(t, err, handle+" is neither a file nor a folder")
	}
	left, err := os.ReadDir(filepath.Join(folder, "../elsewhere"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestNoNameLeadsOutOfTheDisk(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	folder := filepath.Join(base, "store")
	require.NoError(t, os.Mkdir(folder, 0o777))
	require.NoError(t, os.Mkdir(filepath.Join(base, "sub"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(base, "up.txt"), []byte("up"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "in.txt"), []byte("in"), 0o666))
	before := treeText(t, base)
	disk := OSDisk(folder)
	for _, name := range []string{"../up.txt", "../new.txt", "sub/../../up.txt", filepath.Join(base, "up.txt"), ".."} {
		_, err := disk.Create(name)
		require.Error(t, err, name)
		_, err = disk.Open(name)
		require.Error(t, err, name)
		require.Error(t, disk.Mkdir(name), name)
		require.Error(t, disk.Rename(name, "in.txt"), name)
		require.Error(t, disk.Rename("in.txt", name), name)
		require.Error(t, disk.Remove(name), name)
		_, err = disk.List(name)
		require.Error(t, err, name)
		require.Error(t, disk.SyncDir(name), name)
		_, err = disk.Lock(name)
		require.Error(t, err, name)
	}
	require.Equal(t, before, treeText(t, base))
}
