package deadlock

import (
	"bytes"
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Crowd is what is known of goroutines that belong together.
type Crowd uint8

const (
	// Goes says that one of them can go on by itself, or that there are none.
	Goes Crowd = iota
	// Waits says that each waits for another goroutine, or for a channel, which may be that of a timer.
	Waits
	// Stuck says that each waits for another goroutine, and has done so at the same place in one picture after the other, while every other
	// goroutine of the process was waiting too. So they wait for one another.
	Stuck
)

// Labels tells the goroutines of a process apart by a label of package runtime/pprof, which goroutines inherit from those that start them.
// One goroutine uses it at a time.
type Labels struct {
	// Key is the name of the label.
	Key string
	// Outside are the full names of functions whose goroutines work for no run, whatever state they are in: they wait for the run. It is the
	// innermost function that counts, without those that are only there to wait.
	Outside []string
	// Every is how often to take a picture; default the constant of that name.
	Every time.Duration

	last   time.Time
	text   []byte // the last picture
	crowds map[string]*crowd
}

// A crowd is the goroutines with one value of the label.
type crowd struct {
	all   []waiter
	stuck bool // in the last picture
	waits bool
	same  int // pictures in which all were stuck, and no other goroutine could go on
}

// Look takes a picture, at most once in Every, so it may be called at any time.
func (l *Labels) Look() {
	if now := time.Now(); now.Sub(l.last) >= cmp.Or(l.Every, Every) {
		l.last = now
		withLabels(func() { l.text = dump(l.text) })
		l.judge(l.text)
	}
}

// Of says what was seen of the goroutines with a value of the label, and where they wait. It is nil if there are none.
func (l *Labels) Of(value string) (*Deadlock, Crowd) {
	c := l.crowds[value]
	switch {
	case c == nil:
		return nil, Goes
	case c.same >= looks:
		return describe(c.all), Stuck
	case c.waits:
		return describe(c.all), Waits
	}
	return describe(c.all), Goes
}

// judge judges one picture, whose first goroutine is the one that looks.
func (l *Labels) judge(picture []byte) {
	before, quiet := l.crowds, true
	l.crowds = map[string]*crowd{}
	first := true
	for stack := range bytes.SplitSeq(bytes.TrimSpace(picture), []byte("\n\n")) {
		g, ok := parse(string(stack))
		switch {
		case first:
			first = false
		case !ok: // cut off, or a form that is not known
			quiet = false
		case !g.isOutside(l.Outside):
			quiet = quiet && g.waits()
			l.add(l.valueOf(string(stack)), g)
		}
	}
	for value, c := range l.crowds {
		if was := before[value]; was != nil && slices.EqualFunc(c.all, was.all, sameWait) {
			c.same = was.same
		}
		if !c.stuck {
			c.same = 0
		} else if quiet && !first {
			c.same++
		}
	}
}

func (l *Labels) add(value string, g waiter) {
	c := l.crowds[value]
	if c == nil {
		c = &crowd{stuck: true, waits: true}
		l.crowds[value] = c
	}
	c.all = append(c.all, g)
	c.stuck = c.stuck && (slices.Contains(byOthers, g.state) || g.state == coroutine)
	c.waits = c.waits && g.waits()
}

// valueOf returns the value of the label in the header of a stack: goroutine 7 [select labels:{"key": "value"}]:
func (l *Labels) valueOf(stack string) string {
	header, _, _ := strings.Cut(stack, "\n")
	_, labels, _ := strings.Cut(header, " labels:{")
	_, value, is := strings.Cut(labels, strconv.Quote(l.Key)+": ")
	if !is {
		return ""
	}
	quoted, err := strconv.QuotedPrefix(value)
	if err != nil {
		return ""
	}
	value, _ = strconv.Unquote(quoted) // it is quoted
	return value
}

func sameWait(a, b waiter) bool { return a.number == b.number && a.frames == b.frames }

// coroutine is the state of a goroutine that another one, of the same label, has to resume.
const coroutine = "coroutine"

// waits says whether a goroutine waits for another one or for a channel, be it a timer's.
func (g waiter) waits() bool {
	return g.state == coroutine || slices.Contains(byOthers, g.state) || g.state == "select" || g.state == "chan receive"
}

// withLabels calls a function while the runtime prints the labels of goroutines.
func withLabels(do func()) {
	const variable = "GODEBUG"
	before, was := os.LookupEnv(variable)
	_ = os.Setenv(variable, strings.TrimPrefix(before+",tracebacklabels=1", ",")) // the name and the value are valid
	do()
	if was {
		_ = os.Setenv(variable, before)
	} else {
		_ = os.Unsetenv(variable)
	}
}
