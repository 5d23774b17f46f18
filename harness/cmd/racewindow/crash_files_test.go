package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fileCounter keeps a number in a file, with package os and the system's calls alone.
const fileCounter = `package tally

import (
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Tally keeps a number of one digit in a file.
type Tally struct{ folder string }

func New(folder string) (*Tally, error) { return &Tally{folder}, nil }

func (t *Tally) Set(n uint8) error {
	name := filepath.Join(t.folder, "tally")
	f, err := os.Create(name + ".new")
	if err != nil {
		return err
	}
	written := make(chan error)
	go func() { // its stack is small, and moves while the call is told
		var digit [1]byte
		digit[0] = '0' + n%10
		_, err := unix.Pwrite(int(f.Fd()), digit[:], 0)
		written <- err
	}()
	if err := <-written; err != nil {
		return err
	}
	if err := syscall.Fdatasync(int(f.Fd())); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return t.settle()
}

func (t *Tally) settle() error {
	folder, err := os.Open(t.folder)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

func (t *Tally) Get() string {
	kept, _ := os.ReadFile(filepath.Join(t.folder, "tally"))
	return string(kept)
}
`

const fileCheck = `package tally_test

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestKept(t *testing.T) {
	harness.Check(t, harness.Subject[*tally.Tally]{
		Open: func(_ context.Context, e harness.Env) (*tally.Tally, error) { return tally.New(e.Dir()) },
		Ops:  harness.Ops{"set": harness.Op{Do: (*tally.Tally).Set, Durable: harness.OnReturn}, "get": (*tally.Tally).Get},
	})
}
`

func TestPowerIsLostUnderCodeThatUsesPackageOsAlone(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	for _, model := range []string{"ordered", "weak"} {
		code, output := commandIn(t, folder, "crash", "--model", model, "--program", "c0: set(1), set(2), get()", "--schedules", "100", "--seed", "1", ".")
		require.Equal(t, exitHeld, code, output)
		require.Contains(t, output, "crashes ("+model+")")
		require.Contains(t, output, "canary: a result that is dropped was found")
		require.Contains(t, output, "a durable operation that a crash takes was found")
		require.Contains(t, output, "a durable operation whose syncs never reach the disk was found")
		require.Contains(t, output, "an object that cannot be opened after a loss of power while it was made was found")
	}

	for lost, found := range map[string]string{
		"\treturn t.settle()\n":          `; crash c0@\S+ (disk|tape)=\d`,
		"syscall.Fdatasync(int(f.Fd()))": `; crash c0@\S+ (disk|tape)=\d`,
	} {
		without := map[string]string{"\treturn t.settle()\n": "\treturn nil\n", "syscall.Fdatasync(int(f.Fd()))": "error(nil)"}[lost]
		code := strings.Replace(fileCounter, lost, without, 1)
		if !strings.Contains(code, "syscall.") {
			code = strings.Replace(code, "\t\"syscall\"\n", "", 1)
		}
		writeFile(t, folder, "tally.go", code)
		require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
		exit, output := commandIn(t, folder, "crash", "--program", "c0: set(1), set(2)", "--schedules", "100", "--seed", "1", "--json", "found.json", ".")
		require.Equal(t, exitViolated, exit, output)
		require.Contains(t, output, "FAIL Durability")
		content, err := os.ReadFile(filepath.Join(folder, "found.json"))
		require.NoError(t, err)
		var told []struct{ Case string }
		require.NoError(t, json.Unmarshal(content, &told))
		require.Regexp(t, found, told[0].Case)
		exit, output = commandIn(t, folder, "replay", "--times", "20", told[0].Case, ".")
		require.Equal(t, exitViolated, exit, output)
		require.Contains(t, output, "failed 20 of 20 times")
	}
}

