package raftwal

import (
	"context"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/harness"
	"github.com/racewindow/racewindow/harness/adapters"
)

func TestLog(t *testing.T) { harness.Check(t, subject()) }

// TestLogWhoseEndIsDeleted deletes entries too (https://github.com/hashicorp/raft-wal/issues/31).
func TestLogWhoseEndIsDeleted(t *testing.T) {
	s := namedSubject()
	s.Ops["drop"] = harness.Op{Do: dropLast, Durable: harness.OnReturn}
	harness.Check(t, s)
}

// TestLogThatGoesOn goes on after a fault, which is no promise of the documentation, but what the log was changed for
// (https://github.com/hashicorp/raft-wal/pull/32).
func TestLogThatGoesOn(t *testing.T) {
	s := namedSubject()
	s.GoesOn = true
	harness.Check(t, s)
}

// namedSubject leaves out the known loss of a segment's name (findings/raftwalrestart.md): it syncs the folder as soon as the log is open.
func namedSubject() harness.Subject[*Log] {
	s := subject()
	open := s.Open
	s.Open = func(ctx context.Context, env harness.Env) (*Log, error) {
		l, err := open(ctx, env)
		if err == nil {
			err = adapters.SyncFolder(env.Dir())
		}
		return l, err
	}
	return s
}

// dropLast deletes the newest entry, as raft does with entries that another leader replaces. It leaves the first one: deleting all of
// the log deletes its beginning, and then the next index is free.
func dropLast(l *Log) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, err := l.Engine.LastIndex()
	if err != nil || last < 2 {
		return err
	}
	return l.Engine.DeleteRange(last, last)
}

func subject() harness.Subject[*Log] {
	return harness.Subject[*Log]{
		Open: func(_ context.Context, env harness.Env) (*Log, error) { return Open(env.Dir(), 64<<10) },
		Ops: harness.Ops{
			"append": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(value)) }, Durable: harness.OnReturn},
			// long values cross the sectors of a disk
			"long": harness.Op{Do: func(l *Log, value string) error { return l.Append([]byte(strings.Repeat(value+"-", 500))) }, Durable: harness.OnReturn},
			"read": (*Log).Read,
			"last": (*Log).Last,
		},
		Errors:          map[string]error{"missing": adapters.ErrMissing},
		LosesOnlyTheEnd: true,
	}
}
