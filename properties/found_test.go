package properties

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/stretchr/testify/require"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

var (
	seedsFlag   = flag.Int("racewindow.seeds", 1, "how many `seeds` each bad hand-over is looked for with")
	rewriteFlag = flag.Bool("racewindow.rewrite", false, "rewrite the golden files")
)

// The known-bad hand-overs: within how many cases a violation is found, and how small it gets. Its delays are "while" and
// "until", which hold the interleaving open, so the shrunk case shows it each time.
var bad = []struct {
	handover string
	within   int
	largest  Size
	promises []string
}{
	{"stale", 5000, Size{Threads: 2, Appends: 1, Flushes: 1, Reads: 1, Records: 2, Delays: 2}, readAfterWrite},
	{"recheckliteral", 200, Size{Threads: 1, Appends: 1, Reads: 1, Others: 1, Records: 1}, eitherLog},
	{"recheck", 8000, Size{Threads: 2, Appends: 1, Flushes: 1, Reads: 1, Records: 2, Delays: 2}, readAfterWrite},
	{"fallback", 5000, Size{Threads: 1, Appends: 2, Reads: 1, Records: 2}, eitherLog},
}

// The promises that a bad hand-over breaks first. One that needs no second thread loses a write of the case's second log just
// as well as one of its first.
var (
	readAfterWrite = []string{"ReadAfterWrite"}
	eitherLog      = []string{"ReadAfterWrite", "OtherLog"}
)

// spread returns the least, the median and the largest of some numbers.
func spread(numbers []int) string {
	slices.Sort(numbers)
	return fmt.Sprintf("%d/%d/%d", numbers[0], numbers[len(numbers)/2], numbers[len(numbers)-1])
}

func TestBadHandoversAreFoundAndShrunk(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	begun := 0
	defer func() { require.Positive(t, begun, "-test.run leaves no hand-over to look for") }()
	for _, b := range bad {
		t.Run(b.handover, func(t *testing.T) {
			begun++ // the others of this loop have not begun, or stand at the next line
			t.Parallel()
			var executed, operations, records, delays, steps, replayed []int
			began := time.Now()
			for seed := range int64(*seedsFlag) {
				s := &Search{
					Name: t.Name(), Seed: *seedFlag + seed, Again: fmt.Sprintf("make properties RUN=%s SEED=%d", t.Name(), *seedFlag+seed),
					Progress: func(line string) { say(t, "%s", line) },
					Cases:    b.within, Sure: true, Shape: Shape{Handovers: []string{b.handover}, Threads: 3, Operations: 4, Delays: 2, Quiet: true},
				}
				found, err := s.Run()
				require.NoError(t, err)
				require.True(t, found, "%d cases of %s broke no promise, seed %d", s.Executed, b.handover, s.Seed)
				report := s.Report()
				require.NoError(t, WriteReport(s.Name, s.Seed, report))
				if seed == 0 {
					say(t, "must be found, and is:\n%s", report)
				}
				size := SizeOf(s.Shrunk)
				require.Contains(t, b.promises, s.Found.Violation.Promise.Name)
				requireAtMost(t, b.largest, size, report)
				executed, steps, replayed = append(executed, s.Executed), append(steps, s.Steps), append(replayed, s.Replayed(5))
				operations, records, delays = append(operations, size.Operations()), append(records, size.Records), append(delays, size.Delays)
			}
			say(t, "%d seeds, least/middle/most: found after %s cases; shrunk to %s operations, %s records, %s delays in %s steps; replays of 5: %s; %v in all",
				*seedsFlag, spread(executed), spread(operations), spread(records), spread(delays), spread(steps), spread(replayed), time.Since(began).Round(time.Second))
		})
	}
}

