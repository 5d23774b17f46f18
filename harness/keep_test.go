package harness

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/object"
	"github.com/racewindow/racewindow/storage/disk"
)

// A page keeps bytes on a disk, in the order in which they came. A late page keeps the last ones in memory.
type page struct {
	mu   sync.Mutex
	file disk.File
	text []byte
	kept int // of text, on the disk
	late bool
}

var (
	pageLock = failpoints.WaitPoint(thisPackage, "page/lock")
	writing  = failpoints.Register(thisPackage, "page/writing", failpoints.KindYield, "keep_test.go", 1)
)

func openPage(d disk.Disk, late bool) (*page, error) {
	f, err := d.Open("page")
	if err != nil {
		if f, err = d.Create("page"); err == nil {
			err = d.SyncDir(".")
		}
	}
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	text := make([]byte, size)
	if err == nil && size > 0 {
		if _, err = f.ReadAt(text, 0); errors.Is(err, io.EOF) {
			err = nil
		}
	}
	text = []byte(strings.TrimRight(string(text), "\x00"))
	return &page{file: f, text: text, kept: len(text), late: late}, err
}

func (p *page) Add(ctx context.Context, value uint8) error {
	failpoints.Lock(ctx, pageLock, &p.mu)
	defer p.mu.Unlock()
	p.text = append(p.text, value|1)
	if p.late && len(p.text)-p.kept < 2 {
		return nil
	}
	_, err := p.file.WriteAt(p.text[p.kept:], int64(p.kept))
	failpoints.Yield(ctx, writing)
	p.kept = len(p.text)
	return errors.Join(err, p.file.Sync())
}

func (p *page) Text(ctx context.Context) string {
	failpoints.Lock(ctx, pageLock, &p.mu)
	defer p.mu.Unlock()
	return string(p.text)
}

// Close writes what a late page has kept in memory, so that only a crash takes it.
func (p *page) Close() error {
	_, err := p.file.WriteAt(p.text[p.kept:], int64(p.kept))
	return errors.Join(err, p.file.Sync(), p.file.Close())
}

func pages(late bool) Subject[*page] {
	return Subject[*page]{
		Open: func(_ context.Context, e Env) (*page, error) { return openPage(e.Disk(), late) },
		Ops:  Ops{"add": Op{Do: (*page).Add, Durable: OnReturn}, "text": (*page).Text},
	}
}

// TestPage runs in the processes that TestAKilledCheck kills. Their folder says whether they are late.
func TestPage(t *testing.T) {
	order, err := drive.Parse(flagged(drive.Flag))
	if err != nil {
		t.Skip("nobody has ordered anything")
	}
	Check(t, pages(filepath.Base(order.Dirs[0]) == "late"))
}

func TestACheckLosesPowerUnderLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	crash := func(o *drive.Order) { o.Mode, o.OperationsInAll, o.Cycles, o.Goroutines = drive.Crash, 0, 300, 60 }
	all, text := stressed(t, pages(false), crash)
	require.Len(t, all, 2, text)
	require.Zero(t, all[1].Code, text)
	require.Regexp(t, `held: TestBalance: power was lost \d+ times \(ordered\).*(?s:.*)canary: a durable operation that a crash takes was caught`, all[1].Text)
	var r object.CrashResult
	require.NoError(t, json.Unmarshal(all[1].Summary, &r))
	require.NotZero(t, r.UnderLoad)

	all, text = stressed(t, pages(true), crash)
	require.Len(t, all, 4, text)
	require.Contains(t, all[1].Text, "FAIL Durability")
	require.Contains(t, all[1].Text, "found after ")
	require.Contains(t, all[1].Text, "opened again, text() gives")
	require.Regexp(t, `c\d: add\(\d+\).*crash|without -race: racewindow explore -run '\^TestBalance\$' --crash`, all[2].Text)
	require.Equal(t, 1, all[3].Code)

	for message, change := range map[string]func(*drive.Order){
		"no such persistence model": func(o *drive.Order) { crash(o); o.Crash = "hopeful" },
		"goroutines: at least 2":    func(o *drive.Order) { crash(o); o.Goroutines = 1 },
	} {
		all, text := stressed(t, pages(false), change)
		require.Equal(t, drive.Refused, all[len(all)-1].Event, text)
		require.Contains(t, all[len(all)-1].Text, message)
	}
	all, text = stressed(t, balances(false), crash)
	require.Equal(t, 2, all[len(all)-1].Code, text)
	require.Contains(t, all[len(all)-1].Text, "set Op.Durable")
}

