package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// writers keeps a number in a file, and writes it in a different way for each number: by every call that changes bytes of a file.
const writers = `package tally

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

type Tally struct{ folder string }

func New(folder string) (*Tally, error) { return &Tally{folder}, nil }

func (t *Tally) at(name string) string { return filepath.Join(t.folder, name) }

func done[N int | int64](_ N, err error) error { return err }

// source is a file with the bytes.
func (t *Tally) source(b []byte, use func(f *os.File) error) error {
	f, err := os.OpenFile(t.at("source"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(done(f.Write(b)), done(f.Seek(0, io.SeekStart)), use(f), f.Close(), os.Remove(t.at("source")))
}

var ways = []func(t *Tally, f *os.File, b []byte) error{
	func(t *Tally, f *os.File, b []byte) error { return done(f.Write(b)) },
	func(t *Tally, f *os.File, b []byte) error { return errors.Join(done(f.WriteAt(b[1:], 1)), done(f.WriteAt(b[:1], 0))) },
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(done(f.Seek(1, 0)), done(f.WriteString(string(b[1:]))), done(f.Seek(0, 0)), done(f.Write(b[:1])))
	},
	func(t *Tally, f *os.File, b []byte) error { return os.WriteFile(f.Name(), b, 0o600) },
	func(t *Tally, f *os.File, b []byte) error {
		g, err := os.OpenFile(f.Name(), os.O_APPEND|os.O_WRONLY, 0)
		return errors.Join(err, done(g.Write(b[:1])), done(g.Write(b[1:])), g.Close())
	},
	func(t *Tally, f *os.File, b []byte) error { return done(syscall.Write(int(f.Fd()), b)) },
	func(t *Tally, f *os.File, b []byte) error { return done(syscall.Pwrite(int(f.Fd()), b, 0)) },
	func(t *Tally, f *os.File, b []byte) error { return done(unix.Writev(int(f.Fd()), [][]byte{b[:1], b[1:]})) },
	func(t *Tally, f *os.File, b []byte) error { return done(unix.Pwritev(int(f.Fd()), [][]byte{b[:1], b[1:]}, 0)) },
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(done(f.Write(b[:1])), done(unix.Pwritev2(int(f.Fd()), [][]byte{b[1:]}, -1, unix.RWF_DSYNC)))
	},
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(done(f.Write(b[:1])), done(unix.Pwritev2(int(f.Fd()), [][]byte{b[1:]}, 0, unix.RWF_APPEND)))
	},
	func(t *Tally, f *os.File, b []byte) error {
		return t.source(b, func(g *os.File) error { return done(f.ReadFrom(g)) }) // copy_file_range
	},
	func(t *Tally, f *os.File, b []byte) error {
		return t.source(b, func(g *os.File) error { return done(unix.Sendfile(int(f.Fd()), int(g.Fd()), nil, len(b))) })
	},
	func(t *Tally, f *os.File, b []byte) error {
		r, w, err := os.Pipe()
		return errors.Join(err, done(w.Write(b)), w.Close(), done(unix.Splice(int(r.Fd()), nil, int(f.Fd()), nil, len(b), 0)), r.Close())
	},
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, 4096), done(f.Write(b)), os.Truncate(f.Name(), int64(len(b))))
	},
	func(t *Tally, f *os.File, b []byte) error {
		fd, err := unix.Openat2(unix.AT_FDCWD, f.Name(), &unix.OpenHow{Flags: unix.O_WRONLY})
		return errors.Join(err, done(unix.Write(fd, b)), unix.Close(fd))
	},
	func(t *Tally, f *os.File, b []byte) error {
		fd, err := unix.Creat(f.Name(), 0o600)
		return errors.Join(err, done(unix.Write(fd, b)), unix.Close(fd))
	},
	func(t *Tally, f *os.File, b []byte) error {
		fd, err := unix.Dup(int(f.Fd()))
		return errors.Join(err, done(unix.Write(fd, b)), unix.Close(fd))
	},
	func(t *Tally, f *os.File, b []byte) error {
		g, err := os.OpenFile(f.Name(), os.O_WRONLY|os.O_TRUNC|os.O_SYNC, 0)
		return errors.Join(err, done(g.Write(b)), g.Close())
	},
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(done(f.Write(b)), unix.Link(f.Name(), t.at("link")), unix.Renameat2(unix.AT_FDCWD, t.at("link"), unix.AT_FDCWD, t.at("other"), unix.RENAME_NOREPLACE), unix.Unlink(t.at("other")))
	},
	func(t *Tally, f *os.File, b []byte) error {
		return errors.Join(os.MkdirAll(t.at("a/b"), 0o700), os.WriteFile(t.at("a/b/c"), b, 0o600), os.RemoveAll(t.at("a")), done(f.Write(b)))
	},
}

// Set writes 16 numbers, so that each half may be lost.
func (t *Tally) Set(n uint8) error {
	for _, stale := range []string{"source", "link", "other"} { // of an operation that a crash interrupted
		_ = os.Remove(t.at(stale))
	}
	f, err := os.Create(t.at("new"))
	if err != nil {
		return err
	}
	b := []byte(strings.Repeat(string('a'+rune(n%32)), 1024))
	if err := errors.Join(ways[int(n)%len(ways)](t, f, b), f.Sync(), f.Close(), os.Rename(t.at("new"), t.at("tally"))); err != nil {
		return err
	}
	names, err := os.Open(t.folder)
	return errors.Join(err, names.Sync(), names.Close())
}

func (t *Tally) Get() string {
	kept, _ := os.ReadFile(t.at("tally"))
	return string(kept)
}
`

