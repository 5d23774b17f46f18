// Package sched runs real Go code one thread at a time and decides at each failpoint which thread goes on. So every
// interleaving of the code between failpoints can be chosen, repeated, enumerated and made smaller, while the race detector
// still sees the program as if the scheduler were not there.
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
// A thread is what Go started, or a task that the code under test started with failpoints.Go. It runs until it comes to a
// yield point of its context, to a typed wait (failpoints.Lock, Receive, Sleep, Cond), to the boundary between two of its
// operations (T.Op), or to its end. There a Strategy picks the next one among those that can go on. What lies between two
// such places is atomic: a claim of completeness is about interleavings of these pieces.
//
// The function of the scenario itself runs first, alone, and Finally's function last; their yield points are no choices.
//
// Time is virtual: it stands still until T.Advance moves it, or until no thread can go on but some wait for a time; then it
// jumps to the earliest. When no thread can go on and nobody waits for a time, that is a deadlock; so is that no client can go
// on while the timers of tasks tick for ever.
//
// A schedule that comes to Options.StepLimit goes on with turns for each thread. It is a livelock if everything then goes round
// in a circle and other schedules of the scenario are far shorter; if it does not end otherwise, nothing is known of it.
//
// # Searching
//
// Explore is for tests; Search returns what it found. Without a strategy's name both begin with every schedule that needs no
// preemption, then those that need one, and go on with random strategies in turn: the random walk, PCT, POS, SURW,
// and guided schedules, which go by what earlier ones have shown; where all of the first are too many, guided schedules come before them. What they
// covered is told in partial orders, windows crossed, and an estimate of what is unseen; only an exhausted bound is a claim.
//
// A failure comes with its schedule: the few places at which another thread goes on than the one that would by itself. The
// flag -racewindow.replay=SCHEDULE has the same test execute that one only, with a dash for the schedule without any switch. Where
// threads go round in a circle for ever the schedule ends with that cycle: (a@x#*>b, b@x#*>a)*.
//
// Failures at different places of the source are different findings, whatever their text. The same seed finds the same with any
// number of workers, as long as a number of schedules and not time ends the search.
//
// # Ways to run
//
// How threads are stopped and resumed is a Mechanism. Search and NewRunner take that of scenarios; SearchMechanism and
// NewMechanismRunner take any.
//
// In a plain build threads are coroutines (package iter) and a switch costs tens of nanoseconds. Under -race they are
// goroutines that pass a baton the detector does not see, so that it knows of no order but the program's own.
//
// A goroutine that nobody told the scheduler of, and that comes to a failpoint with a thread's context, ends the run with an
// error: what it does could not be repeated. A thread that blocks in code without markers ends the process with exit code 3, its
// last marker, the schedule and its stack.
package sched
