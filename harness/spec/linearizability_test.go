package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// register executes "put N", "get" and "take", which waits for a value other than 0, on a register of one number.
func register(operations ...string) Sequential {
	return func(order []int) (responses []Response, err error) {
		value := 0
		for _, i := range order {
			word, argument, _ := strings.Cut(operations[i], " ")
			r := Response{Result: "ok"}
			switch {
			case word == "put":
				value, _ = strconv.Atoi(argument)
			case word == "get":
				r.Result = strconv.Itoa(value)
			case word == "take" && value == 0:
				return append(responses, Response{Blocks: true}), nil
			case word == "take":
				r.Result, value = strconv.Itoa(value), 0
			}
			responses = append(responses, r)
		}
		return responses, nil
	}
}

func ok(result string, invoked, returned int) Entry {
	return Entry{Outcome: OK, Result: result, Invoked: invoked, Returned: returned}
}

func check(t *testing.T, h History, operations ...string) *Judgement {
	t.Helper()
	client := make([]int, len(operations))
	for i := range client {
		client[i] = i
	}
	j, err := NewLinearizability(client, register(operations...)).Check(h)
	require.NoError(t, err)
	return j
}

func TestAnOrderThatRespectsRealTimeExplainsAHistory(t *testing.T) {
	t.Parallel()
	// put 1 and get overlap: the get may come before or after.
	for _, seen := range []string{"0", "1"} {
		j := check(t, History{ok("ok", 1, 4), ok(seen, 2, 3)}, "put 1", "get")
		require.Equal(t, Satisfied, j.Verdict)
		require.Len(t, j.Order, 2)
	}
	require.Equal(t, Violated, check(t, History{ok("ok", 1, 4), ok("2", 2, 3)}, "put 1", "get").Verdict)
}

func TestAReadThatBeganAfterAWriteReturnedMustSeeIt(t *testing.T) {
	t.Parallel()
	j := check(t, History{ok("ok", 1, 2), ok("0", 3, 4)}, "put 1", "get")
	require.Equal(t, Violated, j.Verdict)
	require.Equal(t, []int{0}, j.Order, "the write alone is explained")
	require.Equal(t, []Stuck{{1, Response{Result: "1"}}}, j.Stuck, "and the read would have had to return 1")
}

func TestSequentialConsistencyDoesNotAskForRealTime(t *testing.T) {
	t.Parallel()
	h := History{ok("ok", 1, 2), ok("0", 3, 4)}
	l := NewLinearizability([]int{0, 1}, register("put 1", "get"))
	l.Order = ByClient
	j, err := l.Check(h)
	require.NoError(t, err)
	require.Equal(t, Satisfied, j.Verdict)
	l = NewLinearizability([]int{0, 0}, register("put 1", "get"))
	l.Order = ByClient
	j, err = l.Check(h)
	require.NoError(t, err)
	require.Equal(t, Violated, j.Verdict, "one client sees what it wrote")
}

func TestQuiescentConsistencyOrdersOnlyAcrossAQuietMoment(t *testing.T) {
	t.Parallel()
	// A long operation overlaps both, so there is no quiet moment between the put and the get.
	busy := History{ok("ok", 1, 2), ok("0", 3, 4), ok("0", 0, 5)}
	quiet := History{ok("ok", 1, 2), ok("0", 4, 5), ok("1", 6, 7)}
	for want, h := range map[Verdict]History{Satisfied: busy, Violated: quiet} {
		l := NewLinearizability([]int{0, 1, 2}, register("put 1", "get", "get"))
		l.Order = Quiescent
		j, err := l.Check(h)
		require.NoError(t, err)
		require.Equal(t, want, j.Verdict, "%v", h)
	}
}

