package object

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/storage/disk"
)

// A process that these tests kill is this binary, with the journal that is meant in its environment.
const victimVariable = "RACEWINDOW_OBJECT_VICTIM"

func TestMain(m *testing.M) {
	if named := os.Getenv(victimVariable); named != "" {
		os.Exit(victimOf(named))
	}
	os.Exit(m.Run())
}

func victimOf(named string) int {
	o, err := New(killJournals[named].config())
	if err == nil {
		err = o.Killed(context.Background(), killLoadOf(nil), os.Stdin, os.NewFile(3, "told"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A killJournal is a journal on a folder, and what is wrong with it when it is opened, or used.
type killJournal struct {
	onDisk bool // Env.Disk rather than Env.Dir
	flaw   flaw
	dies   bool // where it is used, in a goroutine of its own
	goesOn bool // says that it does
}

var killJournals = map[string]killJournal{
	"right":      {},
	"on disk":    {onDisk: true},
	"buffers":    {flaw: buffers},
	"unopenable": {flaw: unopenable},
	"dies":       {dies: true},
	"swallows":   {flaw: swallows},
	"goes on":    {goesOn: true},
	"wedges":     {flaw: wedges},
	"does not":   {flaw: wedges, goesOn: true},
}

func (k killJournal) config() Config {
	c := journalConfig(k.flaw)
	c.GoesOn = k.goesOn
	c.Open = func(_ context.Context, e *Env) (any, error) {
		d := disk.OS(e.Dir())
		if k.onDisk {
			d = e.Disk()
		}
		j, err := openJournal(d, k.flaw)
		if k.dies && e.system {
			go func() { panic("it dies of itself") }()
		}
		return j, err
	}
	return c
}

// killLoadOf is a run of some kills.
func killLoadOf(change func(*KillLoad)) KillLoad {
	c := KillLoad{Load: Load{Programs: 20, Seed: 1, Delays: failpoints.Delays{Probability: 0.1}}, Kills: 12, Workers: 2, Acknowledgements: 200}
	if change != nil {
		change(&c)
	}
	return c
}

func killed(t *testing.T, named string, change func(*KillLoad)) (KillResult, error) {
	t.Helper()
	o, err := New(killJournals[named].config())
	require.NoError(t, err)
	c := killLoadOf(change)
	c.Dirs = []string{t.TempDir()}
	c.Start = func() *exec.Cmd {
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), victimVariable+"="+named)
		return command
	}
	r, err := o.Kill(t.Context(), c)
	left, failed := filepath.Glob(filepath.Join(c.Dirs[0], "*"))
	require.NoError(t, failed)
	require.Empty(t, left, "nothing stays")
	return r, err
}

func TestProcessesAreKilledAndARightObjectHolds(t *testing.T) {
	t.Parallel()
	for _, named := range []string{"right", "on disk"} {
		r, err := killed(t, named, func(c *KillLoad) { c.Kills = 16 })
		require.NoError(t, err)
		require.Nil(t, r.Finding, "%+v", r.Finding)
		require.EqualValues(t, 16, r.Kills)
		require.NotZero(t, r.UnderLoad)
		require.NotZero(t, r.Durable)
		require.NotZero(t, r.Judged)
		require.NotZero(t, r.GoneOn)
		require.Contains(t, r.Canary, "a durable operation that a crash takes was caught within")
	}
}

func TestWhatAProcessKeptInItsMemoryIsFound(t *testing.T) {
	t.Parallel()
	r, err := killed(t, "buffers", nil)
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "Durability", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "after its process was killed, no order explains")
	require.Regexp(t, `(?s)processes that worked on .* and were killed: \d+.*\w+\(\d+\) .*\(durable\).*opened again, all\(\) gives`, r.Finding.Evidence)
}

// shortOf is a run in which some processes have no room.
func shortOf(limited, full int) func(*KillLoad) {
	return func(c *KillLoad) { c.Kills, c.Limited, c.Full, c.NoCanary = 2, limited, full, true }
}

func TestProcessesHaveNoRoomAndARightObjectHolds(t *testing.T) {
	t.Parallel()
	for _, named := range []string{"right", "wedges", "goes on"} {
		r, err := killed(t, named, shortOf(2, 2))
		require.NoError(t, err)
		require.Nil(t, r.Finding, "%+v", r.Finding)
		for _, short := range []*ShortResult{r.Limited, r.Full} {
			if short.NotRun != "" { // where mounting is not allowed
				require.Same(t, r.Full, short)
				continue
			}
			require.EqualValues(t, 2, short.Processes)
			require.NotZero(t, short.Met)
			require.Equal(t, named == "goes on", short.Asked > 0)
		}
	}
}

func TestAWriteThatFailedAndWasAcknowledgedIsFound(t *testing.T) {
	t.Parallel()
	for _, short := range []func(*KillLoad){shortOf(6, 0), shortOf(0, 6)} {
		r, err := killed(t, "swallows", short)
		require.NoError(t, err)
		if r.Full != nil && r.Full.NotRun != "" {
			continue
		}
		require.NotNil(t, r.Finding)
		require.Equal(t, "Durability", r.Finding.Violation.Class())
		require.ErrorContains(t, r.Finding.Violation, "after its process ended, having met a f")
	}
}

func TestAnObjectThatSaysItGoesOnAndDoesNotIsFoundWhenThereIsRoomAgain(t *testing.T) {
	t.Parallel()
	r, err := killed(t, "does not", shortOf(6, 0))
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "GoesOn", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "although there is room again after a file size limit, no order explains")
	require.Regexp(t, `with room again, add\(\d+\) gives .*file too large`, r.Finding.Evidence)
}