// A call that was not recorded would be found by the comparison of the folder with the disk, and there would be no verdict.
func TestEveryWayToWriteIsRecorded(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, writers)
	writeFile(t, folder, "tally_test.go", fileCheck)
	ways := strings.Count(writers, "\tfunc(t *Tally, f *os.File, b []byte) error")
	require.Greater(t, ways, 20)
	for from := 0; from < ways; from += 7 {
		var sets []string
		for n := from; n < min(from+7, ways); n++ {
			sets = append(sets, "set("+strconv.Itoa(n)+")")
		}
		code, output := commandIn(t, folder, "crash", "--program", "c0: "+strings.Join(sets, ", ")+", get()", "--schedules", "2", "--seed", "1", ".")
		require.Equal(t, exitHeld, code, output)
	}
}

// madeByOther has one operation that makes a file, and one that writes to the file once it is there.
const madeByOther = `package tally

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

type Tally struct{ folder string }

func New(folder string) (*Tally, error) { return &Tally{folder}, nil }

func (t *Tally) name() string { return filepath.Join(t.folder, "tally") }

func (t *Tally) settle() error {
	names, err := os.Open(t.folder)
	return errors.Join(err, names.Sync(), names.Close())
}

func (t *Tally) Make() error {
	f, err := os.OpenFile(t.name(), os.O_CREATE|os.O_WRONLY, 0o600)
	return errors.Join(err, f.Close(), t.settle())
}

func (t *Tally) Set(n uint8) (bool, error) {
	f, err := os.OpenFile(t.name(), os.O_WRONLY, 0)
	if err != nil {
		return false, nil
	}
	_, err = unix.Pwrite(int(f.Fd()), []byte{'a' + n%26}, 0)
	return true, errors.Join(err, f.Sync(), f.Close(), t.settle())
}

func (t *Tally) Get() (string, bool) {
	kept, err := os.ReadFile(t.name())
	return string(bytes.Trim(kept, "\x00")), err == nil
}
`

// The maker stands in the call that makes the file when another client opens and writes it.
func TestAFileThatSomebodyHasJustMadeIsRecorded(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, madeByOther)
	writeFile(t, folder, "tally_test.go", strings.Replace(fileCheck, `harness.Ops{`, `harness.Ops{"make": harness.Op{Do: (*tally.Tally).Make, Durable: harness.OnReturn}, `, 1))
	crash := []string{"crash", "--program", "c0: make(); c1: set(2)", "--exhaustive", "--preemptions", "2", "--seed", "1", "."}
	code, output := commandIn(t, folder, crash...)
	require.Equal(t, exitHeld, code, output)
	require.Regexp(t, `no violation in all \d+ schedules`, output)

	writeFile(t, folder, "tally.go", strings.Replace(madeByOther, "errors.Join(err, f.Sync(), f.Close(), t.settle())", "errors.Join(err, f.Close(), t.settle())", 1))
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	code, output = commandIn(t, folder, "crash", "--program", "c0: make(), set(2)", "--schedules", "100", "--seed", "1", ".")
	require.Equal(t, exitViolated, code, output)
	require.Regexp(t, `\(\*Tally\)\.Set\.disk +tally\.go:33`, output, "a call of golang.org/x/sys/unix has its place in the user's source")
}