func TestAnOperationWhoseEffectIsOpenMayHaveTakenEffectOrNot(t *testing.T) {
	t.Parallel()
	for _, seen := range []string{"0", "1"} {
		h := History{{Outcome: Indeterminate, Invoked: 1, Returned: 2}, ok(seen, 3, 4)}
		require.Equal(t, Satisfied, check(t, h, "put 1", "get").Verdict, seen)
	}
	// Even after a read that did not see it, because it may take effect late; but not before it was called.
	require.Equal(t, Satisfied, check(t, History{{Outcome: Indeterminate, Invoked: 1, Returned: 2}, ok("0", 3, 4), ok("1", 5, 6)}, "put 1", "get", "get").Verdict)
	require.Equal(t, Violated, check(t, History{{Outcome: Indeterminate, Invoked: 1, Returned: 2}, ok("1", 3, 4), ok("0", 5, 6)}, "put 1", "get", "get").Verdict)
}

func TestAnOperationThatNeverReturnedMustBlockAlone(t *testing.T) {
	t.Parallel()
	require.Equal(t, Satisfied, check(t, History{{Outcome: Pending, Invoked: 1, Returned: 0}}, "take").Verdict, "nobody puts anything")
	j := check(t, History{{Outcome: Pending, Invoked: 1, Returned: 0}, ok("ok", 2, 3)}, "take", "put 1")
	require.Equal(t, Violated, j.Verdict, "the wake-up was lost")
	require.Equal(t, []Stuck{{0, Response{Result: "1"}}}, j.Stuck)
	require.Equal(t, Satisfied, check(t, History{{Outcome: Pending, Invoked: 1, Returned: 0}, ok("ok", 2, 3), ok("1", 2, 4)}, "take", "put 1", "take").Verdict)
}

// After a crash the earlier operations are durable or volatile, and the recovered subject answers what is read.
func TestWhatIsRecoveredIsWhatTheDurableAndSomeOtherOperationsLeave(t *testing.T) {
	t.Parallel()
	durable, volatile := Entry{Outcome: Durable, Invoked: 1, Returned: 2}, Entry{Outcome: Volatile, Invoked: 3, Returned: 4}
	for _, c := range []struct {
		first, second Entry
		read          string
		want          Verdict
	}{
		{durable, volatile, "1", Satisfied}, // the second is lost
		{durable, volatile, "2", Satisfied}, // or not
		{durable, volatile, "0", Violated},  // but the first is not
		{durable, volatile, "3", Violated},
		{Entry{Outcome: Volatile, Invoked: 1, Returned: 2}, Entry{Outcome: Durable, Invoked: 3, Returned: 4}, "1", Violated}, // their order stays
		{Entry{Outcome: Volatile, Invoked: 1, Returned: 2}, Entry{Outcome: Durable, Invoked: 3, Returned: 4}, "2", Satisfied},
	} {
		j := check(t, History{c.first, c.second, ok(c.read, 5, 6)}, "put 1", "put 2", "get")
		require.Equal(t, c.want, j.Verdict, "%+v", c)
	}
}

func TestASubjectThatLosesOnlyTheEndKeepsAPrefix(t *testing.T) {
	t.Parallel()
	// Three increments of a counter: the second was lost, the third was not.
	alone := func(order []int) (responses []Response, err error) {
		var there []string
		for _, i := range order {
			if there = append(there, strconv.Itoa(i)); i == 3 {
				responses = append(responses, Response{Result: strings.Join(there[:len(there)-1], " ")})
				continue
			}
			responses = append(responses, Response{})
		}
		return responses, nil
	}
	for _, c := range []struct {
		left                   string
		prefix, without, third Verdict // third: where the third is durable
	}{
		{"", Satisfied, Satisfied, Violated},
		{"0", Satisfied, Satisfied, Violated},
		{"0 1", Satisfied, Satisfied, Violated},
		{"0 1 2", Satisfied, Satisfied, Satisfied},
		{"0 2", Violated, Satisfied, Violated},
		{"1", Violated, Satisfied, Violated},
		{"1 0", Violated, Violated, Violated},
	} {
		h := History{{Outcome: Volatile, Invoked: 1, Returned: 2}, {Outcome: Volatile, Invoked: 3, Returned: 4}, {Outcome: Volatile, Invoked: 5, Returned: 6}, ok(c.left, 7, 8)}
		verdict := func(prefix bool) Verdict {
			l := NewLinearizability([]int{0, 0, 0, 1}, alone)
			l.Prefix = prefix
			j, err := l.Check(h)
			require.NoError(t, err)
			return j.Verdict
		}
		require.Equal(t, c.prefix, verdict(true), c.left)
		require.Equal(t, c.without, verdict(false), c.left)
		h[2].Outcome = Durable
		require.Equal(t, c.third, verdict(true), "%s, the third durable", c.left)
	}
}

