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
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/crashstress"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/kill"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
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
		r, err := CrashStress{}.Run(t.Context(), RoundSpec{Kind: "crashstress", Variant: variant, Seed: uint64(3 + i), For: 2 * time.Second})
		require.NoError(t, err)
		requireKnownCounts(t, r)
		require.Empty(t, r.Found)
		require.Empty(t, r.Inconclusive)
		require.Positive(t, r.Counts[CountCrashes])
		require.Positive(t, r.Counts[CountRecoveries])
		require.Positive(t, r.Unnamed, "distinct disks")
		require.Contains(t, r.Behaviour, "crashstress "+variant+": Durability put to the test")
	}
	_, err := CrashStress{}.Run(t.Context(), RoundSpec{Kind: "crashstress", Variant: "none", For: time.Second})
	require.ErrorIs(t, err, crash.ErrModel)
}

func TestTheSettingsOfCrashesAndKillsFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	clients := map[int]bool{}
	for seed := range uint64(50) {
		spec := RoundSpec{Kind: "crashstress", Variant: "weak", Seed: seed, For: time.Second}
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
	r, err := CrashStress{}.Run(t.Context(), RoundSpec{Kind: "crashstress", Variant: "weak", Seed: 1, For: 1})
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Contains(t, r.Inconclusive, "did too little")
}

func TestADiskThatDoesNotSyncIsFoundAndKept(t *testing.T) {
	t.Parallel()
	for _, p := range CrashStressCanary(CrashStress{}, time.Minute) {
		c, err := p.Run(t.Context(), 3)
		require.NoError(t, err)
		require.True(t, c.Passed, c.Detail)
		require.Equal(t, "crashstress/syncless", p.Name)
	}
	spec := RoundSpec{Kind: "crashstress", Variant: VariantSyncless, Seed: 5, For: 10 * time.Second}
	r, err := CrashStress{}.Run(t.Context(), spec)
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Len(t, r.Found, 1)
	require.Contains(t, r.Found[0].Text, "again: racewindow soak --round '"+spec.String()+"'")
	require.Contains(t, strings.Join(filesIn(t, r.Found[0].Disk), " "), "disk/")

	n := describe(r.Found[0], spec, time.Now())
	out := t.TempDir()
	files, err := n.write(out, r.Found[0])
	require.NoError(t, err)
	require.Equal(t, []string{diskName, "history.txt", "report.html", "report.json", "report.md", "report.svg", "report.txt", "report.xml"}, files)
}

// The command of a violation goes straight to its log: with one client it shows the same.
func TestAViolationIsSeenAgainByItsCommand(t *testing.T) {
	t.Parallel()
	spec := RoundSpec{Kind: "crashstress", Variant: "weak", Seed: 9, For: time.Second}
	c, err := CrashStress{}.settings(spec)
	require.NoError(t, err)
	c.Goroutines = 1
	v := &crashstress.Finding{Log: 7}
	require.Regexp(t, `^racewindow stress --crash --goroutines 1 --cycles (\d+) --per-log \d+ .* --model weak --seed 9 --log 7$`, againCrash(spec, c, v))
	c.Goroutines = 16
	require.Contains(t, againCrash(spec, c, v), "it may take another try")
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
	r, err := Kill{}.Run(t.Context(), RoundSpec{Kind: "kill", Variant: "disk", Seed: 3, For: 1})
	require.NoError(t, err)
	requireKnownCounts(t, r)
	require.Empty(t, r.Found)
	require.Empty(t, r.Inconclusive)
	require.GreaterOrEqual(t, r.Counts[CountKills], uint64(10), "one log at least")
	require.Positive(t, r.Counts[countUnderLoad])
	require.Positive(t, r.Counts[CountRecords])
	require.Contains(t, strings.Join(r.Behaviour, "\n"), "kill, SIGKILL on ")
	_, err = Kill{}.Run(t.Context(), RoundSpec{Kind: "kill", Variant: "moon", For: 1})
	require.ErrorIs(t, err, ErrSpec)
}

