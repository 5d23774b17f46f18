package log

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

// crashing explores a case, with a crash at every step.
func crashing(t *testing.T, text string, preemptions int) (sched.Result, *Crashes) {
	t.Helper()
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	c, err := Parse(text)
	require.NoError(t, err)
	s, crashes, err := c.Crashing()
	require.NoError(t, err)
	r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded", Preemptions: preemptions})
	require.NoError(t, err)
	return r, crashes
}

func TestNothingDurableIsLostAtAnyCrashOfAnySchedule(t *testing.T) {
	for _, handover := range []string{"snapshot", "retain"} {
		for _, model := range crash.Models {
			t.Run(handover+" "+model.String(), func(t *testing.T) {
				text := "v1 scenario=log handover=" + handover + " segment=900; w0: append 1 of 700, flush, append 2 of 300; w1: append 1 of 8, flush; crash any"
				if model == crash.Weak {
					text += " model=weak"
				}
				r, crashes := crashing(t, text, 1)
				require.Empty(t, r.Findings, "%v", r.Findings)
				t.Logf("%d schedules, %d moments, %d unsynced, %d disks, %d drawn, %d distinct, %d recoveries, %v", r.Schedules, crashes.Moments.Load(),
					crashes.Unsynced.Load(), crashes.Disks.Load(), crashes.Drawn.Load(), crashes.Distinct(), crashes.Recoveries.Load(), r.Duration)
				require.Greater(t, crashes.Distinct(), 100)
				require.Positive(t, crashes.Unsynced.Load())
			})
		}
	}
}

// The seal that a close leaves is never synced, so a crash may keep it, tear it, lose it, or bring an older one back.
func TestNoSealMakesACrashTakeWhatWasDurable(t *testing.T) {
	for _, model := range crash.Models {
		for _, program := range []string{
			"w0: append 1 of 40, reopen, append 1 of 40, flush, append 1 of 40",
			"w0: append 1 of 40, reopen, append 1 of 40, reopen, fragments 1+1",
			"w0: append 2 of 40, reopen, abort 1+1 of 40, reopen, append 1 of 80, flush",
		} {
			t.Run(model.String()+" "+program, func(t *testing.T) {
				text := "v1 scenario=log handover=snapshot chunk=100 segment=200; " + program + "; crash any"
				if model == crash.Weak {
					text += " model=weak"
				}
				r, crashes := crashing(t, text, 1)
				require.Empty(t, r.Findings, "%v", r.Findings)
				require.Greater(t, crashes.Distinct(), 30)
				require.Positive(t, crashes.Unsynced.Load())
			})
		}
	}
}

// A log that does not sync promises nothing of a crash but this: a prefix of whole transactions is left, whichever of its files
// came to the disk, and once it has been opened with syncs nothing of that is lost.
func TestALogThatDoesNotSyncKeepsAPrefixAtAnyCrash(t *testing.T) {
	for _, model := range crash.Models {
		for _, program := range []string{
			"w0: append 1 of 300, flush, append 1 of 300, flush, append 1 of 300, flush, append 1, flush",
			"w0: append 1 of 300, flush, append 1, flush; w1: append 1 of 300, flush",
			"w0: append 1 of 300, flush, append 1 of 200, reopen, append 1 of 300, flush",
			"w0: append 1 of 300, flush, abort 1+1 of 300, fragments 1+1 of 200, flush; w1: flush",
		} {
			t.Run(model.String()+" "+program, func(t *testing.T) {
				text := "v1 scenario=log handover=snapshot segment=200 sync=no; " + program + "; crash any"
				if model == crash.Weak {
					text += " model=weak"
				}
				r, crashes := crashing(t, text, 0)
				require.Empty(t, r.Findings, "%v", r.Findings)
				require.Greater(t, crashes.Distinct(), 50)
				require.Positive(t, crashes.Unsynced.Load())
			})
		}
	}
}

func TestTheCrashCanaryIsFound(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	s, err := CrashCanary()
	require.NoError(t, err)
	r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded"})
	require.NoError(t, err)
	require.NotEmpty(t, r.Findings)
	require.Equal(t, "Durability/record", r.Findings[0].Failure.Class())
	require.NotNil(t, CrashOf(r.Findings[0].Failure))
}