func TestWhatACrashTookIsNotMissedAfterIt(t *testing.T) {
	t.Parallel()
	for crashes, want := range []Verdict{Violated, Satisfied} {
		l := NewLinearizability([]int{0, 0, 1}, func(order []int) (responses []Response, err error) {
			for before := range order { // each says how many came before it
				responses = append(responses, Response{Result: strconv.Itoa(before)})
			}
			return responses, nil
		})
		l.Prefix = true
		later := Entry{Outcome: Durable, Invoked: 3, Returned: 4, Crashes: crashes}
		j, err := l.Check(History{{Outcome: Volatile, Invoked: 1, Returned: 2}, later, ok("1", 5, 6)})
		require.NoError(t, err)
		require.Equal(t, want, j.Verdict, "one of two puts is there, %d crashes lie between them", crashes)
	}
}

func TestWhatTakesTooLongIsUnknown(t *testing.T) {
	t.Parallel()
	l := NewLinearizability([]int{0, 1, 2}, register("put 1", "put 2", "get"))
	l.Limit = 1
	j, err := l.Check(History{ok("ok", 1, 9), ok("ok", 1, 9), ok("3", 1, 9)})
	require.NoError(t, err)
	require.Equal(t, Unknown, j.Verdict)
	require.Contains(t, j.Reason, "1 sequential executions")
	_, err = l.Check(History{ok("ok", 1, 9), ok("ok", 1, 9), ok("3", 1, 9)})
	require.NoError(t, err)
	require.Equal(t, 1, l.Executions(), "it is not tried again")

	large := make(History, MaxOperations+1)
	j, err = NewLinearizability(make([]int, len(large)), nil).Check(large)
	require.NoError(t, err)
	require.Equal(t, Unknown, j.Verdict)
	require.Contains(t, j.Reason, "at most 64")
}

func TestAFailureOfTheSubjectAloneIsAnError(t *testing.T) {
	t.Parallel()
	wrong := fmt.Errorf("cannot be opened")
	_, err := NewLinearizability([]int{0}, func([]int) ([]Response, error) { return nil, wrong }).Check(History{ok("", 1, 2)})
	require.ErrorIs(t, err, wrong)
	_, err = NewLinearizability([]int{0}, nil).Check(nil)
	require.ErrorContains(t, err, "a history of 0 operations")
	moody := func([]int) ([]Response, error) { return nil, nil }
	_, err = NewLinearizability([]int{0}, moody).Check(History{ok("", 1, 2)})
	require.ErrorIs(t, err, ErrUnrepeatable)
}

func TestVerdictsAndOrdersAreRememberedForAProgram(t *testing.T) {
	t.Parallel()
	calls := 0
	alone := register("put 1", "get")
	l := NewLinearizability([]int{0, 1}, func(order []int) ([]Response, error) { calls++; return alone(order) })
	for range 10 {
		for _, h := range []History{{ok("ok", 1, 2), ok("1", 3, 4)}, {ok("ok", 1, 4), ok("0", 2, 3)}} {
			j, err := l.Check(h)
			require.NoError(t, err)
			require.Equal(t, Satisfied, j.Verdict)
		}
	}
	require.LessOrEqual(t, calls, 4, "there are no more orders of two operations")
	require.Equal(t, calls, l.Executions())
}

