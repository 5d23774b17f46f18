package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/rounds"
)

var corpusFolder = filepath.Join("..", "..", "..", "testdata", "cases")

func TestASoakThatIsCalledWrongEndsWithTwo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	for message, args := range map[string][]string{
		"--out: say where":          {},
		"counted from 0":            {"--out", out, "--shard", "4/4"},
		"--for 0s":                  {"--out", out, "--for", "0s"},
		"holds no case (*.case):":   {"--out", out, "--corpus", out},
		`no kind is called "crush"`: {"--out", out, "--corpus", corpusFolder, "--kinds", "crush"},
		`minimum "rounds"`:          {"--out", out, "--corpus", corpusFolder, "--minimum", "rounds"},
		"--round: not a round":      {"--round", "v1 kind=explore"},
		`variant=nobody: no hand-over is called "nobody"`:            {"--round", "v1 kind=stress variant=nobody seed=1 for=1s"},
		"kill has no variant of that name: choose one of":            {"--round", "v1 kind=kill variant=nobody seed=1 for=1s"},
		`no count is called "schedulse" (did you mean "schedules"?)`: {"--out", t.TempDir(), "--corpus", corpusFolder, "--minimum", "schedulse=1"},
		"--listen: ":                        {"--out", t.TempDir(), "--corpus", corpusFolder, "--listen", "203.0.113.7:80"},
		`no kind is called "guess"`:         {"--round", "v1 kind=guess variant=snapshot for=1s"},
		`(did you mean "merge"?)`:           {"merge-all"},
		`--listen: invalid soak settings`:   {"--out", out, "--corpus", corpusFolder, "--listen", "nowhere"},
		"give the folders to merge":         {"merge"},
		"give the fingerprints of findings": {"close"},
		"journal.jsonl: no such file":       {"close", "0123abcd", "--out", out + "-none"},
		`--handovers: no hand-over is called "snapshto" (did you mean "snapshot"?): choose one of fallback, `: {"--out", out, "--corpus", corpusFolder, "--handovers", "snapshot,snapshto"},
		`--handovers is empty: give a value (NAME,...)`:                                                       {"--out", out, "--corpus", corpusFolder, "--handovers", "snapshot,"},
		"--kinds: none can be run here: race: /nothing is not there":                                          {"--out", out, "--corpus", corpusFolder, "--kinds", "race", "--race-binary", "/nothing"},
		"name another folder":                  {"merge", "--out", out, out},
		"race cannot be run here: /nothing is": {"--race-binary", "/nothing", "--round", "v1 kind=race variant=snapshot for=1s"},
	} {
		code, _, stderr := command(t, append([]string{"soak"}, args...)...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, message, "%v", args)
	}
}

// Rounds that count, and campaigns of packages: what is wrong is told before anything is built.
func TestASoakOfPackagesThatIsCalledWrongEndsWithTwo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	for message, args := range map[string][]string{
		"--rounds 0: at least 1":                                  {"--out", out, "--rounds", "0"},
		`--count "0": write N or`:                                 {"--out", out, "--corpus", corpusFolder, "--count", "0"},
		`kind is called "kil" (did`:                               {"--out", out, "--corpus", corpusFolder, "--count", "kil=3"},
		"a round has its own count":                               {"--count", "3", "--round", "v1 kind=kill variant=disk for=1s"},
		"--set is for the Checks":                                 {"--out", out, "--set", "size=3"},
		"for the log that the":                                    {"--out", out, "--corpus", corpusFolder, "./somewhere"},
		"choose one of explore, crash, race, crashstress, kill\n": {"--out", out, "--kinds", "crush", "./somewhere"},
		"rounds of Checks is":                                     {"--round", "v1 kind=kil variant=example.com/cache:TestCache for=1s"},
	} {
		code, _, stderr := command(t, append([]string{"soak"}, args...)...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Contains(t, stderr, message, "%v", args)
	}
}

