package object

import (
	"bytes"
	"runtime"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spec"
)

// ofTheObject are the frames of a panic's stack that are the object's, from the panic to the call of the operation.
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

// note keeps which goroutine a client is, in an execution that is reported.
func (r *run) note(t *sched.T, thread int) {
	if t.Noting() {
		r.goroutines[thread].Store(goroutineNumber())
	}
}

// stacksOfWaiting are the stacks of the clients in operations that do not come back.
func (r *run) stacksOfWaiting(now *run) string {
	who := map[uint64]string{}
	for i, e := range now.history {
		client := r.plan.client[i]
		if n := r.goroutines[client].Load(); e.Outcome == spec.Pending && n != 0 {
			who[n] = r.plan.c.Threads[client].Name + " in " + r.plan.calls[i].text
		}
	}
	if len(who) == 0 {
		return ""
	}
	return stacksOf(who)
}

// stackOfPanic is the first that an operation left, "" for none.
func (r *run) stackOfPanic() string {
	for _, stack := range r.stacks {
		if stack != "" {
			return stack
		}
	}
	return ""
}

// stacksOf are those of some goroutines, with who they are.
func stacksOf(who map[uint64]string) string {
	dump := make([]byte, 1<<20)
	for runtime.Stack(dump, true) == len(dump) && len(dump) < 1<<28 {
		dump = make([]byte, 4*len(dump))
	}
	dump = dump[:runtime.Stack(dump, true)]
	var found []string
	for stack := range bytes.SplitSeq(dump, []byte("\n\n")) {
		if name, ok := who[numberOf(stack)]; ok {
			mine, _, _ := strings.Cut(string(stack), "\nreflect.Value.call(") // what is below is the harness
			found = append(found, name+": "+strings.TrimSpace(mine))
		}
	}
	slices.Sort(found)
	return strings.Join(found, "\n\n")
}

// goroutineNumber is that of the calling goroutine in a dump of stacks.
func goroutineNumber() uint64 {
	head := make([]byte, 64)
	return numberOf(head[:runtime.Stack(head, false)])
}

// numberOf is 0 for what is no stack.
func numberOf(stack []byte) (n uint64) {
	digits, is := bytes.CutPrefix(stack, []byte("goroutine "))
	for i := 0; is && i < len(digits) && '0' <= digits[i] && digits[i] <= '9'; i++ {
		n = 10*n + uint64(digits[i]-'0')
	}
	return n
}
