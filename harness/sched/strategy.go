package sched

// A Strategy chooses schedules. It serves one worker at a time.
type Strategy interface {
	// Name is what the strategy is called on the command line and in reports.
	Name() string
	// Begin prepares for the next schedule. It returns false when there is none left.
	Begin() (more bool)
	// Next returns which of c.Enabled goes on, as an index.
	Next(c *Choice) int
	// End is called when the schedule is over, with the number of its choices and whether it failed.
	End(steps int, failed bool)
}

// A stayer is a strategy that knows more than one choice at a time. Most points of a program are passed without a switch, and
// asking a strategy at each of them took a sixth of a choice.
type stayer interface {
	// Stays returns how many of the following choices will also let the thread go on that Next has just returned, if until then
	// the same threads can go on and this one does not give up its turn. Next need not be called for them.
	Stays() int
}

// A Choice is a moment at which a thread has stopped and the next one is to be chosen.
type Choice struct {
	// Step counts the choices of this execution, from 0.
	Step int
	// Enabled are the threads that can go on, at least one, in the order of their numbers.
	Enabled []Candidate
	// Current is the index in Enabled of the thread that has just stopped; -1 if that thread cannot go on.
	Current int
	// Boundary says that the thread stopped between two operations: another one may go on without that being a preemption.
	Boundary bool
	// Timer says that the last of Enabled is the clock: if it goes on, the next timer fires (clock.go).
	Timer bool

	chooser *Chooser
}

// Default returns the choice that no schedule has to list: the current thread goes on, or else the first one that can. If
// the current thread gives up its turn, the next one goes on.
func (c *Choice) Default() int {
	if c.Current < 0 || c.Enabled[c.Current].Action != Pauses {
		return max(c.Current, 0)
	}
	threads := len(c.Enabled)
	if c.Timer && c.Enabled[threads-1].Action == Fires {
		threads--
	}
	return (c.Current + 1) % threads
}
