package rounds

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/script"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/crashstress"
	"github.com/racewindow/racewindow/harness/subjects/log/kill"
)

// filesIn lists a gzipped tar.
func filesIn(t *testing.T, packed []byte) (names []string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		names = append(names, h.Name)
	}
}

func TestACrashStressRoundRecoversAndSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"ordered", "weak"}, CrashStress{}.Variants())
	for i, variant := range (CrashStress{}).Variants() {
		r, err := CrashStress{}.Run(t.Context(), counted("crashstress", variant, uint64(3+i), 100))
		require.NoError(t, err)
		requireKnownCounts(t, r)
		require.Empty(t, r.Found)
		require.Empty(t, r.Inconclusive)
		require.Positive(t, r.Counts[soak.CountCrashes])
		require.Positive(t, r.Counts[soak.CountRecoveries])
		require.Positive(t, r.Unnamed, "distinct disks")
		require.Contains(t, r.Behaviour, "crashstress "+variant+": Durability put to the test")
	}
	_, err := CrashStress{}.Run(t.Context(), counted("crashstress", "none", 1, 1))
	require.ErrorIs(t, err, crash.ErrModel)
}

func TestTheSettingsOfCrashesAndKillsFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	clients := map[int]bool{}
	for seed := range uint64(50) {
		spec := counted("crashstress", "weak", seed, 100)
		a, err := CrashStress{}.settings(spec)
		require.NoError(t, err)
		b, err := CrashStress{}.settings(spec)
		require.NoError(t, err)
		require.Equal(t, a, b)
		require.Equal(t, crash.Weak, a.Model)
		clients[a.Goroutines] = true
		spec.Variant = variantDisk
		require.Equal(t, Kill{}.settings(spec, 3), Kill{}.settings(spec, 3))
		require.NotEqual(t, Kill{}.settings(spec, 3).Seed, Kill{}.settings(spec, 4).Seed, "each log has a seed of its own")
	}
	require.Len(t, clients, 4)
}

// One that did nothing is no pass.
func TestACrashStressRoundThatDidTooLittleHasNoVerdict(t *testing.T) {
	t.Parallel()
	r, err := CrashStress{}.Run(t.Context(), soak.RoundSpec{Kind: "crashstress", Variant: "weak", Seed: 1, For: 1})
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Contains(t, r.Inconclusive, "did too little")
}

func TestADiskThatDoesNotSyncIsFoundAndKept(t *testing.T) {
	t.Parallel()
	requireCanaries(t, CrashStress{})
	spec := counted("crashstress", VariantSyncless, 5, 10_000)
	r, err := CrashStress{}.Run(t.Context(), spec)
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Len(t, r.Found, 1)
	require.Contains(t, r.Found[0].Text, "again: racewindow soak --round '"+spec.String()+"'")
	require.Contains(t, strings.Join(filesIn(t, r.Found[0].Disk), " "), "disk/")

	s, out := campaign(t, only{CrashStress{}, VariantSyncless}, 1, 10_000)
	require.Len(t, s.State.Open(), 1)
	files, err := os.ReadDir(filepath.Join(out, "findings", s.State.Open()[0].Fingerprint))
	require.NoError(t, err)
	require.Len(t, files, 8, "disk and history, and a report in each form that it can have")
	require.FileExists(t, filepath.Join(out, "findings", s.State.Open()[0].Fingerprint, "disk.tar.gz"))
	require.Equal(t, "Durability", s.State.Open()[0].Promise)
}

// The command of a violation goes straight to its log: with one client it shows the same.
func TestAViolationIsSeenAgainByItsCommand(t *testing.T) {
	t.Parallel()
	spec := counted("crashstress", "weak", 9, 100)
	c, err := CrashStress{}.settings(spec)
	require.NoError(t, err)
	c.Goroutines = 1
	v := &crashstress.Finding{Log: 7}
	require.Regexp(t, `^racewindow stress --crash --goroutines 1 --cycles (\d+) --per-log \d+ .* --model weak --seed 9 --log 7$`, againCrash(spec, c, v))
	c.Goroutines = 16
	require.Contains(t, againCrash(spec, c, v), "it may take several tries")
}

