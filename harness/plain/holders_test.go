package plain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// lockHolders is what is said of who waits for a lock, by the test of testdata/holders.
var lockHolders = map[string]string{
	"TestHolderHasEnded": "main waits in TestHolderHasEnded (holders_test.go:23): sync.Mutex.Lock, " +
		"held since TestHolderHasEnded (holders_test.go:22) by main/start#1, which has ended",
	"TestHoldsItself": "main waits in TestHoldsItself (holders_test.go:30): sync.Mutex.Lock, held since TestHoldsItself (holders_test.go:28) by itself",
	"TestHolderWaits": "main waits in TestHolderWaits (holders_test.go:43): sync.Mutex.Lock, held since TestHolderWaits (holders_test.go:38) by main/TestHolderWaits#1, which waits too; " +
		"main/TestHolderWaits#1 waits in TestHolderWaits (holders_test.go:40): sync.Mutex.Lock, held since TestHolderWaits (holders_test.go:35) by main, which waits too",
	"TestReaders": "main waits in TestReaders (holders_test.go:55): sync.RWMutex.Lock, held since TestReaders (holders_test.go:49) by itself, " +
		"and since TestReaders (holders_test.go:50) by main/start#1, which has ended",
	"TestReaderWaitsForAWriter": "main waits in TestReaderWaitsForAWriter (holders_test.go:61): sync.RWMutex.RLock, " +
		"held since TestReaderWaitsForAWriter (holders_test.go:60) by main/start#1, which has ended",
	"TestReadsTwice": "main waits in TestReadsTwice (holders_test.go:74): sync.RWMutex.RLock, and comes after main/TestReadsTwice#1, which waits in TestReadsTwice (holders_test.go:68); " +
		"main/TestReadsTwice#1 waits in TestReadsTwice (holders_test.go:68): sync.RWMutex.Lock, held since TestReadsTwice (holders_test.go:66) by main, which waits too",
	"TestUnlockedByAnother": "main waits in TestUnlockedByAnother (holders_test.go:83): sync.RWMutex.Lock",
	"TestUnlockedForAnother": "main waits in TestUnlockedForAnother (holders_test.go:92): sync.Mutex.Lock, " +
		"held since TestUnlockedForAnother (holders_test.go:91) by main/start#2, which has ended",
	"TestTriesLocks": "main waits in TestTriesLocks (holders_test.go:107): sync.Mutex.Lock, held since TestTriesLocks (holders_test.go:98) by main/start#1, which has ended",
	"TestTriesReadLocks": "main waits in TestTriesReadLocks (holders_test.go:122): sync.RWMutex.Lock, " +
		"held since TestTriesReadLocks (holders_test.go:113) by main/start#1, which has ended",
	"TestCondUnlocks": "main waits in TestCondUnlocks (holders_test.go:151): sync.Mutex.Lock, held since TestCondUnlocks (holders_test.go:133) by main/TestCondUnlocks#1, which has ended",
	"TestCondIsUnlocked": "main waits in TestCondIsUnlocked (holders_test.go:167): sync.RWMutex.Lock, held since TestCondIsUnlocked (holders_test.go:166) by main/start#1, which has ended; " +
		"main/TestCondIsUnlocked#1 waits in TestCondIsUnlocked (holders_test.go:162): sync.Cond.Wait",
	"TestAddressIsUsedAgain": "main waits in TestAddressIsUsedAgain (holders_test.go:213): sync.Mutex.Lock, " +
		"held since TestAddressIsUsedAgain (holders_test.go:212) by main/start#2, which has ended",
	"TestWaiterGotIt":      "main waits in TestWaiterGotIt (holders_test.go:184): sync.Mutex.Lock, held since TestWaiterGotIt (holders_test.go:176) by main/TestWaiterGotIt#1, which has ended",
	"TestLeaks":            "main/TestLeaks#1 waits in TestLeaks (holders_test.go:191): sync.Mutex.Lock, held since TestLeaks (holders_test.go:190) by main, which has ended",
	"TestInOnce":           "main waits in TestInOnce (holders_test.go:204): sync.Mutex.Lock; main/start#1/TestInOnce#1 waits in TestInOnce (holders_test.go:201): select (no cases)",
	"TestReadersOfAnother": "main waits in TestReadersOfAnother (holders_test.go:222): sync.RWMutex.Lock",
}

func TestWhoWaitsForALockIsToldWhoHoldsIt(t *testing.T) { requireHolders(t, false, drive.ApartNone) }

func TestWhoHoldsALockIsToldByAProcessForEachSchedule(t *testing.T) {
	requireHolders(t, false, drive.ApartFirst)
}

func TestWhoHoldsALockIsToldUnderRace(t *testing.T) { requireHolders(t, true, drive.ApartNone) }

func requireHolders(t *testing.T, race bool, apart string) {
	t.Helper()
	dir := copied(t, "holders")
	s := session(t, dir)
	s.Race = race
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 40, Seed: 1, Apart: apart, LeaksAlways: true}
	got := explored(t, s, dir)
	for test, want := range lockHolders {
		f := requireFound(t, got, test)
		why := "no thread can go on: "
		if f.Failure.Kind == sched.Leak {
			why = "the test has ended, and these goroutines can never go on: "
		}
		require.NotNil(t, f.Outcome.Failure, test)
		require.Equal(t, why+want, f.Outcome.Failure.Message, test)
		require.Equal(t, f.Failure.Class(), f.Outcome.Failure.Class(), test)
		require.NotContains(t, f.Failure.Message, "held since", "searching costs nothing more")
	}
}
