package properties

import (
	"slices"

	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// A close beside operations that run. Delays hold one in its middle while the other runs, so what a close does to an operation does
// not depend on the Go scheduler.

// closerThread is the name of the thread that closes.
const closerThread = "closer"

// addClose adds a thread that closes the log or its store, and may open it again. With delays, it comes in the middle of others.
func (d drawing) addClose(c *cases.Case) {
	kinds := one(d.random, [2]cases.Kind{cases.Close, cases.Handle}, [2]cases.Kind{cases.CloseStore, cases.Reopen})
	thread := cases.Thread{Name: closerThread, Operations: []cases.Operation{{Kind: kinds[0]}}}
	if d.random.Intn(2) == 0 {
		thread.Operations = append(thread.Operations, cases.Operation{Kind: kinds[1]})
	}
	others := c.Threads
	c.Threads = append(c.Threads, thread)
	if d.Delays <= 0 {
		return
	}
	scenes := []func([]cases.Thread, string) []cases.Delay{d.othersStand, d.closeStands, d.othersWait}
	for _, i := range d.random.Perm(len(scenes)) {
		if c.Delays = scenes[i](others, c.Options.Handover); c.Delays != nil {
			return
		}
	}
}

// whileClosed makes a thread stand at a place until the close is over, which begins when the thread has come there.
func whileClosed(at cases.Place) cases.Delay {
	return cases.Delay{At: at, While: &cases.Turn{Thread: closerThread, Operation: 1}}
}

// standPoints are, by kind, the places at which an operation holds nothing that a close waits for. A transaction may be open there.
var standPoints = map[cases.Kind][]string{
	cases.Append:        {"append/before-room", "append/lock"},
	cases.AppendDurable: {"append/before-room", "append/lock", "flush/before-check"},
	cases.AppendAt:      {"append/before-room", "append/lock"},
	cases.Fragments:     {"append/lock"},
	cases.Abort:         {"append/lock"},
	cases.Spent:         {"append/lock"},
	cases.Flush:         {"flush/before-check"},
}

// othersStand has at least one other thread stand in an operation while the close runs.
func (d drawing) othersStand(others []cases.Thread, handover string) (delays []cases.Delay) {
	for _, i := range d.random.Perm(len(others)) {
		if at := d.stand(others[i], handover); at.Thread != "" && (delays == nil || d.random.Intn(2) == 0) {
			delays = append(delays, whileClosed(at))
		}
	}
	return delays
}

// stand draws a place in an operation of the thread; its Thread is "" if no operation has one.
func (d drawing) stand(t cases.Thread, handover string) (at cases.Place) {
	_, all := operations(t, func(o cases.Operation) bool { return o.Kind == cases.Read || standPoints[o.Kind] != nil })
	if len(all) == 0 {
		return at
	}
	o := one(d.random, all...)
	if at.Thread = t.Name; o.Kind == cases.Read {
		at.Point = d.readPoint(handover)
	} else {
		at.Point = one(d.random, standPoints[o.Kind]...)
	}
	at.Hit = 1 + d.random.Intn(min(2, count(t, o.Kind)))
	if at.Point == "append/lock" {
		at.Hit += d.random.Intn(2) // an operation takes the lock more than once
	}
	return at
}

// operations returns which operations of a thread, from 1, have a property.
func operations(t cases.Thread, has func(o cases.Operation) bool) (numbers []int, all []cases.Operation) {
	for i, o := range t.Operations {
		if has(o) {
			numbers, all = append(numbers, i+1), append(all, o)
		}
	}
	return numbers, all
}

// closePoints are places that a close comes to in turn. Those of its flush are passed only if there is something to flush.
var closePoints = []string{"store/opening", "append/lock", "flush/before-check", "flush/turn", "flush/before-write", "flush/synced", "flush/notify"}

// closeStands has the close stand in its middle while another thread appends or reads, which needs nothing that the close holds.
func (d drawing) closeStands(others []cases.Thread, _ string) []cases.Delay {
	t := one(d.random, others...)
	numbers, _ := operations(t, func(o cases.Operation) bool { return o.Kind == cases.Append || o.Kind == cases.Read })
	if numbers == nil {
		return nil
	}
	at := cases.Place{Thread: closerThread, Point: one(d.random, closePoints...), Hit: 1}
	return []cases.Delay{{At: at, While: &cases.Turn{Thread: t.Name, Operation: one(d.random, numbers...)}}}
}

// othersWait has one thread begin with a transaction that is open during the close, and another with an append that waits for its end.
func (d drawing) othersWait(others []cases.Thread, _ string) []cases.Delay {
	inParts := func(o cases.Operation) bool {
		return o.Kind == cases.Fragments || o.Kind == cases.Spent || o.Kind == cases.Abort
	}
	var first, second *cases.Thread
	for _, i := range d.random.Perm(len(others)) {
		if t := &others[i]; first == nil && begin(t, inParts) {
			first = t
		} else if second == nil && begin(t, func(o cases.Operation) bool { return inParts(o) || o.Kind == cases.Append }) {
			second = t
		}
	}
	if first == nil || second == nil {
		return nil
	}
	return []cases.Delay{
		{At: cases.Place{Thread: second.Name, Point: "op"}, Until: &cases.Place{Thread: first.Name, Point: "transaction/begun", Hit: 1}},
		whileClosed(cases.Place{Thread: first.Name, Point: "append/lock", Hit: 2}), // Begin has taken it once
		whileClosed(cases.Place{Thread: second.Name, Point: "append/turn", Hit: 1}),
	}
}

// begin puts the first operation that has a property at the beginning of the thread. It returns false if there is none.
func begin(t *cases.Thread, has func(o cases.Operation) bool) bool {
	i := slices.IndexFunc(t.Operations, has)
	if i < 0 {
		return false
	}
	o := t.Operations[i]
	t.Operations = slices.Insert(slices.Delete(t.Operations, i, i+1), 0, o)
	return true
}