// fileJournal appends values to a file. Opening it cuts a record that is torn.
const fileJournal = `package tally

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A Tally is a file of records: a value, and its complement more than a sector later.
type Tally struct {
	file   *os.File
	values []uint8
}

const record = 600

func New(folder string) (*Tally, error) {
	f, err := os.OpenFile(filepath.Join(folder, "journal"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	names, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer names.Close()
	if err := names.Sync(); err != nil {
		return nil, err
	}
	t := &Tally{file: f}
	for r := make([]byte, record); ; t.values = append(t.values, r[0]) {
		n, _ := f.ReadAt(r, int64(record*len(t.values)))
		if n == 0 {
			return t, nil
		}
		if n < record || r[0]^r[record-1] != 0xff {
			return t, t.cut()
		}
	}
}

func (t *Tally) cut() error { return errors.Join(t.file.Truncate(int64(record*len(t.values))), t.file.Sync()) }

func (t *Tally) Append(n uint8) error {
	r := make([]byte, record)
	r[0], r[record-1] = n, ^n
	if _, err := t.file.Write(r); err != nil {
		return err
	}
	t.values = append(t.values, n)
	return t.file.Sync()
}

func (t *Tally) All() string { return fmt.Sprint(t.values) }

func (t *Tally) Close() error { return t.file.Close() }
`

const journalCheck = `package tally_test

import (
	"context"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestJournal(t *testing.T) {
	harness.Check(t, harness.Subject[*tally.Tally]{
		Open: func(_ context.Context, e harness.Env) (*tally.Tally, error) { return tally.New(e.Dir()) },
		Ops:  harness.Ops{"append": harness.Op{Do: (*tally.Tally).Append, Durable: harness.OnReturn}, "all": (*tally.Tally).All},
	})
}
`

// A torn record that opening leaves where it is does no harm until something is written after it.
func TestARecoveryThatGoesWrongOnlyLaterIsFoundByASecondLife(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileJournal)
	writeFile(t, folder, "tally_test.go", journalCheck)
	crash := []string{"crash", "--program", "c0: append(1), append(2)", "--schedules", "100", "--seed", "1", "--json", "found.json", "."}
	exit, output := commandIn(t, folder, crash...)
	require.Equal(t, exitHeld, exit, output)
	require.Regexp(t, `recoveries \(\d+/s\), [1-9]\d* of them after a second life`, output)

	ignores := []string{"crash", "--program", "v1 test=TestJournal; c0: append(1); ! disk read * #1 = EIO at open", "--schedules", "100", "--seed", "1", "."}
	exit, output = commandIn(t, folder, ignores...)
	require.Equal(t, exitViolated, exit, output)
	require.Contains(t, strings.Join(strings.Fields(output), " "), "when it was opened despite disk read * #1 = EIO at open, no order explains")
	writeFile(t, folder, "tally.go", strings.NewReplacer("n, _ := f.ReadAt", "n, err := f.ReadAt", "if n == 0 {", "if err != nil && err != io.EOF {\n\t\t\treturn nil, err\n\t\t}\n\t\tif n == 0 {",
		"\t\"fmt\"\n", "\t\"fmt\"\n\t\"io\"\n").Replace(fileJournal))
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	exit, output = commandIn(t, folder, ignores...)
	require.Equal(t, exitHeld, exit, output)

	careless := strings.Replace(fileJournal, "return t, t.cut()", "return t, nil", 1)
	require.NotEqual(t, fileJournal, careless)
	writeFile(t, folder, "tally.go", careless)
	exit, output = commandIn(t, folder, crash...)
	require.Equal(t, exitViolated, exit, output)
	require.Contains(t, output, "FAIL SecondLife")
	require.Contains(t, output, "replayed 5 of 5 times")
	content, err := os.ReadFile(filepath.Join(folder, "found.json"))
	require.NoError(t, err)
	var told []struct{ Case string }
	require.NoError(t, json.Unmarshal(content, &told))
	require.Regexp(t, `^v1 test=TestJournal; c0: append\(\d\); crash c0@\S+ (disk|tape)=\d+$`, told[0].Case, "made as small as it can be")
	for range 3 {
		exit, output = commandIn(t, folder, "replay", told[0].Case, ".")
		require.Equal(t, exitViolated, exit, output)
		require.Contains(t, output, "FAIL SecondLife")
	}
}

