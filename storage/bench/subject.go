package main

import "context"

// A subject is what is measured: the engine, or bare file I/O. Every measurement runs the same code on both.
//
// One goroutine at a time may call append, appendBatch and flush; many may call the other methods at once.
type subject interface {
	// append appends that many records, one per call of the log.
	append(ctx context.Context, records int) error
	// appendBatch appends that many records at once.
	appendBatch(ctx context.Context, records int) error
	// flush makes everything durable.
	flush(ctx context.Context) error
	// appendDurable appends one record and returns when it is durable.
	appendDurable(ctx context.Context) error
	// newReader returns a function that reads the newest readable record that many times.
	newReader() func(ctx context.Context, times int) error
	// scan reads everything from the file and returns the number of records.
	scan(ctx context.Context) (records int, err error)
	close(ctx context.Context) error
}

// A contestant makes subjects. With background, appended bytes may reach the file at any time and need no sync. Without
// it, the engine writes nothing before flush asks for it.
type contestant struct {
	name string
	open func(ctx context.Context, folder string, w work, background bool) (subject, error)
}

// The contestants, in the order of the table's columns.
var contestants = [...]contestant{
	{"base", openBase},
	{"engine", openEngine},
}

// work is how much a measurement does.
type work struct {
	value    int // bytes of a record's value
	batch    int // records in 64 KiB
	records  int // appended, and scanned
	reopened int // records in a log that is reopened
	syncs    int // of 64 KiB each
	millis   int // length of a measurement that runs for a given time
}

func newWork(value int, quick bool) work {
	w := work{value: value, batch: max(1, (64<<10)/value), syncs: 600, millis: 600}
	bytes, reopened := 128<<20, 100<<20
	if quick {
		w.syncs, w.millis = 150, 200
		bytes, reopened = 32<<20, 32<<20
	}
	w.records, w.reopened = bytes/value, reopened/value
	return w
}
