// Package sched runs real Go code one thread at a time and decides at each failpoint which thread goes on. So it can choose,
// repeat, enumerate and shrink every interleaving of the code between failpoints, while the race detector still sees the
// program as if the scheduler were not there.
//
// A Scenario is a function that prepares something, names threads and says what must hold:
//
//	func TestCacheKeepsWhatWasPut(t *testing.T) {
//		sched.Explore(t, sched.Options{}, func(x *sched.Execution) {
//			c := newCache()
//			x.Go("writer", func(t *sched.T) { c.Put(t.Context(), "k", 1) })
//			x.Go("reader", func(t *sched.T) { c.Get(t.Context(), "k") })
//			x.Finally(func(t *sched.T) { require.Equal(t, 1, c.Get(t.Context(), "k")) })
//		})
//	}
//
// # Threads
//
// A thread is started by Execution.Go, or is a task that the code under test started with failpoints.Go. It runs until it
// comes to a yield point of its context, to a typed wait (failpoints.Lock, Receive, Sleep, Cond), to the boundary between two
// of its operations (T.Op), or to its end. There a Strategy picks the next one among those that can go on. What lies between
// two such places is atomic: a claim of completeness is about interleavings of these pieces.
//
// The function of the scenario itself runs first, alone, and Finally's function last; at their yield points nothing is chosen.
//
// Time is virtual: it stands still until T.Advance moves it, or until no thread can go on but some wait for a time; then it
// jumps to the earliest. If no thread can go on and none waits for a time, that is a deadlock. It is also a deadlock if no
// client can go on while the timers of tasks tick for ever.
//
// After Options.StepLimit choices the threads take turns. A schedule that still does not end is a livelock if everything repeats
// a cycle and other schedules of the scenario are far shorter; otherwise nothing is known of it.
//
// # Searching
//
// Explore is for tests; Search returns what it found. Without a strategy's name both draw schedules at random: PCT, guided schedules
// (which use what earlier ones have shown), POS, SURW and the random walk, in turn. After 1,024 of these they try every schedule that
// needs no preemption, then those that need one, and then draw again. A bound comes first if it has few schedules, and is left if it
// has too many. Coverage is reported as partial orders, windows crossed, and an estimate of what is unseen; only an exhausted bound is
// a claim.
//
// A failure comes with its schedule: the few places at which another thread goes on than by default. With the flag
// -racewindow.replay=SCHEDULE the same test executes only that schedule; a dash is the schedule without any switch. If threads
// repeat a cycle for ever, the schedule ends with that cycle: (a@x#*>b, b@x#*>a)*.
//
// Failures at different places of the source are different findings, whatever their text. The same seed finds the same with any
// number of workers, if a number of schedules, not time, ends the search.
//
// # Ways to run
//
// A Mechanism decides how threads are stopped and resumed. Search and NewRunner use that of scenarios; SearchMechanism and
// NewMechanismRunner take any.
//
// In a plain build threads are coroutines (package iter) and a switch costs tens of nanoseconds. Under -race they are
// goroutines that pass a baton. The detector does not see the baton, so it knows of no order but the program's own.
//
// If a goroutine that the scheduler does not know comes to a failpoint with a thread's context, the run ends with an error,
// because what the goroutine does could not be repeated. If a thread blocks in code without markers, the process prints the
// last marker of the thread, the schedule and the stack, and ends with exit code 3.
package sched
