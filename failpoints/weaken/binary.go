package weaken

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A binary is the test binary of one package.
type binary struct {
	kept
	name  string // the import path of its package, or the name of its folder
	path  string
	units []*unit
}

// A unit is the part of a binary that runs at once: one test, or all of them.
type unit struct {
	test    string // "" for all
	reached map[int]bool
	took    time.Duration
}

// Limits of a run of a test binary.
const (
	mostOutput  = 1 << 20
	mostMemory  = 4 << 30 // bytes in memory; a weakened check may let a loop allocate without end
	leastTime   = 10 * time.Second
	timesSlower = 5
)

// openKept reads what the keeper kept in a folder.
func openKept(folder string) (all []*binary, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name(), keptCall))
		if err != nil {
			return nil, err
		}
		b := &binary{path: filepath.Join(folder, e.Name(), keptBinary)}
		if err := json.Unmarshal(text, &b.kept); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b *binary) int { return strings.Compare(a.Dir, b.Dir) })
	return all, nil
}

// An outcome says how a run of a test binary ended.
type outcome struct {
	failed   bool
	how      string // in words, if it failed
	test     string // the first test that failed, "" if none said so
	output   string
	took     time.Duration
	reached  map[int]bool
	finished []string // the top-level tests that began, in order
}

// run runs tests of a binary: those that are named, or all. weakened is the number of a place, 0 for none.
func (b *binary) run(ctx context.Context, env []string, tests []string, weakened int, limit time.Duration) (o outcome, err error) {
	scratch, err := os.MkdirTemp("", "rw-")
	if err != nil {
		return o, err
	}
	defer os.RemoveAll(scratch)
	reached := filepath.Join(scratch, "reached")
	temporary := filepath.Join(scratch, "t")
	if err := os.Mkdir(temporary, 0o700); err != nil {
		return o, err
	}
	arguments := append(slices.Clone(b.Arguments), "-test.v=test2json", "-test.failfast=true", "-test.timeout="+limit.String())
	if len(tests) > 0 {
		arguments = slices.DeleteFunc(arguments, func(a string) bool { return strings.HasPrefix(strings.TrimLeft(a, "-"), "test.run=") })
		arguments = append(arguments, "-test.run=^("+strings.Join(tests, "|")+")$")
	}
	cmd := exec.Command(b.path, flagsFirst(arguments)...)
	cmd.Dir = b.Dir
	cmd.Env = append(slices.Clone(env), "PWD="+b.Dir, "TMPDIR="+temporary)
	switch weakened {
	case 0:
		cmd.Env = append(cmd.Env, EnvironmentReached+"="+reached)
	default:
		cmd.Env = append(cmd.Env, EnvironmentWeaken+"="+strconv.Itoa(weakened))
	}
	output := &firstBytes{most: mostOutput}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.WaitDelay = time.Second // do not wait for children that keep the output open
	began := time.Now()
	why, ended := runGroup(ctx, cmd, limit+limit/4)
	o = outcome{output: output.text(), took: time.Since(began), reached: readReached(reached)}
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if ended != nil && why == "" && !errors.As(ended, &exit) && !errors.Is(ended, exec.ErrWaitDelay) {
		return o, fmt.Errorf("run the tests of %s: %w", b.name, ended)
	}
	o.failed = why != "" || exit != nil
	o.read(why, exit, limit)
	return o, nil
}

// flagsFirst keeps the flags that this package adds before the arguments of the tests.
func flagsFirst(arguments []string) []string {
	var flags, rest []string
	for i, a := range arguments {
		if strings.HasPrefix(a, "-test.") {
			flags = append(flags, arguments[i])
		} else {
			rest = append(rest, a)
		}
	}
	return append(flags, rest...)
}

// runGroup runs a program and everything that it starts, and ends all of it if it takes too long or too much memory; why
// then says which of the two.
func runGroup(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (why string, ended error) {
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return "", err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	late := time.After(limit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	defer killGroup(cmd)
	for {
		select {
		case ended = <-done:
			return why, ended
		case <-ctx.Done():
			killGroup(cmd)
			return "was stopped", <-done
		case <-late:
			killGroup(cmd)
			why = fmt.Sprintf("did not end within %v", limit)
		case <-tick.C:
			if memory(cmd) > mostMemory {
				killGroup(cmd)
				why = fmt.Sprintf("took more than %d GiB of memory", mostMemory>>30)
			}
		}
	}
}

// memory returns how many bytes of a process are in memory; 0 where the system does not say.
func memory(cmd *exec.Cmd) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", cmd.Process.Pid))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages * os.Getpagesize()
}

func readReached(file string) map[int]bool {
	reached := map[int]bool{}
	text, _ := os.ReadFile(file) // there is none if no place was reached
	for word := range strings.FieldsSeq(string(text)) {
		if n, err := strconv.Atoi(word); err == nil {
			reached[n] = true
		}
	}
	return reached
}

var (
	begun   = regexp.MustCompile(`\x16=== RUN   ([^/\s]+)\n`) // test2json: a control character marks what package testing prints
	failed  = regexp.MustCompile(`\x16\s*--- FAIL: (\S+)`)
	paniced = regexp.MustCompile(`(?m)^(panic: .*|fatal error: .*|WARNING: DATA RACE)$`)
	running = regexp.MustCompile(`(?m)^running tests:\n\t(\S+)`)
)

// read finds out from the output which test failed, and how.
func (o *outcome) read(why string, exit *exec.ExitError, limit time.Duration) {
	for _, found := range begun.FindAllStringSubmatch(o.output, -1) {
		if !slices.Contains(o.finished, found[1]) {
			o.finished = append(o.finished, found[1])
		}
	}
	if !o.failed {
		return
	}
	if found := failed.FindStringSubmatch(o.output); found != nil {
		o.test, o.how = found[1], "failed"
	}
	switch found := paniced.FindString(o.output); {
	case strings.HasPrefix(found, "panic: test timed out"):
		o.how = fmt.Sprintf("did not end within %v", limit)
		if stuck := running.FindStringSubmatch(o.output); stuck != nil {
			o.test = stuck[1]
		}
	case found != "":
		o.how = oneLine(strings.TrimSuffix(found, " [recovered, repanicked]"))
	case why != "":
		o.how = why
	case o.how == "" && exit != nil:
		o.how = exit.String()
	}
	if o.test == "" && len(o.finished) > 0 {
		o.test = o.finished[len(o.finished)-1]
	}
}

// firstBytes keeps the beginning of what is written, and its end.
type firstBytes struct {
	mu        sync.Mutex
	most      int
	head, end []byte
}

func (f *firstBytes) Write(data []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := data
	if room := f.most - len(f.head); room > 0 {
		take := min(room, len(rest))
		f.head, rest = append(f.head, rest[:take]...), rest[take:]
	}
	f.end = append(f.end, rest...)
	if len(f.end) > 2*f.most {
		f.end = append([]byte(nil), f.end[len(f.end)-f.most:]...)
	}
	return len(data), nil
}

func (f *firstBytes) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(bytes.Join([][]byte{f.head, f.end}, nil))
}
