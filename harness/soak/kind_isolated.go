package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Isolated executes the rounds of another kind in a child process. What would end this process then becomes a finding: a panic
// in a goroutine of the engine, or a report of the race detector.
type Isolated struct {
	Kind
	// Label is the name; the default is the kind's name.
	Label string
	// Binary is a racewindow whose soak command knows the kind.
	Binary string
	// Environment is added to the environment of this process.
	Environment []string
	// Scratch is the folder for the files of a round in progress; the default is the temporary folder. It decides which disk a
	// round works on.
	Scratch string
	// Logs is the folder that keeps the output of rounds, "" for none.
	Logs string
}

// Name is the label.
func (i Isolated) Name() string {
	if i.Label != "" {
		return i.Label
	}
	return i.Kind.Name()
}

// Run executes the round in a child.
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
	if len(races) > 0 { // the detector's reports say more than the child's finding, which only counts them
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

// WriteResult writes the result of a round, for the parent process.
func WriteResult(file string, r RoundResult) error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeWhole(file, content)
}

// maxLogs is how many logs are kept. Each has at most maxOutput bytes.
const maxLogs = 20

// keepLog keeps an output, and removes the oldest logs. Logs are a convenience, so it ignores errors.
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