func requireLinux(t *testing.T) {
	t.Helper()
	if _, err := NewKill(); err != nil {
		t.Skip(err)
	}
}

func TestAKillRoundKillsUnderLoadAndLooks(t *testing.T) {
	requireLinux(t)
	t.Parallel()
	r, err := Kill{}.Run(t.Context(), counted("kill", "disk", 3, 10))
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Empty(t, r.Found)
	require.Empty(t, r.Inconclusive)
	require.GreaterOrEqual(t, r.Counts[soak.CountKills], uint64(10), "one log at least")
	require.Positive(t, r.Counts[countUnderLoad])
	require.Positive(t, r.Counts[soak.CountRecords])
	require.Contains(t, strings.Join(r.Behaviour, "\n"), "kill, SIGKILL on ")
	_, err = Kill{}.Run(t.Context(), counted("kill", "moon", 1, 1))
	require.ErrorIs(t, err, soak.ErrSpec)
}

func TestChildrenThatLieAreFound(t *testing.T) {
	requireLinux(t)
	t.Parallel()
	requireCanaries(t, Kill{})
	r, err := Kill{}.Run(t.Context(), counted("kill", VariantLiar, 5, 1000))
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Len(t, r.Found, 1)
	require.Equal(t, check.Durability.Name, r.Found[0].Class)
	require.Regexp(t, "^kill: SIGKILL: ", r.Found[0].Shape)
	require.Contains(t, r.Found[0].Text, "again: racewindow soak --round ")
}

// What kills a child before anybody has killed it is a finding, and what is too little in all logs together is no pass.
func TestAChildThatDiesByItselfIsAFinding(t *testing.T) {
	requireLinux(t)
	t.Parallel()
	spec := counted("kill", "disk", 4, 1)
	r, err := Kill{Command: []string{script.New(t, "echo 'panic: index 3 out of range' >&2; exit 2")}, Children: 100}.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "panic: index N out of range", r.Found[0].Shape)

	r, err = Kill{Command: []string{script.New(t, "kill -9 $$")}, Children: 100}.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, r.Found, 1, "a signal that nobody here has sent, as when memory is short, is no kill")
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "a child of kill ended with signal killed, which this program did not send", r.Found[0].Detail)

	hang := childFailed(errors.New("a child said nothing for 1m0s: it hangs, or the machine is far too slow (--grace)"))
	require.Equal(t, "hang", hang.Class)

	x := &killing{spec: spec, result: soak.RoundResult{Counts: soak.Counts{soak.CountKills: 10, countUnderLoad: 4}}}
	x.conclude(t.Context())
	require.Contains(t, x.result.Inconclusive, "4 of 10 kills came under load")
	x = &killing{spec: spec, result: soak.RoundResult{Counts: soak.Counts{soak.CountKills: 10, countUnderLoad: 9}}}
	x.conclude(t.Context())
	require.Contains(t, x.result.Inconclusive, "0 durable acknowledgements")
	require.ErrorIs(t, x.judge(context.Canceled), context.Canceled)
	require.NoError(t, x.judge(kill.ErrTooLittle))
}

func TestAnEndedRoundHasNoVerdictAndLeavesNothing(t *testing.T) {
	requireLinux(t)
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, k := range []soak.Kind{Kill{}, CrashStress{}} {
		r, err := k.Run(ctx, counted(k.Name(), k.Variants()[0], 6, 100))
		require.NoError(t, err)
		requireKnownCounts(t, r)
		require.NotEmpty(t, r.Inconclusive, k.Name())
		require.Empty(t, r.Found)
	}
	left, err := os.ReadDir(scratch)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWhatAKillRoundCouldNotDoIsNotRunOnce(t *testing.T) {
	t.Parallel()
	x := &killing{seen: map[string]bool{}, result: soak.RoundResult{Counts: soak.Counts{}}}
	for range 2 {
		x.add(kill.Config{}, &kill.Summary{Targets: []*kill.Target{{Kind: "full disk", NotRun: "mount: operation not permitted"}}})
	}
	require.Equal(t, []soak.NotRun{{What: "kill: full disk", Because: "mount: operation not permitted"}}, x.result.NotRun)
}
