//go:build !windows

package output

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
}

func content(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// names are what lies in a folder.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestAFileIsReplacedAsAWholeAndKeepsItsMode(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	name := filepath.Join(folder, "file")
	require.NoError(t, Check(name))
	require.Empty(t, names(t, folder), "a check leaves nothing behind")
	require.NoError(t, Write(name, []byte("one")))
	require.NoError(t, os.Chmod(name, 0o640))
	old, err := os.Open(name)
	require.NoError(t, err)
	defer old.Close()
	require.NoError(t, Check(name))
	require.NoError(t, Write(name, []byte("two")))
	require.Equal(t, "two", content(t, name))
	whole, err := io.ReadAll(old)
	require.NoError(t, err)
	require.Equal(t, "one", string(whole), "who reads the old one still reads it")
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.EqualValues(t, 0o640, info.Mode().Perm())
	require.Equal(t, []string{"file"}, names(t, folder))
}

func TestALinkIsFollowedAndStays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "deep", "real"), 0o777))
	require.NoError(t, os.Symlink("deep/real", filepath.Join(folder, "short")))
	write(t, filepath.Join(folder, "deep", "kept"), "old")
	for link, to := range map[string]struct{ points, path string }{
		"plain":        {"deep/kept", "deep/kept"},
		"second":       {"plain", "deep/kept"},
		"dangling":     {"deep/new", "deep/new"},
		"short/upward": {"../upward-target", "deep/upward-target"}, // ".." leads up from where the link lies
	} {
		require.NoError(t, os.Symlink(to.points, filepath.Join(folder, link)))
		defer func() {
			read, err := os.Readlink(filepath.Join(folder, link))
			require.NoError(t, err, "%s stays a link", link)
			require.Equal(t, to.points, read)
		}()
	}
	for link, path := range map[string]string{"plain": "deep/kept", "second": "deep/kept", "dangling": "deep/new", "short/upward": "deep/upward-target"} {
		name := filepath.Join(folder, link)
		require.NoError(t, Check(name))
		require.NoError(t, Write(name, []byte(link)))
		require.Equal(t, link, content(t, filepath.Join(folder, path)))
	}
	require.NoError(t, os.Symlink("round", filepath.Join(folder, "round")))
	require.ErrorIs(t, Check(filepath.Join(folder, "round")), ErrPlace)
	require.ErrorIs(t, Write(filepath.Join(folder, "round"), nil), ErrPlace)
}

func TestAPipeIsWrittenToAndStays(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	require.NoError(t, Check(name))
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(name)
		read <- string(text)
	}()
	require.NoError(t, Write(name, []byte("through")))
	require.Equal(t, "through", <-read)
	info, err := os.Lstat(name)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeNamedPipe)
}

// device makes a device of the test's own: those of the machine must never be put at risk.
func device(t *testing.T, minor uint32) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "device")
	if err := unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
		t.Skipf("no device can be made here: %v", err)
	}
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("a device that was made cannot be opened here: %v", err)
	}
	require.NoError(t, file.Close())
	return name
}

func TestADeviceIsWrittenToAndStays(t *testing.T) {
	t.Parallel()
	for minor, full := range map[uint32]bool{3: false, 7: true} { // as null and full have them
		name := device(t, minor)
		require.NoError(t, Check(name))
		err := Write(name, []byte("content"))
		if full {
			require.ErrorIs(t, err, syscall.ENOSPC)
		} else {
			require.NoError(t, err)
		}
		info, err := os.Lstat(name)
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&os.ModeCharDevice, "%v", info.Mode())
		link := name + "-link"
		require.NoError(t, os.Symlink(name, link))
		_ = Write(link, []byte("content"))
		info, err = os.Lstat(name)
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&os.ModeCharDevice, "%v", info.Mode())
	}
}

func TestWhatAnOpenFileNamesIsWrittenInPlace(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "gone")
	file, err := os.Create(name)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, os.Remove(name))
	descriptor := filepath.Join("/dev/fd", strconv.Itoa(int(file.Fd())))
	if _, err := os.Stat(descriptor); err != nil {
		t.Skipf("this system names no open files: %v", err)
	}
	require.NoError(t, Check(descriptor))
	require.NoError(t, Write(descriptor, []byte("kept")))
	text, err := io.ReadAll(file)
	require.NoError(t, err)
	require.Equal(t, "kept", string(text))
	require.NoFileExists(t, name)
}

func TestPlacesThatCannotBeWrittenAreToldBefore(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "file"), "kept")
	socket, err := net.Listen("unix", filepath.Join(folder, "socket"))
	require.NoError(t, err)
	defer socket.Close()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "below"), 0o777))
	for name, why := range map[string]string{
		"":             "name a file",
		"none/file":    "there is no folder",
		"file/file":    "not a directory",
		"below":        "it is a folder",
		"below/.":      "it is a folder",
		"none/":        "there is no folder",
		"socket":       "it is a socket",
		"file\x00name": "invalid argument",
	} {
		path := name
		if name != "" {
			path = folder + "/" + name
		}
		err := Check(path)
		require.ErrorIs(t, err, ErrPlace, name)
		require.ErrorContains(t, err, why, name)
		require.Error(t, Write(path, []byte("x")), name)
	}
	for name, why := range map[string]string{"": "name a folder", "file": "it is no folder", "file/below": "not a directory"} {
		path := name
		if name != "" {
			path = folder + "/" + name
		}
		err := CheckFolder(path)
		require.ErrorIs(t, err, ErrPlace, name)
		require.ErrorContains(t, err, why, name)
	}
	require.NoError(t, CheckFolder(filepath.Join(folder, "new", "deep", "folder")))
	require.Equal(t, []string{"below", "file", "socket"}, names(t, folder), "a check leaves nothing behind")
	require.Equal(t, "kept", content(t, filepath.Join(folder, "file")))
}
