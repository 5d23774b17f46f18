package registry

import (
	"context"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/storage"
)

// A Bug is one of the two bugs that the analysis compares, with what is needed to measure it.
type Bug struct {
	Title, Location, Cause string
	// Program is what Scenario runs, as a case or in words.
	Program  string
	Scenario sched.Scenario
	// Victim is the thread that stands in the window, Striker the one that runs while it stands there. Until is a schedule in
	// which the victim passes all its points before the striker runs.
	Victim, Striker string
	Until           sched.Schedule
	Fixes           []Fix
}

// A Fix is a scenario in which the bug should be fixed.
type Fix struct {
	Name     string
	Scenario sched.Scenario
}

// The head of a case with the known bug, and the programs that follow a head.
const (
	known          = "v1 scenario=registry removal=statusfirst"
	removalProgram = "; setup: subscribe a; p0: publish a; m0: remove a"
	asleepProgram  = "; setup: subscribe a, suspend a; p0: publish a; m0: remove a"
)

// Bugs are the two bugs, in the order of the analysis's table.
func Bugs() []Bug {
	bug := written(known + removalProgram + "; @ start>m0, m0@dismiss/ended#1>a.1, a.1@end>m0")
	removal := Bug{
		Title: "Bug #1 (shape removal)", Location: "harness/subjects/registry, Remove and Publish", Cause: "order of the removal's steps, and a router that lags behind",
		Program: known + removalProgram, Scenario: scenario(bug), Victim: "m0", Striker: "p0", Until: bug.Switches,
	}
	for _, order := range Orders()[1:] {
		for _, v := range []struct{ name, rest string }{
			{"", removalProgram},
			{", asleep", asleepProgram},
			{", concurrent", " concurrent=true" + removalProgram},
			{", concurrent, asleep", " concurrent=true" + asleepProgram},
		} {
			c := written("v1 scenario=registry removal=" + order.String() + v.rest)
			removal.Fixes = append(removal.Fixes, Fix{order.String() + v.name, scenario(c)})
		}
	}
	return []Bug{removal, handoverBug()}
}

// written parses a case that this file contains.
func written(text string) cases.Case {
	c, err := cases.Parse(text, cases.Only(Subject))
	if err != nil {
		panic(err)
	}
	return c
}

func handoverBug() Bug {
	handover := Bug{
		Title: "Bug #2 (log read/write)", Location: "storage, the Stale hand-over", Cause: "stale snapshot of the metadata",
		Program: "w0: append, flush; r0: read", Scenario: logScenario(storage.Stale, 1, storage.End),
		Victim: "r0", Striker: "w0", Until: sched.Schedule{{At: sched.Place{Thread: "w0", Point: sched.OpPoint, Hit: 1}, To: "r0"}},
	}
	for _, h := range storage.Handovers() {
		if h.Name() != storage.Stale.Name() {
			handover.Fixes = append(handover.Fixes, Fix{h.Name(), logScenario(h, 1, storage.End)})
		}
	}
	for _, h := range []storage.Handover{storage.Fallback, storage.Snapshot} {
		fix := Fix{h.Name() + ", two appends and a read up to 1.5", logScenario(h, 2, storage.Offset{Tx: 1, Op: 5})}
		handover.Fixes = append(handover.Fixes, fix)
	}
	return handover
}

// The promises of the log's scenario. lostForGood breaks if a record that a read missed never comes back.
var (
	readAfterWrite = Promise{"ReadAfterWrite", "a read that starts after an append returned yields its record"}
	lostForGood    = Promise{"LostForGood", "in the end every record is read"}
)

// logScenario is the scenario of the analysed bug: records are appended and flushed while the first of them is read.
func logScenario(handover storage.Handover, appends int, upTo storage.Offset) sched.Scenario {
	return func(x *sched.Execution) {
		ctx := x.Context()
		store, err := storage.Open(ctx, "", storage.Options{Disk: storage.MemoryDisk(), Handover: handover, FlushInterval: -1, ArenaBytes: 256, CacheBytes: -1})
		if err != nil {
			panic(err)
		}
		log, err := store.Log(ctx, "orders")
		if err != nil {
			panic(err)
		}
		w := &world{}
		var acknowledged, began, got int
		x.Go("w0", func(t *sched.T) {
			for i := range appends {
				t.Op("append")
				_, err := log.Append(t.Context(), storage.Record{Value: []byte("one")})
				failIf(t, err)
				if i == 0 {
					acknowledged = w.tick()
				}
			}
			t.Op("flush")
			failIf(t, log.Flush(t.Context()))
		})
		x.Go("r0", func(t *sched.T) {
			t.Op("read")
			began = w.tick()
			var err error
			got, err = count(t.Context(), log, upTo)
			failIf(t, err)
		})
		x.Finally(func(t *sched.T) {
			again, err := count(t.Context(), log, upTo)
			failIf(t, err)
			failIf(t, store.Close(t.Context()))
			switch {
			case again != 1:
				t.Fail(lostForGood.broken("%d of 1", again))
			case got < 1 && acknowledged < began:
				t.Fail(readAfterWrite.broken("%d of 1; the next read returns it", got))
			}
		})
	}
}

func failIf(t *sched.T, err error) {
	if err != nil {
		t.Fail(err)
	}
}

func count(ctx context.Context, log *storage.Log, upTo storage.Offset) (n int, err error) {
	for _, err := range log.Read(ctx, storage.Offset{}, upTo) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