// faultCases are programs in which each fault point of the catalogue is passed, by fault.
var faultCases = []struct{ program, fault string }{
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@flush/write-error#1=EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@flush/write-error#2=EIO"},
	{"w0: append 3, flush, append 1, flush; r0: read - end", "w0@flush/short-write#1=70"},
	{"w0: append 3, flush, append 1, flush; r0: read - end", "w0@flush/no-space#1=70"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@flush/sync-error#1=EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@flush/sync-error#2=EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@flush/sync-error#1=ENOSPC"},
	{"w0: append 1, flush, append 1, flush; w1: append 1, flush", "w1@flush/sync-error#1=EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "w0@index/write-error#1=3"},
	{"w0: append 1 of 300, flush, append 1, flush; r0: read - end", "w0@segment/dirsync-error#1=EIO"},
	{"w0: append 1, flush; r0: read - end, read - end", "r0@read/io-error#1=EIO"},
	{"w0: append 1, flush; r0: read - end, read - end", "r0@read/bit-flip#1=40"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk sync * #1 = EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk sync * #2 = EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write * #1 = EIO/40"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write * #1 = ENOSPC/40"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write * #2 = EIO/40"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write * #2 = ENOSPC/40"},
	{"w0: append 1 of 300, flush, append 1, flush; r0: read - end", "disk syncdir * #1 = EIO"},
	{"w0: append 1 of 300, flush, append 1, flush; r0: read - end", "disk rename * #1 = EIO"},
	{"w0: append 1 of 300, flush, append 1, flush; r0: read - end", "disk create * #1 = ENOSPC"},
	{"w0: append 1, flush; r0: read - end, read - end", "disk read * #1+ = FLIP/300"},
	{"w0: append 1, flush; r0: read - end, read - end", "disk read * #1+ = EIO"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk sync * #1 = DELAY/10ms"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write */index #1 = EIO/3"},
	{"w0: append 1, flush, append 1, flush; r0: read - end", "disk write */index #1 = ENOSPC/3"},
	{"w0: append 1 of 300, flush, append 1, flush; r0: read - end", "disk rename * #1 = ENOSPC"},
	{opensAgain, "w0@recovery/truncate-error#1=EIO"},
	{"w0: append 1, reopen, reopen; r0: read - end", "w0@recovery/truncate-error#1=EIO"},
	{opensAgain, "w0@read/io-error#1=EIO"}, // in the scan of the recovery
	{opensAgain, "disk read *.seg #2 = EIO"},
	{opensAgain, "disk truncate * #1 = EIO"}, // in the close
	{opensAgain, "disk truncate * #2 = EIO"},
	{opensAgain, "disk sync *.seg #2 = EIO"},
	{opensAgain, "disk syncdir * #1 = EIO"},
}

// opensAgain is a program whose recovery may be refused, and then succeeds.
const opensAgain = "w0: append 1, reopen, reopen, append 1, read - end"

func TestEachFaultPointHasACase(t *testing.T) {
	t.Parallel()
	for _, e := range storage.Points() {
		covered := slices.ContainsFunc(faultCases, func(f struct{ program, fault string }) bool { return strings.Contains(f.fault, "@"+e.Name+"#") })
		require.Equal(t, e.Kind == failpoints.KindFault, covered, e.Name)
	}
}

func TestTheContractHoldsAfterEachFaultInEverySchedule(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, handover := range []string{"snapshot", "retain"} {
		for _, f := range faultCases {
			t.Run(handover+" "+f.fault, func(t *testing.T) {
				t.Parallel()
				c, err := Parse("v1 scenario=log handover=" + handover + " chunk=100 segment=200; " + f.program + "; ! " + f.fault)
				require.NoError(t, err)
				require.Equal(t, c, reparsed(t, c))
				s, came, err := c.Crashing()
				require.NoError(t, err)
				preemptions := 1
				if raceoff.Enabled {
					preemptions = 0
				}
				r, err := sched.Search(context.Background(), s, sched.Options{Strategy: "bounded", Preemptions: preemptions})
				require.NoError(t, err)
				require.GreaterOrEqual(t, came.Faults.Load(), r.Schedules/4, "the fault comes")
				for _, found := range r.Findings {
					c.Switches = found.Schedule
					t.Errorf("%v\n%v", found.Failure, c)
				}
			})
		}
	}
}

func reparsed(t *testing.T, c Case) Case {
	t.Helper()
	again, err := Parse(c.String())
	require.NoError(t, err)
	return again
}
