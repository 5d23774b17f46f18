package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A subject is what is measured: the engine, bare file I/O, or a peer. Every measurement runs the same code on all of them.
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

// errNotOffered says that a contestant has nothing for a measurement: there is no figure.
var errNotOffered = errors.New("not offered")

// A mode says when the bytes of an append must be durable.
type mode uint8

const (
	never    mode = iota // whenever the subject likes
	onFlush              // when flush has returned
	onReturn             // when appendDurable has returned
)

// A contestant makes subjects.
type contestant struct {
	name string
	open func(ctx context.Context, folder string, w work, m mode) (subject, error)
	// many opens that many logs below a folder; nil opens each in a folder of its own.
	many func(ctx context.Context, folder string, w work, logs int) ([]subject, func(context.Context) error, error)
}

// contestants in the order of the table's columns. The first is the one to which the second is compared.
var contestants = []contestant{
	{name: "base", open: openBase},
	{name: "engine", open: openEngine, many: openEngines},
	{name: "tidwall", open: openTidwall},
	{name: "raft-wal", open: openRaftwal},
	{name: "etcd", open: openEtcd},
	{name: "bbolt", open: openBbolt},
	{name: "pebble", open: openPebble},
}

// chosen returns the contestants of a list of names; "" means all.
func chosen(list string) (those []contestant, err error) {
	if list == "" {
		return contestants, nil
	}
	var known []string
	for _, c := range contestants {
		known = append(known, c.name)
	}
	wanted := strings.Split(list, ",")
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--only %q: give some of %s, separated by commas", list, strings.Join(known, ","))
		}
	}
	for _, c := range contestants {
		if slices.Contains(wanted, c.name) {
			those = append(those, c)
		}
	}
	return those, nil
}

// work is how much a measurement does.
type work struct {
	value  int // bytes of a record's value
	batch  int // records in 64 KiB
	bytes  int // most bytes of values that a subject gets
	millis int // most time that one measurement takes, apart from what it needs to prepare
	quick  bool
}

// records is the most that a subject gets.
func (w work) records() int { return max(w.batch, w.bytes/w.value) }

func newWork(value int, s settings) work {
	return work{value: value, batch: max(1, (64<<10)/value), bytes: s.megabytes << 20, millis: s.millis, quick: s.quick}
}
