package weaken_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/failpoints/weaken"
)

// TestMain lets this binary keep test binaries for the go command.
func TestMain(m *testing.M) {
	if weaken.IsKeeper() {
		os.Exit(weaken.Keep())
	}
	os.Exit(m.Run())
}

// module writes a module of testdata to a folder of its own; more changes or adds files, by name.
func module(t *testing.T, name string, more map[string]string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds modules with the go command; tests without -short do, as make test does")
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	for name, text := range more {
		files[name] = text
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	return dir
}

func find(t *testing.T, dir string, patterns ...string) *weaken.Found {
	t.Helper()
	found, err := weaken.Find(context.Background(), weaken.Search{Dir: dir, Patterns: patterns})
	require.NoError(t, err)
	return found
}

func TestEveryFormOfAPlaceIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	found := find(t, module(t, "forms", nil), "./...")
	var names []string
	for _, p := range found.Places {
		names = append(names, strings.TrimPrefix(p.Name(), "forms.go "))
	}
	require.Equal(t, []string{
		"(*file).datasync: sync: syscall.Fdatasync(int(f.Fd()))",
		"statements: sync: f.Sync()",
		"statements: sync: f.Sync() #2",
		"statements: sync: f.Sync() #3",
		"statements: sync: f.Sync() #4",
		"statements: sync: f.Sync() #5",
		"statements: sync: f.Sync() #6",
		"statements: sync: f.Sync() #7",
		"statements: error check: f.Truncate(0)",
		"statements: sync: f.Sync() #8",
		"silent: sync: f.Sync()",
		"comparisons: checksum: got != want",
		"comparisons: checksum: uint64(h.Sum32()) == uint64(want)",
		"comparisons: error check: f.ReadAt(frame, 0)",
		"comparisons: error check: w.Flush()",
		"(*file).write: error check: f.Write(frame)",
		"(*file).write: sync: f.datasync()",
	}, names)
	require.Equal(t, []string{
		"forms.go:42: defer f.Sync(): a label stands before it",
		"forms.go:64: got == want: its result has a type of its own, example.com/forms.truth",
		"forms.go:85: got == 0: its result has a type of its own, example.com/forms.truth",
	}, found.Left)
	require.Equal(t, []string{"example.com/forms"}, found.Packages)
}

func TestSwitchesMoveNoLineAndTheCodeStillCompiles(t *testing.T) {
	t.Parallel()
	dir := module(t, "forms", nil)
	found := find(t, dir, ".")
	require.Len(t, found.Changed, 1)
	require.Len(t, found.Added, 1)
	for path, text := range found.Changed {
		was, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, strings.Count(string(was), "\n"), strings.Count(string(text), "\n"))
		require.Equal(t, len(found.Places), strings.Count(string(text), "_racewindow_weakened("))
	}
	code, err := overlay.Run(context.Background(), overlay.Command{
		Verb: "build", Dir: dir, Args: []string{"."}, Change: found.Changed, Add: found.Added, Stderr: os.Stderr,
	})
	require.NoError(t, err)
	require.Zero(t, code)
}

func TestAPackageThatDoesNotCompileIsAnErrorThatNamesThePlace(t *testing.T) {
	t.Parallel()
	dir := module(t, "forms", map[string]string{"broken.go": "package forms\n\nvar x int = \"no\"\n"})
	_, err := weaken.Find(context.Background(), weaken.Search{Dir: dir, Patterns: []string{"."}})
	require.ErrorIs(t, err, weaken.ErrLoad)
	require.ErrorContains(t, err, "broken.go:3")
}

// run weakens the packages of a module.
func run(t *testing.T, dir string, c weaken.Config, args ...string) (*weaken.Summary, error) {
	t.Helper()
	keeper, err := os.Executable()
	require.NoError(t, err)
	c.Keeper = keeper
	c.Command = overlay.Command{Verb: "test", Dir: dir, Args: args}
	return weaken.Run(context.Background(), c)
}

// verdicts returns the verdict of each place, by name.
func verdicts(s *weaken.Summary) map[string]string {
	all := map[string]string{}
	for _, r := range s.Results {
		all[r.Name()] = strings.TrimSpace(string(r.Verdict) + " " + r.Test)
	}
	return all
}