// A program that only reads needs no room.
func TestARunInWhichNothingMetTheWantOfRoomIsNoVerdict(t *testing.T) {
	t.Parallel()
	require.NoError(t, (*ShortResult)(nil).enough(limited))
	require.NoError(t, (&ShortResult{Processes: 3, Met: 1}).enough(full))
	require.NoError(t, (&ShortResult{NotRun: "mount: operation not permitted"}).enough(full), "it is said in the summary")
	require.ErrorContains(t, (&ShortResult{Processes: 3, NotOpened: 5}).enough(limited), "no operation of 3 processes met its file size limit")
	require.ErrorContains(t, (&ShortResult{Processes: 3}).enough(full), "no disk of 3 processes was full")
}

func TestRoomIsDrawnSoThatObjectsMostlyOpenAndThenLackIt(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	within := 0
	for range 1000 {
		bytes := drawRoom(random, 1, 100, 110)
		require.Less(t, bytes, int64(110))
		if bytes >= 100 {
			within++
		}
		require.Less(t, drawRoom(random, 4096, 4096, 3*4096), int64(3*4096))
		require.Zero(t, drawRoom(random, 1, 0, 0), "nothing was written: there is no room at all")
	}
	require.Greater(t, within, 700)
}

func TestAnObjectThatCannotBeOpenedAfterAKillIsFound(t *testing.T) {
	t.Parallel()
	r, err := killed(t, "unopenable", func(c *KillLoad) { c.Kills = 100 })
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.ErrorContains(t, r.Finding.Violation, "three bytes are too much")
}

func TestAProcessThatDiesOfItselfIsFoundWithItsStack(t *testing.T) {
	t.Parallel()
	r, err := killed(t, "dies", func(c *KillLoad) { c.NoCanary = true })
	require.NoError(t, err)
	require.NotNil(t, r.Finding)
	require.Equal(t, "NoPanic", r.Finding.Violation.Class())
	require.ErrorContains(t, r.Finding.Violation, "it dies of itself")
	require.Contains(t, r.Finding.Evidence, "goroutine")
}