// Faults strike the calls of such code, and calls outside of its folder, such as making the next one, are left alone.
func TestTheDiskFailsUnderCodeThatUsesPackageOsAlone(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	exit, output := commandIn(t, folder, "crash", "--program", "v1 test=TestKept; c0: set(1), get(); ! disk read * #1 = EIO", "--schedules", "400", "--seed", "1", ".")
	require.Equal(t, exitViolated, exit, output)
	require.Contains(t, output, "replay: racewindow replay 'v1 test=TestKept; c0: set(0), get(); ! disk read * #1 = EIO'")

	told := strings.NewReplacer(
		"Get() string {\n\tkept, _ :=", "Get() (string, error) {\n\tkept, err :=",
		"\treturn string(kept)\n", "\tif os.IsNotExist(err) {\n\t\treturn \"\", nil\n\t}\n\treturn string(kept), err\n",
	).Replace(fileCounter)
	require.NotEqual(t, fileCounter, told)
	told += "\nfunc (t *Tally) Close() error { return nil }\n" // the disk fails until then, so while the record is compared with it too
	writeFile(t, folder, "tally.go", told)
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
	for _, fault := range []string{"disk read * #1+ = EIO", "disk open * #2+ = EIO"} { // what the record looks at itself, no fault strikes
		exit, output = commandIn(t, folder, "crash", "--program", "v1 test=TestKept; c0: set(1), get(); ! "+fault, "--schedules", "400", "--seed", "1", ".")
		require.Equal(t, exitHeld, exit, output)
		require.Regexp(t, "faults: [1-9]", output)
	}
}

// A client that stands in a write holds a lock of the package, and every recovery waits for it: in the process that lost power nobody would.
func TestALockOfThePackageThatAClientHoldsIsNoDeadlockOfARecovery(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, strings.NewReplacer(
		"\t\"path/filepath\"\n", "\t\"path/filepath\"\n\t\"sync\"\n",
		"func New(folder string) (*Tally, error) { return", "var all sync.Mutex\n\nfunc New(folder string) (*Tally, error) {\n\tall.Lock()\n\tdefer all.Unlock()\n\treturn",
		"return &Tally{folder}, nil }", "return &Tally{folder}, nil\n}",
		"\tname := filepath", "\tall.Lock()\n\tdefer all.Unlock()\n\tname := filepath",
	).Replace(fileCounter))
	writeFile(t, folder, "tally_test.go", fileCheck)
	exit, output := commandIn(t, folder, "crash", "--program", "c0: set(1), set(2)", "--schedules", "100", "--seed", "1", ".")
	require.Equal(t, exitFailed, exit, output)
	require.Contains(t, output, "a lock that all instances of the object share")
}

func TestWhatCannotBeRecordedHasNoVerdict(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	for change, says := range map[string]string{
		"if err := exec.Command(\"sh\", \"-c\", \"echo x >\"+name+\".side\").Run(); err != nil {\n\t\treturn err\n\t}\n":                                                                                                                                                                                             "what the code does with waitid cannot be recorded: tally.side is there, and no operation that is recorded did that: a child process",
		"if err := exec.Command(\"cp\", \"/proc/self/cmdline\", name+\".side\").Run(); err != nil {\n\t\treturn err\n\t}\n\t_ = os.Remove(name + \".side\")\n":                                                                                                                                                       "waitid cannot be recorded: tally.side is there",
		"{\n\t\tside := append([]byte(name+\".side\"), 0)\n\t\tfolder := -100\n\t\tfd, _, _ := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(folder), uintptr(unsafe.Pointer(&side[0])), syscall.O_CREAT|syscall.O_RDWR, 0o600, 0, 0)\n\t\t_ = syscall.Close(int(fd))\n\t\t_ = os.Remove(name + \".side\")\n\t}\n": "unlinkat cannot be recorded: the file is there, and no operation that is recorded made it",
		"if _, err := unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {\n\t\treturn err\n\t}\n":                                                                                                                                                                            "mmap cannot be recorded: what is written to a shared map",
	} {
		code := strings.Replace(fileCounter, "\twritten := make", "\t"+change+"\twritten := make", 1)
		if strings.Contains(change, "exec.") {
			code = strings.Replace(code, "\t\"os\"\n", "\t\"os\"\n\t\"os/exec\"\n", 1)
		}
		if strings.Contains(change, "unsafe.") {
			code = strings.Replace(code, "\t\"syscall\"\n", "\t\"syscall\"\n\t\"unsafe\"\n", 1)
		}
		writeFile(t, folder, "tally.go", code)
		exit, output := commandIn(t, folder, "crash", "--program", "c0: set(1), set(2)", "--schedules", "100", "--seed", "1", ".")
		require.Equal(t, exitFailed, exit, output)
		require.Contains(t, strings.Join(strings.Fields(output), " "), says)
	}
}
