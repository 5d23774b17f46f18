package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Isolated does another kind's rounds in a child process: what would end this process, a panic in a goroutine of the engine or
// the race detector's judgement, becomes a finding.
type Isolated struct {
	Kind
	// Label is the name, default that of the kind.
	Label string
	// Binary is a racewindow; its command soak knows the kind.
	Binary string
	// Environment is added to this process's.
	Environment []string
	// Scratch is where a round has its files while it lasts, default the temporary folder. It decides which disk is a round's.
	Scratch string
	// Logs is where the output of rounds is kept, "" for nowhere.
	Logs string
}

// Name is the label.
func (i Isolated) Name() string {
	if i.Label != "" {
		return i.Label
	}
	return i.Kind.Name()
}

// Run has the child do the round.
func (i Isolated) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	scratch, err := scratchFor(i.Scratch)
	if err != nil {
		return RoundResult{}, err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "result.json")
	inner := spec
	inner.Kind = i.Kind.Name()
	e, err := child{
		name: i.Binary, arguments: []string{"soak", "--in-process", "--round", inner.String(), "--result", file},
		environment: append([]string{"GORACE=atexit_sleep_ms=0", "TMPDIR=" + scratch}, i.Environment...),
	}.run(ctx)
	if err != nil {
		return RoundResult{}, err
	}
	keepLog(i.Logs, fmt.Sprintf("%s-%d.log", i.Name(), spec.Number), e.output)
	result, err := readResult(file)
	result.Peak = e.peak
	races := e.races()
	if len(races) > 0 { // the reports say more than their number does
		result.Found = slices.DeleteFunc(result.Found, func(f Found) bool { return f.Class == "data race" })
		result.Found = append(result.Found, races...)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		result.Inconclusive = fmt.Sprintf("ended early: %v: %s", ctx.Err(), e.why(200))
	case (e.code == 2 || e.code == 3) && !e.died():
		result.Inconclusive = "the child could not do the round: " + e.why(300)
	default:
		result.Inconclusive = "the child died"
		result.Found = append(result.Found, e.death(i.Name()+" of "+spec.Variant))
	}
	return result, nil
}

func readResult(file string) (r RoundResult, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(content, &r)
}

// WriteResult writes what a round came to, for the process that asked for it.
func WriteResult(file string, r RoundResult) error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeWhole(file, content)
}

// maxLogs is how many logs are kept, each of at most maxOutput bytes.
const maxLogs = 20

// keepLog keeps an output, and removes the oldest ones. It is a convenience: that it fails changes nothing.
func keepLog(folder, name, content string) {
	if folder == "" || content == "" || os.MkdirAll(folder, 0o777) != nil {
		return
	}
	_ = os.WriteFile(filepath.Join(folder, name), []byte(content), 0o666)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) <= maxLogs {
		return
	}
	age := map[string]int64{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			age[e.Name()] = info.ModTime().UnixNano()
		}
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return int(min(max(age[a.Name()]-age[b.Name()], -1), 1)) })
	for _, e := range entries[:len(entries)-maxLogs] {
		_ = os.Remove(filepath.Join(folder, e.Name()))
	}
}
