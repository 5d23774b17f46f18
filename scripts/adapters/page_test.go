package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/scripts/pages"
)

const page = "../../harness/adapters/README.md"

func TestThePageHasARowForEachCellAndForEachPublishedBug(t *testing.T) {
	t.Parallel()
	for made, want := range map[string][]string{command: names(cells), publishedCommand: names(published)} {
		slices.Sort(want)
		require.Equal(t, want, slices.Compact(slices.Clone(want)), "two rows have one name")
		rows, err := pages.Rows(page, made)
		require.NoError(t, err)
		require.Equal(t, want, rows)
	}
}

func TestEachAdapterIsTriedInEveryWay(t *testing.T) {
	t.Parallel()
	checks, err := filepath.Glob("../../harness/adapters/*/check_test.go")
	require.NoError(t, err)
	require.NotEmpty(t, checks)
	for _, check := range checks {
		folder := filepath.Base(filepath.Dir(check))
		for way := range ways {
			require.True(t, slices.ContainsFunc(cells, func(c cell) bool { return c.folder == folder && c.way == way }), "%s, %s: give it a cell", folder, way)
		}
	}
	for _, c := range cells {
		require.Contains(t, ways, c.way, c.name())
		require.FileExists(t, filepath.Join("../../harness/adapters", c.folder, "check_test.go"))
	}
}

// What the page says came of a cell is what the cell expects, and a finding has a page.
func TestThePageSaysWhatIsExpected(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, c := range cells {
		i := slices.IndexFunc(strings.Split(string(text), "\n"), func(line string) bool { return first(line) == c.name() })
		require.GreaterOrEqual(t, i, 0, c.name())
		line := strings.Split(string(text), "\n")[i]
		require.Contains(t, line, "| "+c.came(), c.name())
		if c.broken == "" {
			require.Empty(t, c.page, c.name())
			continue
		}
		if !strings.HasPrefix(c.page, "https://") {
			require.FileExists(t, filepath.Join("../../harness/adapters", c.page))
		}
	}
}

// What the command says instead of a verdict is looked for word by word, so it must be what the command can say.
func TestWhatIsRefusedIsInTheWordsOfTheHarness(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, c := range cells {
		said[c.refused] = true
	}
	for _, k := range published {
		said[k.refused] = true
	}
	delete(said, "")
	require.NotEmpty(t, said)
	require.NoError(t, filepath.WalkDir("../../harness", func(name string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for words := range said {
			if strings.Contains(string(text), words) {
				delete(said, words)
			}
		}
		return err
	}))
	require.Empty(t, said)
}

func TestWhatIsNotExpectedIsAnError(t *testing.T) {
	t.Parallel()
	holds, breaks, refused := cell{}, cell{broken: "Durability"}, cell{refused: "cannot be recorded"}
	for _, each := range []struct {
		c      cell
		code   int
		broken string
		output string
		says   string
	}{
		{holds, 0, "", "", ""},
		{holds, 1, "Durability", "", "it must hold, and ended with 1"},
		{holds, 3, "", "", "it must hold, and ended with 3"},
		{breaks, 1, "Durability", "", ""},
		{breaks, 0, "", "", "it ended with 0"},
		{breaks, 1, "Progress", "", "it was Progress"},
		{cell{broken: "Progress or Durability"}, 1, "Durability", "", ""},
		{cell{broken: "Progress or Durability"}, 1, "SecondLife", "", "it was SecondLife"},
		{cell{broken: "Durability", seldom: true}, 0, "", "", ""},
		{cell{broken: "Durability", seldom: true}, 1, "Durability", "", ""},
		{cell{broken: "Durability", seldom: true}, 1, "Progress", "", "it was Progress"},
		{cell{broken: "Durability", seldom: true}, 3, "", "", "it ended with 3"},
		{refused, 3, "", "mmap cannot\n  be recorded", ""},
		{refused, 3, "", "out of memory", "cannot be recorded"},
		{refused, 0, "", "cannot be recorded", "ended with 0"},
	} {
		err := each.c.judge(result{promise: each.broken}, each.output, each.code)
		if each.says == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, each.says)
		}
	}
}