// Four shards as processes: no round is done twice, the bug that all of them find is one finding.
func TestFourShardsAreMerged(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := t.TempDir()
	var folders []string
	var all sync.WaitGroup
	codes := make([]int, 4)
	for i := range codes {
		out := filepath.Join(folder, fmt.Sprintf("shard-%d", i))
		folders = append(folders, out)
		all.Go(func() {
			codes[i], _, _ = command(t, "soak", "--rounds", "2", "--count", "300", "--seed", "5", "--shard", fmt.Sprintf("%d/4", i), "--out", out, "--corpus", corpusFolder,
				"--kinds", "explore", "--handovers", "recheckliteral", "--canary-within", "0", "--minimum", "none,explore=1")
		})
	}
	all.Wait()
	require.Equal(t, []int{1, 1, 1, 1}, codes)
	merged := filepath.Join(folder, "merged")
	code, stdout, stderr := command(t, append([]string{"soak", "merge", "--out", merged, "--minimum", "none,explore=4"}, folders...)...)
	require.Equal(t, exitViolated, code, stderr)
	require.Contains(t, stdout, "soak violated:")
	m, err := soak.ReadSummary(merged)
	require.NoError(t, err)
	require.Len(t, m.Shards, 4)
	rounds, counts := uint64(0), map[string]uint64{}
	for _, f := range folders {
		s, err := soak.ReadSummary(f)
		require.NoError(t, err)
		rounds += s.State.Rounds
		for print, found := range s.State.Findings {
			counts[print] += found.Count
		}
	}
	require.Equal(t, rounds, m.State.Rounds)
	// What all of them call by one name is one finding; what two call by two may be one too, and no sighting is lost for that.
	seen, left := uint64(0), uint64(0)
	for _, n := range counts {
		seen += n
	}
	require.NotEmpty(t, m.State.Findings)
	require.LessOrEqual(t, len(m.State.Findings), len(counts))
	for print, f := range m.State.Findings {
		left += f.Count
		require.GreaterOrEqual(t, f.Count, counts[print])
		require.FileExists(t, filepath.Join(merged, "findings", print, "report.html"))
	}
	require.Equal(t, seen, left)
}

// SIGTERM ends a campaign in order; what it found runs again by the printed line.
func TestASoakThatIsToldToEndWritesItsSummary(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	c := exec.Command(os.Args[0], "soak", "--for", "1h", "--count", "explore=600,stress=2000", "--seed", "5", "--out", out, "--corpus", corpusFolder, "--kinds", "explore,stress",
		"--handovers", "recheckliteral", "--canary-within", "0", "--minimum", "none,rounds=1000000", "--listen", ":0")
	c.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0")
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Start())
	require.Eventually(t, func() bool {
		s, err := soak.ReadState(out)
		return err == nil && s.Rounds >= 2 && len(s.Findings) > 0
	}, 3*time.Minute, 20*time.Millisecond)
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Error(t, c.Wait())
	require.Equal(t, exitViolated, c.ProcessState.ExitCode(), stderr.String())
	require.Contains(t, stdout.String(), "interrupted")
	require.Contains(t, stdout.String(), "missed: rounds: ")
	require.Regexp(t, `missed: ended early: interrupted, \S+ of 1h0m0s`, stdout.String())
	require.Contains(t, stderr.String(), "live at http://127.0.0.1:")
	require.Contains(t, stderr.String(), "FOUND ")
	content, err := os.ReadFile(filepath.Join(out, "summary.json"))
	require.NoError(t, err)
	require.True(t, json.Valid(content))

	line := regexp.MustCompile(`racewindow soak --round '([^']*)'`).FindStringSubmatch(stdout.String())
	require.NotNil(t, line)
	code, again, _ := command(t, "soak", "--round", line[1])
	require.Equal(t, exitViolated, code, again)
	require.Contains(t, again, "found ReadAfterWrite")
}

func TestASoakBelowItsMinimumsEndsWithThree(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, stderr := command(t, "soak", "--rounds", "1", "--count", "200", "--out", t.TempDir(), "--corpus", corpusFolder, "--kinds", "explore", "--canary-within", "0", "--minimum", "none,crashes=1")
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, stdout, "missed: crashes: 0, at least 1")
	require.Contains(t, stdout, "not run: canaries: --canary-within 0")
}

// The nightly of a kind whose binary is not there did nothing, and must not look like one that found nothing.
func TestAKindThatWasAskedForAndCannotBeRunIsNoPass(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, stderr := command(t, "soak", "--rounds", "1", "--count", "200", "--out", t.TempDir(), "--corpus", corpusFolder, "--kinds", "explore,race", "--race-binary", "/nothing",
		"--canary-within", "0", "--minimum", "canaries=0,schedules=0,failpoints=0,pairs=0,corpus=0")
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, stdout, "soak no verdict: ")
	require.Contains(t, stdout, "  missed: race: 0, at least 1\n")
	require.Contains(t, stdout, "  not run: race: /nothing is not there")
}

func TestTheSchedulesThatAreNeededGrowWithTheTime(t *testing.T) {
	t.Parallel()
	for length, least := range map[time.Duration]uint64{time.Second: 1000, 10 * time.Minute: 6000, 8 * time.Hour: 288_000} {
		f := &soakFlags{config: soak.Config{For: length}}
		require.Equal(t, least, f.leastOf([]soak.Kind{rounds.Explore(nil)})["schedules"], length)
	}
	require.NotContains(t, (&soakFlags{kinds: []string{"fuzz"}}).leastOf(nil), "schedules")
	require.EqualValues(t, 1, (&soakFlags{kinds: []string{"fuzz"}}).leastOf(nil)["fuzz"])
}