// requireAtMost requires that a shrunk case has at most so many of each thing.
func requireAtMost(t *testing.T, largest, size Size, report string) {
	t.Helper()
	for _, pair := range [][2]int{
		{size.Threads, largest.Threads},
		{size.Operations(), largest.Operations()},
		{size.Appends, largest.Appends},
		{size.Flushes, largest.Flushes},
		{size.Reads, largest.Reads},
		{size.Others, largest.Others},
		{size.Records, largest.Records},
		{size.Delays, largest.Delays},
	} {
		require.LessOrEqual(t, pair[0], pair[1], "%v, at most %v\n%s", size, largest, report)
	}
}

// always draws the same case.
func always(c cases.Case) gopter.Gen {
	return func(*gopter.GenParameters) *gopter.GenResult { return gopter.NewGenResult(c, Shrinker) }
}

// A case that cannot be executed as drawn counts neither for nor against, and is replaced. If every case is like that, the
// search fails, because it has tested nothing.
func TestASearchThatExecutesTooFewCasesFails(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	never, err := cases.Parse("v1 scenario=log handover=stale; w0: append 1; r0: read - end; ~ r0@op#0=until:w0@flush/trimmed#1")
	require.NoError(t, err)
	s := &Search{Name: "never", Cases: 5, draw: always(never)}
	found, err := s.Run()
	require.False(t, found)
	require.ErrorContains(t, err, "of 20 cases only 0 could be executed as they are written")

	holds, err := cases.Parse("v1 scenario=log handover=stale; w0: append 1, read - end")
	require.NoError(t, err)
	drawn := 0
	s = &Search{Name: "half", Cases: 5, draw: func(*gopter.GenParameters) *gopter.GenResult {
		if drawn++; drawn%2 == 0 {
			return gopter.NewGenResult(holds, Shrinker)
		}
		return gopter.NewGenResult(never, Shrinker)
	}}
	found, err = s.Run()
	require.NoError(t, err)
	require.False(t, found)
	require.Equal(t, 5, s.Executed)
	require.Equal(t, drawn, s.Drawn())
	require.GreaterOrEqual(t, s.Unmet, 5)
}

// The report of a shrunk case, from a case that is always the same: nothing in it depends on time.
func TestAShrinkReportSaysWhatAPersonNeeds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const drawn = "v1 scenario=log handover=stale arena=128 seed=7; w0: append 3 of 0/1/200, append 1, read acked-1 acked, append 2, read - acked; " +
		"f0: flush, read - end, abort 1+1, flush; r0: read - end; " +
		"~ w0@read/before-tail#2=while:f0#1, r0@op#0=until:f0@op#4, f0@op#2=100us"
	c, err := cases.Parse(drawn)
	require.NoError(t, err)
	// A busy machine gets all the time that it needs; a candidate whose "while" cannot come true costs the same time.
	s := &Search{Name: "golden", Again: "make properties RUN=golden SEED=1", Seed: 1, Cases: 1, draw: always(c), leisure: 5 * time.Second}
	found, err := s.Run()
	require.NoError(t, err)
	require.True(t, found)
	// The steps depend on the Go scheduler; the result does not.
	report := regexp.MustCompile(`in \d+ steps, \d+ candidates tried`).ReplaceAllString(s.Report(), "in N steps, N candidates tried")
	golden := filepath.Join("testdata", "shrink-report.txt")
	if *rewriteFlag {
		require.NoError(t, os.WriteFile(golden, []byte(report), 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), report)
}

func TestAReportIsWrittenWhereTheEnvironmentSays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	t.Setenv("RACEWINDOW_OUT", "")
	require.NoError(t, WriteReport("TestX/a b", 3, "text"))
	require.NoDirExists(t, folder)
	t.Setenv("RACEWINDOW_OUT", folder)
	require.NoError(t, WriteReport("TestX/a b", 3, "text"))
	content, err := os.ReadFile(filepath.Join(folder, "shrunk-TestX-a-b-3.txt"))
	require.NoError(t, err)
	require.Equal(t, "text", string(content))
}
