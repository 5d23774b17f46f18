package object

import (
	"bytes"
	"cmp"
	"runtime"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// ofTheObject cuts a panic's stack to the frames of the object, from the panic to the call of the operation.
func ofTheObject(stack string) string {
	lines := strings.Split(strings.TrimSpace(stack), "\n")
	from := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "panic(") })
	if from < 0 {
		return stack
	}
	to := slices.IndexFunc(lines[from:], func(line string) bool { return strings.HasPrefix(line, "reflect.Value.call(") })
	if to < 0 {
		return stack
	}
	return strings.Join(append(lines[:1:1], lines[from:from+to]...), "\n")
}

// keepStack keeps the stack of an operation that panicked.
//
//go:norace
func (r *run) keepStack(i int, stack string) {
	if r.stacks == nil {
		r.stacks = make([]string, len(r.history))
	}
	r.stacks[i] = stack
}

// note records which goroutine a client is, in an execution that is reported.
func (r *run) note(t *sched.T, thread int) {
	if t.Noting() {
		r.goroutines[thread].Store(goroutineNumber())
	}
}

// stacksOfWaiting returns the stacks of the clients whose operations do not return.
func (r *run) stacksOfWaiting(now *run) string {
	who := r.waitingClients(now)
	if len(who) == 0 {
		return ""
	}
	return stacksOf(who)
}

// waitingClients names the goroutines whose operations do not return.
func (r *run) waitingClients(now *run) map[uint64]string {
	who := map[uint64]string{}
	for i, e := range now.history {
		client := r.plan.client[i]
		if n := r.goroutines[client].Load(); e.Outcome == spec.Pending && n != 0 {
			who[n] = r.plan.c.Threads[client].Name + " in " + r.plan.calls[i].text
		}
	}
	return who
}

// stackOfPanic returns the first stack that a panic left, "" for none.
func (r *run) stackOfPanic() string {
	for _, stack := range r.stacks {
		if stack != "" {
			return stack
		}
	}
	return ""
}

// stacksOf returns the stacks of these goroutines, each with its name.
func stacksOf(who map[uint64]string) string {
	dump := make([]byte, 1<<20)
	for runtime.Stack(dump, true) == len(dump) && len(dump) < 1<<28 {
		dump = make([]byte, 4*len(dump))
	}
	dump = dump[:runtime.Stack(dump, true)]
	return named(dump, who, "")
}

// named returns the stacks of these goroutines, each with its name. The others have one name too, and are left out if it is "".
func named(stacks []byte, who map[uint64]string, others string) string {
	var found []string
	for stack := range bytes.SplitSeq(bytes.TrimSpace(stacks), []byte("\n\n")) {
		name := cmp.Or(who[numberOf(stack)], others)
		if name == "" {
			continue
		}
		mine, _, _ := strings.Cut(string(stack), "\nreflect.Value.call(") // the frames below are the harness's
		found = append(found, name+": "+strings.TrimSpace(mine))
	}
	slices.Sort(found)
	return strings.Join(found, "\n\n")
}

// goroutineNumber is the number of the calling goroutine in a dump of stacks.
func goroutineNumber() uint64 {
	head := make([]byte, 64)
	return numberOf(head[:runtime.Stack(head, false)])
}

// numberOf is the goroutine's number in a stack, 0 for any other text.
func numberOf(stack []byte) (n uint64) {
	digits, is := bytes.CutPrefix(stack, []byte("goroutine "))
	for i := 0; is && i < len(digits) && '0' <= digits[i] && digits[i] <= '9'; i++ {
		n = 10*n + uint64(digits[i]-'0')
	}
	return n
}