func TestAMergeOfWhatIsNotThereEndsWithThree(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "merged")
	code, stdout, stderr := command(t, "soak", "merge", "--out", out, "--minimum", "none", filepath.Join(t.TempDir(), "soak-*"))
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, strings.Join(strings.Fields(stdout), " "), "soak-* cannot be merged: ")
	require.FileExists(t, filepath.Join(out, "summary.xml"))
}

// What rounds found is quoted by errors too.
func TestAnErrorOfACampaignDisturbsNoTerminal(t *testing.T) {
	t.Parallel()
	err := printSoak(io.Discard, nil, fmt.Errorf("%w: lost\n\x1b[2J", soak.ErrTooLittle))
	require.ErrorIs(t, err, soak.ErrTooLittle)
	require.Equal(t, "the campaign did too little: lost  [2J", err.Error())
}

// A campaign that is killed in the midst of crashes and kills leaves nothing in the way of its next start, which goes on.
func TestASoakThatIsKilledGoesOnAndItsFilesGo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	if _, err := rounds.NewKill(); err != nil {
		t.Skip(err)
	}
	out := t.TempDir()
	args := []string{"soak", "--count", "kill=10,crashstress=30", "--seed", "5", "--out", out, "--corpus", corpusFolder, "--kinds", "kill,crashstress", "--canary-within", "0", "--minimum", "none,kills=1,recoveries=1"}
	start := func(enough func(*soak.State) bool) *exec.Cmd {
		c := exec.Command(os.Args[0], append(args, "--for", "1h")...)
		c.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0")
		require.NoError(t, c.Start())
		require.Eventually(t, func() bool {
			s, err := soak.ReadState(out)
			return err == nil && enough(s)
		}, 2*time.Minute, time.Millisecond)
		return c
	}
	c := start(func(s *soak.State) bool {
		left, _ := filepath.Glob(filepath.Join(soak.Scratch(out), "*", "racewindow-kill-*"))
		return s.Rounds >= 2 && len(left) > 0
	})
	require.NoError(t, c.Process.Kill())
	require.Error(t, c.Wait())
	before, err := soak.ReadState(out)
	require.NoError(t, err)

	c = start(func(s *soak.State) bool {
		return s.Starts == 2 && s.Rounds > before.Rounds && s.Counts[soak.CountKills] > 0 && s.Counts[soak.CountRecoveries] > 0
	})
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	require.Error(t, c.Wait(), "it was told to end early, which is no pass")
	require.Equal(t, exitFailed, c.ProcessState.ExitCode())
	s, err := soak.ReadSummary(out)
	require.NoError(t, err)
	require.Equal(t, 2, s.State.Starts)
	require.LessOrEqual(t, s.State.Lost, uint64(1))
	require.Greater(t, s.State.Rounds, before.Rounds)
	left, _ := filepath.Glob(filepath.Join(soak.Scratch(out), "*"))
	require.Empty(t, left)
	for file, parts := range map[string][]string{
		"summary.txt": {"  kill  ", "  crashstress  ", "kills ", "recoveries "}, "summary.md": {"| kill |", "| crashstress |"},
		"summary.json": {`"kill": {`, `"crashstress": {`}, "summary.xml": {`classname="racewindow.soak.kind" name="kill"`, `name="crashstress"`},
	} {
		content, err := os.ReadFile(filepath.Join(out, file))
		require.NoError(t, err)
		for _, part := range parts {
			require.Contains(t, string(content), part, file)
		}
	}
}

// Each kind's rounds run alone from the line that findings and logs show.
func TestARoundOfEachKindRunsAloneFromItsLine(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for kind, round := range map[string]struct {
		variant string
		count   int
		did     string
	}{
		"explore": {"snapshot", 200, "schedules"}, "stress": {"snapshot", 1000, "operations"}, "crash": {"weak", 20, "crashes"}, "crashstress": {"ordered", 30, "recoveries"},
		"kill": {"disk", 10, "kills"}, "race": {"snapshot", 1000, "operations"}, "properties": {"drawn", 20, "cases"}, "fuzz": {"drawn", 1000, "fuzz inputs"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			spec := fmt.Sprintf("v1 kind=%s variant=%s number=3 seed=7 for=5m0s count=%d", kind, round.variant, round.count)
			args := []string{"soak", "--round", spec, "--source", filepath.Join("..", "..", ".."), "--race-binary", os.Args[0]}
			code, stdout, stderr := command(t, args...)
			if code == exitUsage && strings.Contains(stderr, "cannot be run here") { // the binary of properties, a build without -race, Linux
				require.Contains(t, []string{"crash", "kill", "properties"}, kind, stderr)
				return
			}
			require.Equal(t, exitHeld, code, stdout+stderr)
			require.Regexp(t, `[1-9][0-9,]* `+round.did+`|`+round.did+` [1-9]`, stdout)
			require.Contains(t, stdout, spec)
		})
	}
}
