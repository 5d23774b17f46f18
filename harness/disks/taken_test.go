package disks

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatALossOfPowerTakesIsSaid(t *testing.T) {
	t.Parallel()
	d := New()
	write := func(name, text string, at int64) {
		f, err := d.Open(name)
		if err != nil {
			f, err = d.Create(name)
			require.NoError(t, err)
		}
		_, err = f.WriteAt([]byte(text), at)
		require.NoError(t, errors.Join(err, f.Close()))
	}
	settle := func(names ...string) {
		for _, name := range names {
			f, err := d.Open(name)
			require.NoError(t, err)
			require.NoError(t, errors.Join(f.Sync(), f.Close(), d.SyncDir(".")))
		}
	}
	least := func() *Image {
		var least *Image
		for _, i := range d.Enumerate(Ordered, 1000) {
			if least == nil || len(d.Taken(i)) > len(d.Taken(least)) {
				least = i
			}
		}
		return least
	}
	for _, name := range []string{"longer", "shorter", "other", "removed", "kept"} {
		write(name, strings.Repeat("a", 1200), 0)
		settle(name)
	}
	require.Equal(t, 1, len(d.Enumerate(Ordered, 10)))
	require.Empty(t, d.Taken(least()), "all is synced")

	write("longer", "bcd", 1200)
	f, err := d.Open("shorter")
	require.NoError(t, err)
	require.NoError(t, errors.Join(f.Truncate(7), f.Close()))
	write("other", "b", 600)
	require.NoError(t, d.Remove("removed"))
	write("new", "bcd", 0)
	require.Equal(t, []string{
		"the last 3 of 1203 bytes of longer", "the name of new (3 bytes)", "what was written to other at 512, in 1 sector of 512 bytes",
		"the cut of shorter to 7 bytes", "the removal of removed",
	}, d.Taken(least()))
	settle("longer", "shorter", "other", "new")

	require.NoError(t, d.Mkdir("folder"))
	write("folder/in", "a", 0)
	require.Equal(t, []string{"the name of the folder folder"}, d.Taken(least()))
	settle("folder/in")
	require.NoError(t, d.SyncDir("folder"))
	before := least()
	require.Empty(t, d.Taken(before))
	require.NoError(t, errors.Join(d.Remove("folder/in"), d.Remove("folder")))
	require.Equal(t, []string{"the removal of folder"}, d.Taken(before))
}
