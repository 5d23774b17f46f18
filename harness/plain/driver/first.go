package driver

import (
	"cmp"
	"fmt"

	"github.com/racewindow/racewindow/harness/drive"
)

// The first execution in a process may reach what no later one does: it fills a cache of the package, say. go test executes a test once,
// so that is what its users see. If the schedule without a switch takes another way there and the search finds nothing, a short second
// search gives each schedule a process of its own.

// mostFirst is the most schedules of the second search. A process takes as long as hundreds of schedules, and mostly such state is harmless.
const mostFirst = 256

// searchFirst searches the first executions of processes. If that finds something, it is the result; otherwise the summary says that it held.
func (t *test) searchFirst() {
	if t.summary.Verdict != drive.HeldAll || t.inProcesses() || t.lazy == "" {
		return
	}
	later := *t
	t.first = true
	t.apart(drive.ApartFirst)
	defer t.pool.close()
	t.summary = drive.PlainSummary{Seed: order.Seed, Apart: fmt.Sprintf(
		"the first execution in a process takes another way than later ones, of which %d held: %s", later.summary.Statistics.Schedules, t.lazy)}
	strays := t.search()
	if t.summary.Verdict == drive.FoundSome {
		t.pool = nil // nothing was left in this process
		return
	}
	later.summary.First = &drive.PlainFirst{
		Differs: t.lazy, Because: cmp.Or(strays, t.summary.Because), Verdict: t.summary.Verdict,
		Statistics: t.summary.Statistics, Exhausted: t.summary.Exhausted,
	}
	*t = later
}
