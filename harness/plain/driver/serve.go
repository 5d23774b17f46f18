package driver

import (
	"os"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
)

// A chooser makes a mechanism's choices: the search's chooser, or one that asks another process.
type chooser interface {
	Choose(stopped *sched.Candidate, held uint64) (thread int, ok bool)
	ChooseAgain(stopped *sched.Candidate) (thread int, ok, done bool)
	Pass(stopped *sched.Candidate, held uint64) (thread int, ok bool)
	Pick(stopped *sched.Candidate, ways int) (way int, ok bool)
	Seed(draws bool) int
	TakesTurns() bool
	Hurries() bool
	Lingers() bool
	Lingering() bool
	Noting() bool
	Note(sched.Note)
	Wrote(thread int, text string)
	Finish()
	Fail(*sched.Failure)
	Points() *sched.Points
}

// serve executes one schedule for another process, which makes the choices. Then the test is over, and this process soon
// ends.
func (t *test) serve() {
	in, out := os.NewFile(uintptr(order.Pipes[0]), "schedule"), os.NewFile(uintptr(order.Pipes[1]), "execution")
	w := newWire(in, out)
	w.put(saysHere).send()
	if order.Apart == drive.ApartWarm {
		sched.NewMechanismRunner(t.mechanism, t.options()).Replay(nil, false)
		*t.sights = sights{}
	}
	w.put(saysReady).send()
	if w.get() != ordersBegin || w.err != nil {
		return // the schedule is no longer needed
	}
	m := t.mechanism().(*mechanism)
	a := &asking{wire: w, mechanism: m, points: sched.NewPoints(), views: w.get() != 0, seed: int(w.get())}
	m.timing, m.apart, m.noting = w.get() != 0, true, a.views
	races := raceoff.Races()
	m.begin(a)
	m.Run()
	a.putWritten()
	RemoveLeft() // the next process must not find what is left
	w.put(saysOver, int64(t.sights.threads), int64(t.sights.choices), int64(t.sights.skipped), int64(t.sights.ended), int64(raceoff.Races()-races)).text(t.sights.running)
	w.put(boolean(t.sights.random), boolean(t.sights.timers)).text(t.sights.secret).put(int64(len(t.sights.fired)))
	for _, text := range t.sights.fired {
		w.text(text)
	}
	w.text(t.sights.polls).put(boolean(t.sights.socket), int64(t.sights.losses.Operations), int64(t.sights.losses.Disks), boolean(t.sights.oneOrder)).send()
}

// An asking chooser asks another process.
type asking struct {
	*wire
	mechanism *mechanism
	points    *sched.Points
	told      sched.PointID // how many points were reported
	named     int           // how many threads were reported
	views     bool          // the other process wants to know where threads are in the source
	failed    bool
	turns     bool // the other process said that threads take turns
	hurries   bool // it said that half of the turns are over
	seed      int
	enabled   []sched.Candidate

	threads []int // that wrote the texts
	texts   []string
	notes   []sched.Note
}

func (a *asking) Points() *sched.Points { return a.points }

// Seed returns what the other process said.
func (a *asking) Seed(bool) int { return a.seed }

// TakesTurns returns what the other process said.
func (a *asking) TakesTurns() bool { return a.turns }

// Hurries returns what the other process said.
func (a *asking) Hurries() bool { return a.hurries }

// Lingers says that nothing is counted: a test has no part in which nothing is chosen.
func (a *asking) Lingers() bool { return false }

// Lingering says that threads take no turns where nothing is chosen.
func (a *asking) Lingering() bool { return false }

// Noting says that no notes are kept here: the other process asks for what is to be seen.
func (a *asking) Noting() bool { return false }

// Note keeps a note until the next message to the other process, if that makes a report.
//
//go:norace
func (a *asking) Note(n sched.Note) {
	if a.views {
		a.notes = append(a.notes, n)
	}
}

// Wrote keeps a text until the next message to the other process.
//
//go:norace
func (a *asking) Wrote(thread int, text string) {
	a.threads, a.texts = append(a.threads, thread), append(a.texts, text)
}

// putWritten tells the other process what was noted and what was written.
func (a *asking) putWritten() {
	for _, n := range a.notes {
		a.put(saysNoted).text(n.Thread).text(n.Text)
	}
	a.notes = a.notes[:0]
	for i, text := range a.texts {
		a.put(saysWrote, int64(a.threads[i])).text(text)
	}
	a.threads, a.texts = a.threads[:0], a.texts[:0]
}

func (a *asking) Finish() { a.put(saysFinished).send() }

func (a *asking) Fail(f *sched.Failure) {
	a.failed = true
	a.putWritten()
	a.put(saysFailed).json(f).send()
}

func (a *asking) Choose(stopped *sched.Candidate, held uint64) (thread int, ok bool) {
	return a.ask(choosing, stopped, 0, held)
}

// ChooseAgain leaves the choice to Choose, because the other process must know who can go on.
func (a *asking) ChooseAgain(*sched.Candidate) (thread int, ok, done bool) { return 0, false, false }

func (a *asking) Pass(stopped *sched.Candidate, _ uint64) (thread int, ok bool) {
	return a.ask(passing, stopped, 0, 0)
}

func (a *asking) Pick(stopped *sched.Candidate, ways int) (way int, ok bool) {
	return a.ask(picking, stopped, ways, 0)
}

// ask reports where all threads are, and answers questions until the other process has decided.
func (a *asking) ask(how int64, stopped *sched.Candidate, ways int, held uint64) (thread int, ok bool) {
	if a.failed {
		return 0, false
	}
	a.putWritten()
	a.put(saysStopped, how, int64(ways), int64(held))
	if how == picking {
		a.state(nil)
	} else {
		a.enabled = a.mechanism.Candidates(a.enabled[:0])
		a.state(a.enabled)
	}
	a.candidate(stopped)
	if a.views {
		a.frame(a.mechanism.View(*stopped).Place)
	}
	a.send()
	for {
		switch a.get() {
		case ordersGo:
			thread, a.turns, a.hurries = int(a.get()), a.get() != 0, a.get() != 0
			return thread, a.err == nil
		case asksJump:
			a.mechanism.Jump(a.get())
			a.enabled = a.mechanism.Candidates(a.enabled[:0])
			a.put(saysAnswer)
			a.state(a.enabled)
			a.send()
		case asksDeadlock:
			a.put(saysAnswer).json(a.mechanism.Deadlock(a.getText())).send()
		case asksRemaining:
			a.put(saysAnswer).text(a.mechanism.Remaining()).send()
		default: // nobody goes on, or the other process has ended
			return 0, false
		}
	}
}

// state reports new points and threads, the clock, and who can go on.
func (a *asking) state(enabled []sched.Candidate) {
	n := sched.PointID(a.points.Count())
	a.put(int64(n - a.told))
	for ; a.told < n; a.told++ {
		name, file, line := a.points.At(a.told)
		a.text(name).text(file).put(int64(line))
	}
	threads := a.mechanism.Threads()
	a.put(int64(threads - a.named))
	for ; a.named < threads; a.named++ {
		a.text(a.mechanism.Name(a.named))
	}
	at, counts, any := a.mechanism.Due()
	a.put(at, boolean(counts), boolean(any), int64(len(enabled)))
	for i := range enabled {
		a.candidate(&enabled[i])
	}
}