// An exploration that loses no power would fail with what only a crash shows, although nobody asked for crashes.
func TestAKeptLossOfPowerIsLeftToCrash(t *testing.T) {
	if raceoff.Enabled {
		t.Skip("the disk is examined between two threads, which cannot be under the race detector")
	}
	t.Chdir(t.TempDir())
	explored := func(late bool, crash string) (last drive.Event, text string) {
		all, text := ordered(t, "TestBalance", pages(late), func(o *drive.Order) {
			o.Mode, o.OperationsInAll, o.Goroutines, o.Crash = drive.Explore, 0, 0, crash
			o.Schedules, o.Seed, o.Threads, o.Operations, o.PerProgram = 300, 1, 2, 2, 20
		})
		return all[len(all)-1], text
	}
	last, text := explored(true, "ordered")
	require.Equal(t, 1, last.Code, text)
	files, err := filepath.Glob("testdata/racewindow/TestBalance/*.case")
	require.NoError(t, err)
	require.Len(t, files, 1)

	last, text = explored(true, "")
	require.Zero(t, last.Code, text)
	require.Contains(t, last.Text, "1 kept case of a loss of power not executed: racewindow crash -run '^TestBalance$' does that first")
	require.NotContains(t, text, "the kept case")
	require.NotContains(t, text, "FAIL")

	last, text = explored(false, "ordered")
	require.Zero(t, last.Code, text)
	require.NotContains(t, last.Text, "not executed")
	require.Contains(t, text, "the kept case "+files[0]+" holds now")
}

func TestAKilledCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	kills := func(late string) (all []drive.Event, text string) {
		dir := filepath.Join(t.TempDir(), late)
		require.NoError(t, os.Mkdir(dir, 0o777))
		return ordered(t, "TestPage", pages(late == "late"), func(o *drive.Order) {
			o.Mode, o.OperationsInAll, o.Kills, o.Goroutines, o.Dirs, o.Acknowledgements = drive.Kill, 0, 8, 6, []string{dir}, 100
		})
	}
	all, text := kills("right")
	require.Len(t, all, 2, text)
	require.Zero(t, all[1].Code, text)
	require.Regexp(t, `held: TestPage: 8 processes were killed.*(?s:.*)no lost pages(?s:.*)canary: a durable operation that a crash takes was caught`, all[1].Text)

	all, text = kills("late")
	require.Len(t, all, 4, text)
	require.Contains(t, all[1].Text, "FAIL Durability")
	require.Contains(t, all[1].Text, "replay: racewindow kill -run '^TestPage$' --goroutines 300 --seed 1")
	require.Contains(t, all[1].Text, "(durable)")
	require.Contains(t, all[2].Text, "racewindow explore -run '^TestPage$' --crash --program 'v1 test=TestPage")
	require.Equal(t, 1, all[3].Code)
}

// A Check of a dependency would write into files that others have too.
func TestNoCaseIsKeptInAFolderThatIsNotTheUsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vendor := filepath.Join(dir, "vendor")
	require.False(t, foreign(filepath.Join(vendor, "a")), "a folder may be called so")
	require.NoError(t, os.Mkdir(vendor, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(vendor, "modules.txt"), nil, 0o600))
	require.True(t, foreign(filepath.Join(vendor, "example.com", "a")))
	require.True(t, foreign("/go/pkg/mod/example.com/a@v1.2.3/sub"))
	require.False(t, foreign(dir))
}