func TestChildrenThatLieAreFound(t *testing.T) {
	requireLinux(t)
	t.Parallel()
	for _, p := range KillCanary(Kill{}, time.Minute) {
		c, err := p.Run(t.Context(), 3)
		require.NoError(t, err)
		require.True(t, c.Passed, c.Detail)
		require.Equal(t, "kill/liar", p.Name)
	}
	r, err := Kill{}.Run(t.Context(), RoundSpec{Kind: "kill", Variant: VariantLiar, Seed: 5, For: time.Minute})
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
	spec := RoundSpec{Kind: "kill", Variant: "disk", Seed: 4, For: 1}
	r, err := Kill{Command: []string{script(t, "echo 'panic: index 3 out of range' >&2; exit 2")}, Children: 100}.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, r.Found, 1)
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "panic: index N out of range", r.Found[0].Shape)

	r, err = Kill{Command: []string{script(t, "kill -9 $$")}, Children: 100}.Run(t.Context(), spec)
	require.NoError(t, err)
	require.Len(t, r.Found, 1, "a signal that nobody here has sent, as when memory is short, is no kill")
	require.Equal(t, "process death", r.Found[0].Class)
	require.Equal(t, "a child of kill ended with signal killed, which nobody here has sent", r.Found[0].Detail)

	hang := childFailed(errors.New("a child said nothing for 1m0s: it hangs, or the machine is far too slow (--grace)"))
	require.Equal(t, "hang", hang.Class)

	x := &killing{spec: spec, result: RoundResult{Counts: Counts{CountKills: 10, countUnderLoad: 4}}}
	x.conclude(t.Context())
	require.Contains(t, x.result.Inconclusive, "4 of 10 kills struck under load")
	x = &killing{spec: spec, result: RoundResult{Counts: Counts{CountKills: 10, countUnderLoad: 9}}}
	x.conclude(t.Context())
	require.Contains(t, x.result.Inconclusive, "0 durable acknowledgements")
	require.ErrorIs(t, x.judge(errBroken), errBroken)
	require.NoError(t, x.judge(kill.ErrTooLittle))
}

func TestWhatARoundCouldNotDoIsShownAsNotRun(t *testing.T) {
	t.Parallel()
	x := &killing{seen: map[string]bool{}, result: RoundResult{Counts: Counts{}}}
	for range 2 {
		x.add(kill.Config{}, &kill.Summary{Targets: []*kill.Target{{Kind: "full disk", NotRun: "mount: operation not permitted"}}})
	}
	require.Equal(t, []NotRun{{"kill: full disk", "mount: operation not permitted"}}, x.result.NotRun)
	c := settings(t, &scripted{name: "kill", do: func(context.Context, RoundSpec) (RoundResult, error) { return x.result, nil }})
	s, err := run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.NotRun, 1, "however many rounds say it")
	require.Contains(t, s.Text(), "not run: kill: full disk: mount: operation not permitted")
	require.Contains(t, s.Markdown(), "**not run** kill: full disk")
	junit, err := s.junit()
	require.NoError(t, err)
	require.Contains(t, string(junit), `<skipped message="mount: operation not permitted">`)
	again, err := ReadState(c.Out)
	require.NoError(t, err)
	require.Equal(t, s.State.NotRun, again.NotRun)
}

func TestAnEndedRoundHasNoVerdictAndLeavesNothing(t *testing.T) {
	requireLinux(t)
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, k := range []Kind{Kill{}, CrashStress{}} {
		r, err := k.Run(ctx, RoundSpec{Kind: k.Name(), Variant: k.Variants()[0], Seed: 6, For: time.Minute})
		require.NoError(t, err)
		requireKnownCounts(t, r)
		require.NotEmpty(t, r.Inconclusive, k.Name())
		require.Empty(t, r.Found)
	}
	left, err := os.ReadDir(scratch)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWhatAKilledCampaignHasLeftInItsScratchIsRemoved(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	folder, err := scratchFor(Scratch(c.Out))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "racewindow-kill-1", "log-0"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(c.Out, "mine"), nil, 0o666))
	_, err = run(t, c)
	require.NoError(t, err)
	require.NoDirExists(t, Scratch(c.Out))
	require.FileExists(t, filepath.Join(c.Out, "mine"), "and nothing else")
}

// What a load finds without a case breaks now this promise and now that one, and a panic is met by every kind of round.
func TestOneBugWithoutACaseIsOneFinding(t *testing.T) {
	t.Parallel()
	dies := func(what, message string) Found {
		return ended{code: 2, status: "exit status 2", output: message + "\n\ngoroutine 9 [running]:\npanic({0x1, 0x2})\n\t/go/panic.go:1\nforeign.(*Queue).Put(0xc000)\n\t/q.go:3\n"}.death(what)
	}
	n := 0
	all := []Found{
		{Class: "ReadAfterWrite/empty", Shape: "queue", Count: 1},
		{Class: "ReadAfterWrite/partial", Shape: "queue", Count: 1},
		{Class: "Order/record", Shape: "queue", Count: 1},
		{Class: "MonotonicReads/partial", Shape: "queue", Count: 1},
		dies("stress of a", `panic: key "x" of client w17 is at 0xc0001234`),
		dies("race of b", `panic: key "why" of client r9 is at 0xdeadbeef`),
	}
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		f := all[n%len(all)]
		n++
		return RoundResult{Counts: Counts{CountOperations: 1}, Found: []Found{f}}, nil
	}})
	s, err := run(t, c)
	require.NoError(t, err)
	require.GreaterOrEqual(t, n, len(all))
	open := s.State.Open()
	require.Len(t, open, 2, "%v", open)
	require.NotEqual(t, open[0].Class, open[1].Class)
	deaths := open[0]
	if deaths.Class != "process death" {
		deaths = open[1]
	}
	require.Equal(t, `panic: key "…" of client N is at N in foreign.(*Queue).Put`, deaths.Shape)
}
