// Package deadlock says whether all goroutines of this process that work for a run wait for one another, so that none of them can ever
// go on. It goes by what they wait for, never by for how long: a machine that is too slow or a disk that does not answer is no deadlock.
package deadlock

import (
	"bytes"
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Deadlock is a set of goroutines that none but one of themselves could wake.
type Deadlock struct {
	// Goroutines is how many there are.
	Goroutines int
	// Places are where they wait, the commonest first, each with the number of goroutines.
	Places []string
	// Stacks are their stacks, as the runtime prints them.
	Stacks string
}

// String says where how many goroutines wait.
func (d *Deadlock) String() string {
	return fmt.Sprintf("all %d goroutines that are left wait for one another: %s", d.Goroutines, d.Where())
}

// Where lists the places with the number of goroutines, the commonest ones.
func (d *Deadlock) Where() string {
	const most = 6
	places := d.Places
	if len(places) > most {
		places = append(places[:most:most], fmt.Sprintf("%d more places", len(d.Places)-most))
	}
	return strings.Join(places, "; ")
}

const (
	// Every is how often to look.
	Every = 500 * time.Millisecond
	// looks is how many pictures in a row must be the same. One is proof for all that a picture shows: the runtime takes it while
	// nobody runs. What it cannot show is a function that a timer will call.
	looks = 6
)

// A Watch looks again and again. The zero Watch is ready. One goroutine uses it, and belongs to none of the waiting ones.
type Watch struct {
	// NoTimer are prefixes of the full names of functions in which no timer ends a receive or a select. Besides these, the typed
	// waits of package failpoints without a deadline are known.
	NoTimer []string

	last time.Time
	text []byte // the last picture
	seen []waiter
	same int
}

// Look returns the deadlock of all other goroutines, once it has seen them wait at the same places often enough; else nil. It looks at
// most once in Every, so it may be called at any time.
func (w *Watch) Look() *Deadlock {
	if now := time.Now(); now.Sub(w.last) >= Every {
		w.last = now
		w.text = dump(w.text)
		return w.judge(w.text)
	}
	return nil
}

// judge judges one picture, whose first goroutine is the one that looks.
func (w *Watch) judge(picture []byte) *Deadlock {
	waiters, stuck := w.waiters(picture)
	if !stuck || len(waiters) == 0 {
		w.seen, w.same = nil, 0
		return nil
	}
	if !slices.EqualFunc(waiters, w.seen, sameWait) {
		w.seen, w.same = waiters, 0
	}
	if w.same++; w.same < looks {
		return nil
	}
	return describe(waiters)
}

// dump returns the stacks of all goroutines, the caller's first, in the room of an earlier text if that is enough. It returns nothing if
// they need more than 256 MiB.
func dump(text []byte) []byte {
	text = text[:cap(text)]
	if len(text) == 0 {
		text = make([]byte, 1<<20)
	}
	for {
		n := runtime.Stack(text, true)
		switch {
		case n < len(text):
			return text[:n]
		case len(text) >= 1<<28: // whoever is cut off may be the one that goes on
			return text[:0]
		}
		text = make([]byte, 4*len(text))
	}
}

// A waiter is a goroutine that waits.
type waiter struct {
	number string
	state  string
	frames string // without its header, in which the time that it waits changes
	place  string
}

// waiters returns the goroutines of a picture that work for the run, in order of their numbers. stuck says that none of them can go
// on unless another one does something.
func (w *Watch) waiters(picture []byte) (all []waiter, stuck bool) {
	first := true
	for stack := range bytes.SplitSeq(bytes.TrimSpace(picture), []byte("\n\n")) {
		g, ok := parse(string(stack))
		switch {
		case first: // the one that looks
			first = false
		case !ok:
			return nil, false // cut off, or a form that is not known
		case g.isOutside(nil):
		case !g.waitsForOthers(w.NoTimer):
			return nil, false
		default:
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b waiter) int {
		return cmp.Or(cmp.Compare(len(a.number), len(b.number)), cmp.Compare(a.number, b.number))
	})
	return all, true
}

// parse reads one goroutine of a picture: "goroutine 7 [select, 2 minutes]:", and two lines for each frame.
func parse(stack string) (g waiter, ok bool) {
	header, frames, ok := strings.Cut(strings.TrimSpace(stack), "\n")
	rest, is := strings.CutPrefix(header, "goroutine ")
	number, rest, has := strings.Cut(rest, " ")
	_, rest, opens := strings.Cut(rest, "[")
	state, _, closes := strings.Cut(rest, "]")
	if !ok || !is || !has || !opens || !closes {
		return g, false
	}
	state, _, _ = strings.Cut(state, " labels:")
	state, _, _ = strings.Cut(state, ",")
	state = strings.TrimSuffix(state, " (scan)")
	g = waiter{number: number, state: state, frames: frames}
	g.place = g.where()
	return g, true
}

// functions are the functions of a goroutine's frames, the innermost first, without arguments and without the runtime's.
func (g waiter) functions(yield func(name, at string) bool) {
	lines := strings.Split(g.frames, "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		name := lines[i]
		if strings.HasPrefix(name, "created by ") {
			return
		}
		if end := strings.LastIndexByte(name, '('); end > 0 {
			name = name[:end]
		}
		if strings.HasPrefix(name, "runtime.") {
			continue
		}
		if !yield(name, lines[i+1]) {
			return
		}
	}
}

// outside are the packages whose own goroutines work for no run: the one that waits for the system's signals, and the tests that wait
// for others.
var outside = []string{"os/signal.", "testing."}

// isOutside says whether a goroutine waits in one of the packages outside, or is in one of these functions.
func (g waiter) isOutside(functions []string) bool {
	innermost := true
	for name := range g.functions {
		if innermost && slices.ContainsFunc(outside, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			return true
		}
		if !strings.HasPrefix(name, "sync.") && !strings.HasPrefix(name, "internal/") {
			return slices.Contains(functions, name)
		}
		innermost = false
	}
	return false
}

// byOthers are the states of a goroutine that only another goroutine can end. All others may end by themselves, or by the system.
var byOthers = []string{
	"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.Cond.Wait", "sync.WaitGroup.Wait", "semacquire", "chan send",
	"chan receive (nil chan)", "chan send (nil chan)", "select (no cases)",
}

// noTimer are the functions in which no timer ends a wait.
const noTimer = "github.com/racewindow/racewindow/failpoints.receiveWithoutTimer"

// waitsForOthers says whether only another goroutine can end the wait. A receive and a select may be those of a timer.
func (g waiter) waitsForOthers(known []string) bool {
	if slices.Contains(byOthers, g.state) {
		return true
	}
	if g.state != "select" && g.state != "chan receive" {
		return false
	}
	for name := range g.functions {
		return strings.HasPrefix(name, noTimer) || slices.ContainsFunc(known, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	return false
}

// where names the innermost function that is not only there to wait, and its line.
func (g waiter) where() string {
	for name, at := range g.functions {
		if strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "internal/") || strings.HasPrefix(name, "github.com/racewindow/racewindow/failpoints.") {
			continue
		}
		at, _, _ = strings.Cut(strings.TrimSpace(at), " ")
		return fmt.Sprintf("%s (%s)", name[strings.LastIndexByte(name, '/')+1:], at[strings.LastIndexByte(at, '/')+1:])
	}
	return g.state
}

// describe makes the deadlock of goroutines.
func describe(all []waiter) *Deadlock {
	count := map[string]int{}
	var text strings.Builder
	for _, g := range all {
		count[g.place]++
		fmt.Fprintf(&text, "goroutine %s [%s]:\n%s\n\n", g.number, g.state, g.frames)
	}
	d := &Deadlock{Goroutines: len(all), Stacks: text.String()}
	for place := range count {
		d.Places = append(d.Places, place)
	}
	slices.SortFunc(d.Places, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	for i, place := range d.Places {
		d.Places[i] = fmt.Sprintf("%d in %s", count[place], place)
	}
	return d
}
