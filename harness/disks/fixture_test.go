package disks

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage/disk"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // recoveries make garbage and keep nothing
	m.Run()
}

// create makes a file.
func create(t testing.TB, d disk.Disk, name string) disk.File {
	t.Helper()
	f, err := d.Create(name)
	require.NoError(t, err)
	return f
}

// open opens a file.
func open(t testing.TB, d disk.Disk, name string) disk.File {
	t.Helper()
	f, err := d.Open(name)
	require.NoError(t, err)
	return f
}

// write writes n equal letters.
func write(t testing.TB, f disk.File, letter byte, n int, at int64) {
	t.Helper()
	written, err := f.WriteAt([]byte(strings.Repeat(string(letter), n)), at)
	require.NoError(t, err)
	require.Equal(t, n, written)
}

// durableFile makes a file of n equal letters that survives every crash.
func durableFile(t testing.TB, d *Disk, name string, letter byte, n int) disk.File {
	t.Helper()
	f := create(t, d, name)
	write(t, f, letter, n, 0)
	require.NoError(t, f.Sync())
	require.NoError(t, d.SyncDir("."))
	require.Zero(t, d.Unsynced())
	return f
}

// text is everything on an image.
func text(i *Image) string {
	words := i.Paths()
	for k, path := range words {
		if bytes, ok := i.Bytes(path); ok {
			words[k] += "=" + short(bytes)
		}
	}
	sort.Strings(words)
	return strings.Join(words, " ")
}

// short writes runs of equal bytes as letter and count; zeros are dots.
func short(bytes []byte) string {
	var b strings.Builder
	for i := 0; i < len(bytes); {
		k := i
		for k < len(bytes) && bytes[k] == bytes[i] {
			k++
		}
		letter := string(bytes[i])
		if bytes[i] == 0 {
			letter = "."
		} else if bytes[i] > 'z' {
			letter = hex.EncodeToString(bytes[i : i+1])
		}
		b.WriteString(letter)
		b.WriteString(strconv.Itoa(k - i))
		i = k
	}
	return b.String()
}

// texts lists all images of a moment, and checks that Images announced their number.
func texts(t testing.TB, d *Disk, m Model) []string {
	t.Helper()
	all := d.Enumerate(m, 1<<12)
	require.NotEmpty(t, all)
	count, exact := d.Images(m)
	require.True(t, exact)
	require.EqualValues(t, len(all), count)
	lines := make([]string, len(all))
	for i, image := range all {
		lines[i] = text(image)
	}
	sort.Strings(lines)
	return lines
}

// contents is what one file may hold after a crash, each once.
func contents(t testing.TB, d *Disk, m Model, name string) []string {
	t.Helper()
	known := map[string]bool{}
	for _, image := range d.Enumerate(m, 1<<12) {
		if bytes, ok := image.Bytes(name); ok {
			known[short(bytes)] = true
		}
	}
	all := []string{}
	for c := range known {
		all = append(all, c)
	}
	sort.Strings(all)
	return all
}

// bothModels runs a test in each persistence model.
func bothModels(t *testing.T, test func(t *testing.T, m Model)) {
	t.Helper()
	for _, m := range Models {
		t.Run(m.String(), func(t *testing.T) { t.Parallel(); test(t, m) })
	}
}

// class is the kind of an error, equal for the real file system and this one.
func class(err error) string {
	for _, kind := range []error{
		fs.ErrNotExist, syscall.ENOTEMPTY, fs.ErrExist, io.EOF, syscall.EISDIR, syscall.ENOTDIR, syscall.EINVAL,
		fs.ErrClosed, disk.ErrLocked,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	if err != nil && strings.Contains(err.Error(), "use of closed file") {
		return fs.ErrClosed.Error() // what os.File says of a system call on a closed file
	}
	if err != nil {
		return "another error"
	}
	return "ok"
}
