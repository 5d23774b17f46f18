package main

import (
	"math/rand"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// programs is the fixed list that is searched for every planted bug. None was written for a single bug: each stands for a way
// to use a log, with sizes at which arenas, chunks and files change (a record of 8 bytes takes 56 in the log).
var programs = []string{
	"w0: append 1, flush, append 1, flush; r0: read - end, read last end",
	"arena=64; w0: append 1, append 1, flush, append 1; r0: read - end; r1: read - end",
	"arena=64; w0: append 2, flush, append 2, flush, append 2, flush, append 2; r0: read - end, read last end",
	"segment=1; w0: append 1, flush, append 1, flush, append 1, flush; r0: read - end, read - end",
	"arena=64 chunk=1; w0: fragments 1+1+1, append 1; f0: flush, flush; r0: read - end",
	"w0: abort 1+1, append 1; f0: flush; r0: read - end",
	"arena=128 segment=1; w0: abort 2, append 2, flush; w1: append 1; r0: read - end",
	"w0: fragments 1, fragments 1+1, fragments 1, fragments 1; w1: append 1; w2: append 1",
	"flush=100 interval=1s; w0: append 1, append 2, append 1; w1: advance 1s, append 1; r0: read - end",
	"w0: append 1, flush; r0: read - end; r1: read - end; r2: read - end; r3: read - end",
	"w0: append 1, flush; w1: append 1, flush; w2: append 1, flush; r0: read - end",
	"w0: append 1, flush, append 1, flush, append 1, flush, append 1, flush, append 1, flush, append 1, flush; r0: read - end, read - end",
	"chunk=100; w0: append 8, append 8, append 8, flush, read 1.0 end, read 1.3 end, read 2.+ end; r0: read last end, read last end, reopen, read 1.2 end",
}

// handovers are those that are meant to hold. The search does not know which of them contains the bug.
var handovers = []string{"snapshot", "retain"}

// A course is the order in which a search takes up programs.
type course struct {
	random *rand.Rand
	hint   string
	queue  []cases.Case
	rounds int
}

func newCourse(seed uint64, hint string) *course {
	return &course{random: rand.New(rand.NewSource(int64(seed))), hint: hint}
}

// next returns the next program and the number of its round. A program gets more schedules in a later round.
func (c *course) next() (program cases.Case, round int, err error) {
	if len(c.queue) == 0 {
		if err := c.fill(); err != nil {
			return program, 0, err
		}
		c.rounds++
	}
	program, c.queue = c.queue[0], c.queue[1:]
	return program, c.rounds - 1, nil
}

// fill queues each program of the list under each hand-over, and as many drawn ones, and shuffles them. A hint replaces all of these.
func (c *course) fill() error {
	texts := programs
	if c.hint != "" {
		texts = []string{c.hint}
	}
	for _, text := range texts {
		for _, handover := range handovers {
			p, err := cases.Parse(caseText(handover, text))
			if err != nil {
				return err
			}
			c.queue = append(c.queue, p)
			if c.hint == "" {
				drawn := cases.Draw(c.random, cases.Shape{Small: true})
				drawn.Options.Handover = handover
				c.queue = append(c.queue, drawn)
			}
		}
	}
	c.random.Shuffle(len(c.queue), func(i, j int) { c.queue[i], c.queue[j] = c.queue[j], c.queue[i] })
	return nil
}

// caseText makes the text of a case from a program, which begins with options or with its first thread.
func caseText(handover, program string) string {
	header := "v1 scenario=log handover=" + handover
	if startsWithThread(program) {
		return header + "; " + program
	}
	return header + " " + program
}

// startsWithThread says whether a colon comes before the first equals sign.
func startsWithThread(program string) bool {
	for _, c := range program {
		if c == ':' || c == '=' {
			return c == ':'
		}
	}
	return false
}