func TestEachPlaceIsNoticedByTheTestThatNeedsItOrMissed(t *testing.T) {
	t.Parallel()
	dir := module(t, "store", nil)
	s, err := run(t, dir, weaken.Config{}, "./...")
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"store.go (*Store).Append: error check: s.write(Frame(record))": "noticed TestAppendSaysThatAWriteFailed",
		"store.go (*Store).write: error check: s.file.Write(frame)":     "noticed TestAppendSaysThatAWriteFailed",
		"store.go (*Store).write: sync: s.file.Sync()":                  "noticed TestAppendIsDurable",
		"store.go (*Store).write: error check: s.file.Sync()":           "unreached",
		"store.go (*Store).Close: sync: s.file.Sync()":                  "missed",
		"store.go (*Store).Close: sync: s.file.Sync() #2":               "missed",
		"store.go (*Store).Close: sync: s.file.Sync() #3":               "missed",
		`store.go (*Store).Named: directory sync: disk.SyncDir(".")`:    "unreached",
		"store.go Parse: checksum: frame[0] != crc":                     "noticed TestDamageIsFound",
		"store.go Same: checksum: bytes.Equal(got[:], want[:])":         "unreached",
		"store.go Same: checksum: got == want":                          "unreached",
		"disk/disk.go SyncDir: error check: os.Open(folder)":            "unreached",
		"disk/disk.go SyncDir: directory sync: f.Sync()":                "unreached",
	}, verdicts(s))
	require.Equal(t, 4, s.Noticed)
	require.Equal(t, 9, s.Missed)
	require.Equal(t, []string{"."}, s.Tests, "disk has no test")
	require.NotEmpty(t, s.Canary)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 4, "nothing is added to the module")
}

// nothingElse leaves one place in the package, so that the run is short.
const nothingElse = `package store

import "example.com/store/disk"

type Store struct{ file disk.File }

func New(f disk.File) *Store { return &Store{f} }

func (s *Store) Append(r []byte) error { s.file.Write(r); return s.file.Sync() }
`

// small is a module with one place, and a test of its own.
func small(t *testing.T, test string) string {
	return module(t, "store", map[string]string{"store.go": nothingElse, "store_test.go": test})
}

const place = "store.go (*Store).Append: sync: s.file.Sync()"

func TestAKnownPlaceIsNoFailureAndAStaleOneIsAnError(t *testing.T) {
	t.Parallel()
	test := "package store\n\nimport \"testing\"\n\ntype file struct{ synced bool }\n\nfunc (f *file) Write(b []byte) (int, error) { return len(b), nil }\n\nfunc (f *file) Sync() error { f.synced = true; return nil }\n\n"
	known, err := weaken.ParseKnown(place + " because the folder is in memory")
	require.NoError(t, err)
	t.Run("missed", func(t *testing.T) {
		t.Parallel()
		s, err := run(t, small(t, test+"func TestAppend(t *testing.T) { New(&file{}).Append(nil) }\n"), weaken.Config{Known: known}, ".")
		require.NoError(t, err)
		require.Equal(t, 1, s.Known)
		require.Zero(t, s.Missed+s.Noticed+len(s.Stale))
		require.Equal(t, "the folder is in memory", s.Results[0].Reason)
	})
	t.Run("noticed", func(t *testing.T) {
		t.Parallel()
		s, err := run(t, small(t, test+"func TestAppend(t *testing.T) { f := &file{}; New(f).Append(nil); if !f.synced { panic(\"not synced\") } }\n"), weaken.Config{Known: known}, ".")
		require.NoError(t, err)
		require.Equal(t, []string{place + ": TestAppend notices it (panic: not synced)"}, s.Stale)
	})
	t.Run("of no place", func(t *testing.T) {
		t.Parallel()
		known := []weaken.Known{{Name: "store.go Gone: sync: f.Sync()", Reason: "x", Line: 7}}
		_, err := run(t, small(t, test), weaken.Config{Known: known}, ".")
		var asked weaken.UsageError
		require.ErrorAs(t, err, &asked)
		require.ErrorContains(t, err, "line 7: there is no place store.go Gone")
	})
}

func TestATestThatHangsOrEndsItsProcessNotices(t *testing.T) {
	t.Parallel()
	for how, with := range map[string]struct {
		wait string
		each time.Duration
	}{
		"did not end within 5s": {"for !f.synced { time.Sleep(time.Millisecond) }", 5 * time.Second}, // in which a busy machine comes to it
		"exit status 7":         {"if !f.synced { os.Exit(7) }; _ = time.Second", time.Minute},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s, err := run(t, small(t, "package store\n\nimport (\"os\"; \"testing\"; \"time\")\n\nvar _ = os.Exit\n\ntype file struct{ synced bool }\n\nfunc (f *file) Write(b []byte) (int, error) { return len(b), nil }\n\nfunc (f *file) Sync() error { f.synced = true; return nil }\n\n"+
				"func TestAppend(t *testing.T) { f := &file{}; New(f).Append(nil); "+with.wait+" }\n"), weaken.Config{Each: with.each}, ".")
			require.NoError(t, err)
			require.Equal(t, weaken.Noticed, s.Results[0].Verdict)
			require.Equal(t, "TestAppend", s.Results[0].Test)
			require.Equal(t, how, s.Results[0].How)
		})
	}
}

