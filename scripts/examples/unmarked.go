package main

import (
	"errors"
	"fmt"
	"regexp"
)

// unmarked are the same objects and Checks without markers, typed waits and contexts. The runtime with hooks explores
// them.
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

// unmarked makes the rows of the selected ones.
func (t *trial) unmarked(selected *regexp.Regexp) (made *rows, err error) {
	made = table("| subject | broken | found after | smallest case | replayed | without the bug |")
	for _, e := range unmarked {
		if !selected.MatchString(e.folder) {
			continue
		}
		limit := schedulesUnmarked
		if e.flags != nil {
			limit = crashesUnmarked
		}
		row, failed := t.try(e, limit)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", e.folder, failed))
			continue
		}
		made.add(row)
	}
	return made, err
}