func TestRowsOfCellsThatWereNotTriedStay(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "page.md")
	begin, end := pages.Marks(command)
	one, two := cells[0], cells[1]
	require.NoError(t, os.WriteFile(name, []byte(begin+"\n| "+two.name()+" | old |\n| nobody, crash | old |\n"+end+"\n"), 0o600))
	rows := table{command: command, header: header, names: []string{one.name(), two.name()}}
	require.NoError(t, write(name, rows, []string{"| " + one.name() + " | new |"}))
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, begin+"\n\n"+header+"| "+one.name()+" | new |\n| "+two.name()+" | old |\n\n"+end+"\n", string(text))
}

func TestARowHasTheCountsOfItsWay(t *testing.T) {
	t.Parallel()
	searched := &explore.Summary{}
	searched.Statistics.Schedules, searched.Statistics.Duration = 1500, 10*time.Second
	counts := map[string]uint64{"operations": 8603, "instances": 1968, "acknowledged as durable": 12, "recoveries": 41, "kills": 20, "crashes": 300, "distinct disks": 330}
	for way, want := range map[string]string{
		"explore": "| e, explore |  | 1,500 |  | 150 schedules | held |",
		"stress":  "| e, stress | 8,603 in 1,968 instances |  |  |  | held |",
		power:     "| e, stress --crash | 8,603 in 1,968 instances |  | 330 after 300 losses |  | held |",
	} {
		require.Equal(t, want, cell{engine: "e", way: way}.row(result{summary: searched, counts: counts}))
	}
	require.Equal(t, "| e, kill | 8,603, 12 durable |  | 41 folders after 20 kills |  | held |", cell{engine: "e", way: "kill"}.row(result{counts: counts, summary: searched}))
}

// A bug that others have published is found by a way of the table, or the page says why it is not.
func TestThePageSaysOfEachPublishedBugWhetherItIsFound(t *testing.T) {
	t.Parallel()
	made, err := pages.Made(page, publishedCommand)
	require.NoError(t, err)
	_, rows := pages.Table(made)
	for _, k := range published {
		row := rows[k.name()]
		require.Len(t, row, 7, k.name())
		require.Equal(t, []string{k.name(), k.version(), k.published(), k.came()}, row[:4])
		require.Contains(t, ways, k.way, k.name())
		require.FileExists(t, filepath.Join("../../harness/adapters", k.folder, "check_test.go"))
		if k.broken == "" {
			require.NotEmpty(t, k.because, k.name())
		}
	}
}

func TestARowOfAPublishedBugHasItsReleaseAndHowLongItTook(t *testing.T) {
	t.Parallel()
	const badger, bbolt = "github.com/dgraph-io/badger/v4@v4.9.6", "go.etcd.io/bbolt@v1.5.0"
	const address = "https://github.com/dgraph-io/badger/"
	searched := &explore.Summary{}
	searched.Statistics.Schedules, searched.Crashes.Distinct = 2000, 143
	got := result{after: 1965, summary: searched, counts: map[string]uint64{"recoveries": 22, "kills": 11}}
	for _, each := range []struct {
		k    known
		want string
	}{
		{
			known{cell{way: "kill", broken: "Durability"}, badger, address + "issues/2207"},
			"| , kill | badger 4.9.6 | [issue 2207](" + address + "issues/2207) | found: Durability |  | 22 folders after 11 kills | 81 |",
		},
		{
			known{cell{way: "crash", broken: "Durability"}, bbolt, address + "pull/7"},
			"| , crash | bbolt 1.5.0 | [pull request 7](" + address + "pull/7) | found: Durability | 1,965 | 143 | 81 |",
		},
		{
			known{cell{way: "crash", because: "nobody deletes"}, bbolt, address + "issues/1"},
			"| , crash | bbolt 1.5.0 | [issue 1](" + address + "issues/1) | not found: nobody deletes | 2,000 | 143 | 81 |",
		},
		{
			known{cell{way: "crash", refused: "mmap", because: "it maps"}, bbolt, address + "issues/1"},
			"| , crash | bbolt 1.5.0 | [issue 1](" + address + "issues/1) | not found, no verdict: it maps |  |  |  |",
		},
	} {
		require.Equal(t, each.want, each.k.row(got, 81*time.Second))
	}
}