func TestSlowTestsRunAloneSoThatOnlyThoseThatReachAPlaceRun(t *testing.T) {
	t.Parallel()
	dir := small(t, "package store\n\nimport (\"fmt\"; \"os\"; \"testing\"; \"time\")\n\ntype file struct{ synced bool }\n\nfunc (f *file) Write(b []byte) (int, error) { return len(b), nil }\n\nfunc (f *file) Sync() error { f.synced = true; return nil }\n\n"+
		"func TestSlow(t *testing.T) { os.MkdirTemp(\".\", \"ran-\"); fmt.Print(\"no line\"); time.Sleep(2100*time.Millisecond) }\n\nfunc TestA(t *testing.T) { New(&file{}).Append(nil) }\n\nfunc TestB(t *testing.T) { f := &file{}; New(f).Append(nil); if !f.synced { t.Fatal(\"not\") } }\n")
	s, err := run(t, dir, weaken.Config{}, ".")
	require.NoError(t, err)
	require.Equal(t, 2, s.Results[0].Tests)
	require.Equal(t, "TestB", s.Results[0].Test)
	ran, err := filepath.Glob(filepath.Join(dir, "ran-*"))
	require.NoError(t, err)
	require.Len(t, ran, 2, "without a change, with the others and alone: the slow test reaches nothing, and did not run again")
}

func TestWhatCannotBeJudgedIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		test string
		args []string
		says string
		is   error
	}{
		"tests fail without a change": {"package store\n\nimport \"testing\"\n\nfunc TestNo(t *testing.T) { t.Fatal(\"no\") }\n", []string{"."}, "fail without any change, so they cannot notice one: TestNo", nil},
		"no test reaches a place":     {"package store\n\nimport \"testing\"\n\nfunc TestYes(t *testing.T) {}\n", []string{"."}, "no test reaches any of the 1 places", weaken.ErrNothing},
		"no test needs the package":   {"package store\n", []string{"./disk"}, "no package of ./disk has a test that needs", weaken.ErrNothing},
		"the tests do not compile":    {"package store\n\nvar x int = true\n", []string{"."}, "store_test.go:3", nil},
		"no such test":                {"package store\n\nimport \"testing\"\n\nfunc TestYes(t *testing.T) {}\n", []string{"-run", "No", "."}, "no test ran", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, small(t, c.test), weaken.Config{}, c.args...)
			require.ErrorContains(t, err, c.says)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
	_, err := run(t, module(t, "forms", map[string]string{"forms.go": "package forms\n"}), weaken.Config{}, ".")
	require.ErrorIs(t, err, weaken.ErrNothing)
}

func TestAfterTheBudgetNothingIsTried(t *testing.T) {
	t.Parallel()
	s, err := run(t, module(t, "store", nil), weaken.Config{Budget: time.Nanosecond}, ".")
	require.NoError(t, err)
	require.Equal(t, len(s.Results), s.Untried)
	require.Zero(t, s.Missed)
}

func TestOtherPackagesThanThoseOfTheTestsAreWeakened(t *testing.T) {
	t.Parallel()
	s, err := run(t, module(t, "store", map[string]string{"named_test.go": "package store\n\nimport \"testing\"\n\nfunc TestNamed(t *testing.T) { New(nil).Named() }\n"}),
		weaken.Config{Weaken: []string{"./disk"}}, "-run", "TestNamed", ".")
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"disk/disk.go SyncDir: error check: os.Open(folder)": "unreached",
		"disk/disk.go SyncDir: directory sync: f.Sync()":     "missed",
	}, verdicts(s))
}

func TestAListOfKnownPlacesSaysWhichOfItsLinesAreWrong(t *testing.T) {
	t.Parallel()
	known, err := weaken.ParseKnown("# about\n\n a b: sync: c because of d \nx because y")
	require.NoError(t, err)
	require.Equal(t, []weaken.Known{{"a b: sync: c", "of d", 3}, {"x", "y", 4}}, known)
	_, err = weaken.ParseKnown("nothing\nx because \nx because y\nx because z")
	for _, says := range []string{`line 1: "nothing" is not NAME because REASON`, "line 2:", "line 4: x is already in line 3"} {
		require.ErrorContains(t, err, says)
	}
}

func TestACancelledRunEndsWithTheCause(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	stopped := errors.New("stopped")
	keeper, err := os.Executable()
	require.NoError(t, err)
	_, err = weaken.Run(ctx, weaken.Config{
		Command: overlay.Command{Verb: "test", Dir: module(t, "store", nil), Args: []string{"."}}, Keeper: keeper,
		Progress: func(p weaken.Progress) {
			if strings.HasPrefix(p.Step, "running the tests") {
				cancel(stopped)
			}
		},
	})
	require.ErrorIs(t, err, stopped)
}
