package main

import (
	"errors"
	"fmt"
	"regexp"
)

// unmarked are the same objects, without markers, typed waits and contexts, and the same Checks: they are found, replayed and held by the
// runtime.
var unmarked = []example{
	{"unmarked/cache", nil, "", nil, ""},
	{"unmarked/queue", nil, "", nil, ""},
	{"unmarked/wal", []string{"--crash"}, "", nil, ""},
	{"unmarked/limiter", nil, "", nil, ""},
	{"unmarked/registry", nil, "", nil, ""},
}

// The most schedules of a search without markers, and of one with crashes, where each operation of the disk is a step.
const (
	schedulesUnmarked = "20000"
	crashesUnmarked   = "1000"
)

// unmarked prints the rows of those that are selected, and says how many were tried.
func (t *trial) unmarked(selected *regexp.Regexp) (tried int, err error) {
	for _, e := range unmarked {
		if !selected.MatchString(e.folder) {
			continue
		}
		tried++
		limit := schedulesUnmarked
		if e.flags != nil {
			limit = crashesUnmarked
		}
		row, failed := t.try(e, limit)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", e.folder, failed))
			continue
		}
		fmt.Println(row)
	}
	return tried, err
}