func TestWhatCannotBeKilledIsRefused(t *testing.T) {
	t.Parallel()
	start := func() *exec.Cmd { return exec.Command(os.Args[0]) }
	right := journals(t, sound, nil)
	for _, change := range []func(*KillLoad){
		func(c *KillLoad) { c.Start = nil },
		func(c *KillLoad) { c.Dirs = nil },
		func(c *KillLoad) { c.Kills = 0 },
		func(c *KillLoad) { c.Workers = -1 },
		func(c *KillLoad) { c.MinUnderLoad = 2 },
		func(c *KillLoad) { c.Delays.Probability = 2 },
		func(c *KillLoad) { c.Draw = cases.Shape{Threads: 10, Operations: 10} },
		func(c *KillLoad) { c.Dirs, c.NoCanary = []string{"/nowhere"}, true },
		func(c *KillLoad) { c.Limited = -1 },
		func(c *KillLoad) { c.Full = -1 },
	} {
		c := killLoadOf(func(c *KillLoad) { c.Start, c.Dirs = start, []string{t.TempDir()} })
		change(&c)
		_, err := right.Kill(t.Context(), c)
		require.ErrorIs(t, err, ErrLoad)
	}
	c := killLoadOf(func(c *KillLoad) { c.Start, c.Dirs = start, []string{t.TempDir()} })
	_, err := counters(t, true).Kill(t.Context(), c)
	require.ErrorIs(t, err, ErrKeepsNothing)
	_, err = journals(t, sound, func(c *Config) {
		c.Open = func(context.Context, *Env) (any, error) { return openJournal(disk.Memory(), sound) }
	}).Kill(t.Context(), c)
	require.ErrorContains(t, err, "neither Env.Disk nor Env.Dir")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = right.Kill(ctx, c)
	require.ErrorContains(t, err, "interrupted")

	_, err = killed(t, "right", func(c *KillLoad) { c.Kills, c.Duration, c.NoCanary = 1<<30, time.Millisecond, true })
	require.ErrorContains(t, err, "processes were killed: the time is over")
}

func TestMessagesComeAsTheyWereSent(t *testing.T) {
	t.Parallel()
	var pipe bytes.Buffer
	sent := []message{{opens, 1, 7, "folder"}, {kind: calls, of: 1, number: 300}, {returns, 1, 300, ""}, {kind: settled}}
	for _, m := range sent {
		require.NoError(t, (&teller{to: &pipe}).tell(m))
	}
	all := pipe.Bytes()
	for end := range len(all) + 1 { // wherever the kill strikes
		var got []message
		reader := bufio.NewReader(bytes.NewReader(all[:end]))
		for {
			m, err := hear(reader)
			if err != nil {
				require.True(t, errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
				break
			}
			got = append(got, m)
		}
		require.Equal(t, sent[:len(got)], append([]message{}, got...))
	}
	_, err := hear(bufio.NewReader(bytes.NewReader([]byte{byte(numberOfMessages), 0, 0, 0})))
	require.ErrorContains(t, err, "no message")
}

func TestWhatIsDurableFollowsFromWhatWasTold(t *testing.T) {
	t.Parallel()
	o := journals(t, sound, nil)
	c, err := cases.Parse("v1 "+o.Head()+"; c0: put(1), flush(), put(2); c1: add(3), put(4)", cases.Only(o))
	require.NoError(t, err)
	p, err := o.plan(c)
	require.NoError(t, err)
	r := newRemains(p, "")
	for _, m := range []message{ // the calls are put(1), flush(), put(2), add(3), put(4)
		{kind: calls, number: 0},
		{kind: returns, number: 0},
		{kind: calls, number: 1},
		{kind: calls, number: 3},
		{kind: returns, number: 3},
		{kind: calls, number: 4},
		{kind: returns, number: 1},
		{kind: calls, number: 2},
		{kind: gaveOpen, number: 2},
	} {
		r.enter(m)
	}
	from, unfinished := r.goesOn()
	require.Equal(t, []int{3, 5}, from)
	require.False(t, unfinished)
	underWay, returned, durable := r.killed()
	require.True(t, underWay)
	require.Equal(t, []int{3, 2}, []int{returned, durable})
	var outcomes []spec.Outcome
	for _, e := range r.history[:5] {
		outcomes = append(outcomes, e.Outcome)
	}
	require.Equal(t, []spec.Outcome{spec.Durable, spec.Volatile, spec.Indeterminate, spec.Durable, spec.Indeterminate}, outcomes)
	require.Equal(t, 1, r.kills)
}
