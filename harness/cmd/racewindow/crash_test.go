package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/crashstress"
	"github.com/racewindow/racewindow/storage"
)

func TestStressWithCrashesHoldsAndSaysWhatItDid(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := command(t, "stress", "--crash", "--goroutines", "1", "--cycles", "300", "--faults", "0.3", "--out", out, "--json", filepath.Join(out, "s.json"))
	require.Equal(t, exitHeld, code, stderr)
	for _, part := range []string{"300 cycles", "at stake", "distinct", "canary     caught", "No promise violated."} {
		require.Contains(t, stdout, part)
	}
	var s crashstress.Summary
	data, err := os.ReadFile(filepath.Join(out, "s.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &s))
	require.EqualValues(t, 300, s.Cycles)
	require.Positive(t, s.Promises["Durability"])
	require.FileExists(t, filepath.Join(out, "report.txt"))
	require.FileExists(t, filepath.Join(out, "summary.json"))
}

func TestStressWithCrashesReportsAViolation(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := command(t, "stress", "--crash", "--handover", "stale", "--canary=false", "--delay", "0.05", "--cycles", "1000000", "--seed", "7", "--out", out)
	require.Equal(t, exitViolated, code, stderr)
	require.Regexp(t, "FAIL (ReadAfterWrite|MonotonicReads|Order|TransactionAtomicity|NamedIsRead|OtherLog)", stdout, "the bug loses all of a transaction or a part of it, and it runs freely")
	require.Contains(t, stdout, "again: racewindow stress --crash --handover stale --delay 0.05 --cycles 1000000 --seed 7 --log ")
	require.DirExists(t, filepath.Join(out, "disk"))
}

// A client that opens another log meets what the disk has done to that one. What no disk explains must not pass as the canary.
func TestDamageOfAnotherLogIsWhatADiskWithoutSyncsDoes(t *testing.T) {
	damage := (&storage.DamageError{File: "other.seg", Byte: 7, Reason: "a frame is missing"}).Error()
	for _, c := range []struct {
		promise, detail string
		explained       bool
	}{
		{check.Durability.Name, "record 3 is lost", true},
		{check.RecoveryIdempotence.Name, "another recovery found less", true},
		{check.Progress.Name, "open log b: " + damage, true},
		{check.Progress.Name, "append to another log: storage: closed", false},
		{check.ReadAfterWrite.Name, "a read found nothing", false},
	} {
		require.Equal(t, c.explained, ofSyncless(&crashstress.Finding{Promise: c.promise, Detail: c.detail}), c.detail)
	}
}

func TestStressWithCrashesThatDidTooLittleEndsWithThree(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, stderr := command(t, "stress", "--crash", "--goroutines", "1", "--cycles", "100", "--min-distinct", "1", "--canary=false")
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, stderr, "--min-distinct")
	require.Contains(t, stdout, "No verdict: ")
}

func TestWrongCallsOfCrashAndKillEndWithTwo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, c := range [][]string{
		{"--cycles says how to crash: add --crash", "stress", "--cycles", "10"},
		{"--writers does not work with --crash", "stress", "--crash", "--writers", "2"},
		{"--model strong", "stress", "--crash", "--model", "strong"},
		{"--workers 0", "stress", "--crash", "--workers", "0"},
		{"--faults 2: must lie between 0 and 1", "stress", "--crash", "--faults", "2"},
		{"--kills 0: must not be zero", "kill", "--kills", "0"},
		{`no hand-over is called "x"`, "kill", "--handover", "x"},
		{"no such file", "kill", "--dir", "missing/folder"},
		{`package now is not in std`, "kill", "now"},
	} {
		code, stdout, stderr := command(t, c[1:]...)
		require.Equal(t, exitUsage, code, "%v: %s", c, stderr)
		require.Empty(t, stdout)
		require.Contains(t, stderr, c[0])
	}
}

func TestKillHoldsAndSaysWhatItShows(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := command(t, "kill", "--dir", t.TempDir(), "--kills", "20", "--acknowledgements", "200", "--limited", "1", "--full", "0", "--min-under-load", "0", "--out", out)
	require.Equal(t, exitHeld, code, "%s%s", stdout, stderr)
	for _, part := range []string{"20 killed", "file size limit", "shows not lost pages", "canary    caught", "No promise violated."} {
		require.Contains(t, stdout, part)
	}
	require.FileExists(t, filepath.Join(out, "summary.json"))
}
