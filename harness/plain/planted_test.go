package plain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A planted bug is one of those that engineers make, put into a program of testdata/planted by an edit.
type planted struct {
	file, right, wrong string
	test               string
	kind               sched.Kind
	site               string // where the failure is told to be
	timing             bool   // only a timer that fires early shows it
	within             uint64 // schedules
}

var plantedBugs = []planted{
	{ // a reader that reads again, and a writer between
		file: "inventory.go", right: "for _, n := range i.stock {\n\t\tsum += n", wrong: "for place := range i.stock {\n\t\tsum += i.Count(place)",
		test: "TestInventory", kind: sched.Deadlock, site: "(*Inventory).Count", within: 100,
	},
	{ // one is woken, and it may be the wrong one
		file: "buffer.go", right: "b.changed.Broadcast()", wrong: "b.changed.Signal()",
		test: "TestBuffer", kind: sched.Deadlock, site: "(*Buffer[...]).Put", within: 100,
	},
	{ // ABA
		file: "freelist.go", right: "to|(head&^slot)+1<<32", wrong: "to",
		test: "TestFreeList", kind: sched.Failed, site: "freelist_test.go", within: 100,
	},
	{ // looks, and sends when it may be closed
		file: "workers.go", right: "\tw.mu.RLock()\n\tdefer w.mu.RUnlock()\n\tif w.stopped {\n\t\treturn false", wrong: "\tif w.isStopped() {\n\t\treturn false",
		test: "TestWorkers", kind: sched.Panicked, site: "(*Workers).Submit", within: 800,
	},
	{ // nobody receives after a cancellation
		file: "query.go", right: "make(chan string, 1)", wrong: "make(chan string)",
		test: "TestQuery", kind: sched.Leak, site: "Query: chan send", within: 100,
	},
	{ // what was given to who has left is nobody's
		file: "queuelock.go", right: "l.next() // it was given meanwhile", wrong: "_ = 0",
		test: "TestQueueLock", kind: sched.Deadlock, site: "(*QueueLock).Acquire: select", within: 200,
	},
	{ // the same, where the one who leaves has run out of time
		file: "connections.go", right: "p.put(<-ch)", wrong: "_ = 0",
		test: "TestConnections", kind: sched.Failed, site: "connections_test.go", timing: true, within: 100,
	},
	{ // waits for a poll while it holds what the poll needs
		file: "poller.go", right: "\tclose(p.quit)\n\t<-p.stopped\n\tp.mu.Lock()\n\tdefer p.mu.Unlock()", wrong: "\tp.mu.Lock()\n\tdefer p.mu.Unlock()\n\tclose(p.quit)\n\t<-p.stopped",
		test: "TestPoller", kind: sched.Deadlock, site: "(*Poller).Stop: chan receive", timing: true, within: 100,
	},
	{ // a line is added to a buffer that is being written to a file
		file: "logger.go", right: "\tl.mu.Lock()\n\tdefer l.mu.Unlock()\n\treturn l.w.Flush()", wrong: "\treturn l.w.Flush()",
		test: "TestLogger", kind: sched.Failed, site: "logger_test.go", within: 100,
	},
	{ // writes to the network while it holds what the reader needs
		file: "peer.go", right: "\tid, ch := p.enter()\n\tfmt.Fprintln(p.conn, id, s)\n", wrong: "\tid, ch := p.enter()\n\tp.mu.Lock()\n\tfmt.Fprintln(p.conn, id, s)\n\tp.mu.Unlock()\n",
		test: "TestPeer", kind: sched.Deadlock, site: "(*Peer).read: sync.Mutex.Lock", within: 800,
	},
	{ // three goroutines: what was dead when it was listed lives again
		file: "compact.go", right: "if s.dead[id] {", wrong: "{",
		test: "TestCompact", kind: sched.Failed, site: "compact_test.go", within: 100,
	},
	{ // two sub-tests that are parallel copy, change and store
		file: "settings.go", right: "\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\tnext", wrong: "\tnext",
		test: "TestSettings", kind: sched.Failed, site: "settings_test.go", within: 100,
	},
}

func TestPlantedBugsAreFoundByDefault(t *testing.T) {
	dir := copied(t, "planted")
	for _, bug := range plantedBugs {
		path := filepath.Join(dir, bug.file)
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Contains(t, string(source), bug.right, bug.file)
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(source), bug.right, bug.wrong)), 0o644))
	}
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 2000, Seed: 1}
	got := explored(t, s, dir)
	for _, bug := range plantedBugs {
		end := got.ended[bug.test]
		require.NotNil(t, end, bug.test)
		require.Equal(t, drive.FoundSome, end.Verdict, "%s: %s", bug.test, end.Because)
		require.Empty(t, end.Apart, bug.test)
		require.Len(t, got.findings[bug.test], 1, bug.test)
		f := got.findings[bug.test][0].Finding
		require.Equal(t, bug.kind, f.Failure.Kind, bug.test)
		require.Contains(t, f.Failure.Site, bug.site, bug.test)
		require.Equal(t, bug.timing, f.Failure.Timing, bug.test)
		after := end.Statistics.Schedules
		if bug.timing {
			after = end.Timing.Statistics.Schedules
		}
		require.LessOrEqual(t, after, bug.within, "%s was found, but late", bug.test)
		require.Equal(t, f.Replays, f.Replayed, "%s in fresh processes", bug.test)
		t.Logf("%s: %d schedules, %s, %s", bug.test, after, f.Failure.Class(), f.Schedule)
	}
}

func TestWhereNoBugIsPlantedNoneIsFound(t *testing.T) {
	dir := copied(t, "planted")
	s := session(t, dir)
	s.Order = drive.Order{Mode: drive.Explore, Schedules: 300, Seed: 1}
	got := explored(t, s, dir)
	for _, bug := range plantedBugs {
		require.NotNil(t, got.ended[bug.test], bug.test)
		require.Equal(t, drive.HeldAll, got.ended[bug.test].Verdict, "%s: %s", bug.test, got.ended[bug.test].Because)
		require.Empty(t, got.ended[bug.test].Apart, bug.test)
	}
	requireUntouched(t, dir, "planted")
}
