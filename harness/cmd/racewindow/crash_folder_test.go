package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// losePower runs stress --crash with a few clients, and no canary.
func losePower(t *testing.T, folder string, more ...string) (code int, output string) {
	t.Helper()
	args := append([]string{"stress", "--crash", "--goroutines", "16", "--seed", "1"}, more...)
	return commandIn(t, folder, append(args, ".")...)
}

// safeFileCounter is fileCounter for several clients.
var safeFileCounter = strings.NewReplacer(
	"struct{ folder string }", "struct {\n\tfolder string\n\tmu     sync.Mutex\n}", "&Tally{folder}", "&Tally{folder: folder}",
	"\t\"syscall\"\n", "\t\"sync\"\n\t\"syscall\"\n", "func (t *Tally) Set(n uint8) error {\n", "func (t *Tally) Set(n uint8) error {\n\tt.mu.Lock()\n\tdefer t.mu.Unlock()\n",
).Replace(fileCounter)

func TestPowerIsLostUnderLoadInAFolder(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, safeFileCounter)
	writeFile(t, folder, "tally_test.go", fileCheck+"\n// What names e.Disk() is built without racewindow's runtime first.\n")
	code, output := losePower(t, folder, "--cycles", "300", "--faults", "0.3", "--race=false")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "power is lost in racewindow's runtime, because they keep their data in env.Dir()")
	require.Regexp(t, `held: TestKept: power was lost \d+ times \(ordered\).*the number of cycles is reached`, output)
	require.Regexp(t, `[1-9]\d* operations of the disk failed`, output)
	require.Regexp(t, `[1-9]\d* times the clients went on`, output)
	require.Contains(t, output, "a durable operation that a crash takes was caught within")
	require.Contains(t, output, "a durable operation whose syncs never reach the disk was caught within")
	require.Contains(t, output, "an object that cannot be opened after a loss of power while it was made was caught within")

	code, output = losePower(t, folder, "--cycles", "300", "--race")
	require.Equal(t, exitUsage, code, output)
	require.Contains(t, output, "which takes code without markers, and no race detector")
}

// The program that failed under load is made smaller one thread at a time, and replayed, although goroutines ran freely before.
func TestAFolderThatLosesAWriteUnderLoadIsFoundAndMadeSmaller(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, strings.Replace(safeFileCounter, "\treturn t.settle()\n", "\treturn nil\n", 1))
	writeFile(t, folder, "tally_test.go", fileCheck)
	code, output := losePower(t, folder, "--duration", "1m", "--out", "found")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "power is lost in racewindow's runtime, which has no race detector here, because they keep their data in env.Dir()")
	require.Contains(t, output, "FAIL Durability")
	require.Contains(t, output, "the smallest case of the same program, one thread at a time")
	require.Contains(t, output, "replayed 5 of 5 times")
	disks, err := filepath.Glob(filepath.Join(folder, "found", "disk-*.tar.gz"))
	require.NoError(t, err)
	require.Len(t, disks, 1, "what the loss under load has left")
	kept, err := filepath.Glob(filepath.Join(folder, "found", "found-*.case"))
	require.NoError(t, err)
	var smallest string
	for _, file := range kept {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(text), "; crash ") {
			smallest = strings.TrimSpace(string(text))
		}
	}
	require.NotEmpty(t, smallest, output)
	code, output = commandIn(t, folder, "replay", "--times", "20", smallest, ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "failed 20 of 20 times")
}

// mappedCounter keeps its number in a shared map of a file.
const mappedCounter = `package tally

import (
	"os"
	"path/filepath"
	"syscall"
)

// A Tally keeps a number of one digit in a shared map.
type Tally struct{ bytes []byte }

func New(folder string) (*Tally, error) {
	f, err := os.OpenFile(filepath.Join(folder, "tally"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(4096); err != nil {
		return nil, err
	}
	bytes, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return &Tally{bytes}, err
}

func (t *Tally) Set(n uint8) error { t.bytes[0] = n; return nil }

func (t *Tally) Get() string { return string(t.bytes[:1]) }
`

func TestWhatCannotBeRecordedUnderLoadIsNoVerdict(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, mappedCounter)
	writeFile(t, folder, "tally_test.go", fileCheck)
	code, output := losePower(t, folder, "--race=false", "--cycles", "300", "--canary=false")
	require.Equal(t, exitFailed, code, output)
	require.Contains(t, output, "what is written to a shared map of a file, no call tells")
}

// diskCheck keeps a value on the disk, and something else in the folder.
const diskCheck = `package tally_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/storage/disk"
)

type both struct {
	mu   sync.Mutex
	file disk.File
}

func openBoth(_ context.Context, e harness.Env) (*both, error) {
	if err := os.WriteFile(filepath.Join(e.Dir(), "note"), []byte("not data"), 0o600); err != nil {
		return nil, err
	}
	file, err := e.Disk().Open("value")
	if err != nil {
		if file, err = e.Disk().Create("value"); err == nil {
			err = e.Disk().SyncDir(".")
		}
	}
	return &both{file: file}, err
}

func (b *both) Set(n uint8) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.file.WriteAt([]byte{n + 1}, 0); err != nil {
		return err
	}
	return b.file.Sync()
}

func (b *both) Get() (n byte, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var one [1]byte
	if _, err = b.file.ReadAt(one[:], 0); errors.Is(err, io.EOF) {
		err = nil
	}
	return one[0], err
}

func TestBoth(t *testing.T) {
	harness.Check(t, harness.Subject[*both]{
		Open: openBoth,
		Ops:  harness.Ops{"set": harness.Op{Do: (*both).Set, Durable: harness.OnReturn}, "get": (*both).Get},
	})
}
`

func TestWhatIsOnTheDiskIsNotInTheFolder(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, safeFileCounter)
	writeFile(t, folder, "tally_test.go", diskCheck)
	code, output := commandIn(t, folder, "soak", "--rounds", "2", "--kinds", "crash,crashstress", "--count", "crash=600,crashstress=200", "--seed", "2", "--out", "out", ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "2 of 2 of the canaries found")
	require.Regexp(t, `crashes under load [1-9]`, strings.Join(strings.Fields(output), " "))
}

// Schedules, losses of power at each step and losses under load: a campaign has all of them for code without markers, too.
func TestACampaignTakesCodeWithoutMarkers(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, strings.Replace(safeFileCounter, "\treturn t.settle()\n", "\treturn nil\n", 1))
	writeFile(t, folder, "tally_test.go", fileCheck)
	code, output := commandIn(t, folder, "soak", "--rounds", "3", "--kinds", "explore,crash,crashstress", "--count", "explore=300,crash=60,crashstress=100", "--seed", "1", "--out", "out", ".")
	require.Equal(t, exitViolated, code, output)
	require.Contains(t, output, "3 of 3 of the canaries found")
	require.NotContains(t, output, "not run: crash")
	words := strings.Join(strings.Fields(output), " ")
	require.Regexp(t, ` crash 1 0 .* crashstress 1 0 .*crashes under load [1-9].* explore 1 0 .*schedules 300, partial orders [1-9]\d`, words)
	require.Contains(t, output, "Durability, ")
}