// Where an error leaves many operations open, as after a sync that has failed, there are too many orders of them to try each.
func TestManyOpenOperationsTakeFewExecutions(t *testing.T) {
	t.Parallel()
	const many = 9
	open := make([]string, many)
	for name, c := range map[string]struct {
		put     func(i int) string
		read    string
		same    bool
		verdict Verdict
		most    int
	}{
		"none of them took effect": {func(i int) string { return fmt.Sprint("put ", i+1) }, "0", false, Satisfied, 1},
		"one of them took effect":  {func(i int) string { return fmt.Sprint("put ", i+1) }, "7", false, Satisfied, many + 1},
		"they are one call":        {func(int) string { return "put 1" }, "3", true, Violated, many + 1},
		"they are two calls":       {func(i int) string { return fmt.Sprint("put ", i%2) }, "3", true, Violated, 1000},
	} {
		h := History{}
		for i := range open {
			open[i] = c.put(i)
			h = append(h, Entry{Outcome: Indeterminate, Invoked: 2*i + 1, Returned: 2*i + 2})
		}
		operations := append(slices.Clone(open), "get")
		l := NewLinearizability(make([]int, many+1), register(operations...))
		if c.same {
			for _, operation := range operations {
				l.Same = append(l.Same, slices.Index(operations, operation))
			}
		}
		j, err := l.Check(append(h, ok(c.read, 100, 101)))
		require.NoError(t, err)
		require.Equal(t, c.verdict, j.Verdict, name)
		require.LessOrEqual(t, l.Executions(), c.most, name)
	}
}

// bruteForce tries every order of every choice of the open operations.
func bruteForce(h History, client []int, order Order, alone Sequential) bool {
	must := h.before(order, client)
	var try func(sequence []int) bool
	try = func(sequence []int) bool {
		responses, _ := alone(sequence)
		for k, i := range sequence {
			if k >= len(responses) || responses[k].Blocks || h[i].Outcome == OK && responses[k].Result != h[i].Result {
				return false
			}
		}
		complete := true
		for i, e := range h {
			complete = complete && (e.Outcome != OK || slices.Contains(sequence, i))
			if e.Outcome == Pending {
				responses, _ := alone(append(slices.Clone(sequence), i))
				complete = complete && responses[len(responses)-1].Blocks
			}
		}
		if complete {
			return true
		}
		for i, e := range h {
			if slices.Contains(sequence, i) || e.Outcome != OK && e.Outcome != Indeterminate {
				continue
			}
			allowed := true
			for j := range h {
				allowed = allowed && (!must[i].has(j) || slices.Contains(sequence, j))
			}
			if allowed && try(append(slices.Clone(sequence), i)) {
				return true
			}
		}
		return false
	}
	return try(nil)
}

func TestTheSearchAgreesWithTryingEveryOrder(t *testing.T) {
	t.Parallel()
	parameters := gopter.DefaultTestParametersWithSeed(1)
	parameters.MinSuccessfulTests = 3000
	verdicts := map[Verdict]int{}
	properties := gopter.NewProperties(parameters)
	properties.Property("the same verdict", prop.ForAll(func(tape []int, order int) bool {
		at := 0
		next := func(n int) int {
			at++
			return tape[at%len(tape)] % n
		}
		n, open := 1+next(4), 1
		if next(2) == 0 {
			n, open = 3+next(4), 4 // so that orders with few of them are tried first
		}
		operations, client, h := make([]string, n), make([]int, n), make(History, n)
		last := map[int]int{}
		for i := range n {
			operations[i] = []string{"put 1", "put 2", "get", "get", "take"}[next(5)]
			client[i] = next(3)
			invoked := last[client[i]] + 1 + next(4)
			returned := invoked + 1 + next(6)
			last[client[i]] = returned
			h[i] = ok([]string{"0", "1", "2", "ok", "ok"}[next(5)], invoked, returned)
			switch kind := next(8); {
			case kind < open:
				h[i].Outcome = Indeterminate
			case kind == open:
				h[i] = Entry{Outcome: Pending, Invoked: invoked, Returned: 0}
			}
		}
		l := NewLinearizability(client, register(operations...))
		l.Order = Order(order)
		if next(4) > 0 {
			for _, operation := range operations {
				l.Same = append(l.Same, slices.Index(operations, operation))
			}
		}
		j, err := l.Check(h)
		verdicts[j.Verdict]++
		return err == nil && (j.Verdict == Satisfied) == bruteForce(h, client, l.Order, register(operations...))
	}, gen.SliceOfN(60, gen.IntRange(0, 1<<20)), gen.IntRange(0, 2)))
	properties.TestingRun(t)
	require.Greater(t, verdicts[Satisfied], 200)
	require.Greater(t, verdicts[Violated], 200)
}
