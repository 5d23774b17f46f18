package driver

import (
	"runtime/debug"
	"runtime/metrics"
)

// Executions make garbage and keep little of it, so the collector may wait until there is much. But what a test itself keeps, such as a
// cache of a quarter of a gigabyte, or the steps of an execution without an end, would have room for five times as much.
const (
	muchGarbage   = 400 // percent of what lives, at which the collector begins
	littleGarbage = 100
	largeHeap     = 64 << 20 // bytes that live, from which on little garbage is left
)

var garbage = muchGarbage

// live is what lived after the last collection.
var live = []metrics.Sample{{Name: "/gc/heap/live:bytes"}}

// fitHeap decides how much garbage is left. It is called between executions, now and then.
func fitHeap() {
	metrics.Read(live)
	wanted := muchGarbage
	if live[0].Value.Kind() == metrics.KindUint64 && live[0].Value.Uint64() > largeHeap {
		wanted = littleGarbage
	}
	if wanted != garbage {
		garbage = wanted
		debug.SetGCPercent(wanted)
	}
}
