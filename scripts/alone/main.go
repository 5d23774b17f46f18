// Command alone shows that racewindow explore leaves a module alone, and explores it whatever shape it has: vendored, in a workspace, with
// an old go.mod, beside another run, interrupted. Each shape is an archive of testdata (golang.org/x/tools/txtar): its comment says what
// must come, its files are the module, run.sh what is called there, and prepare.sh what makes the module ready first.
//
//	go run ./scripts/alone [-short] [-run REGEXP]
//
// After a run each file of the module must have the bytes and the mode that it had, none may have been added, and go list -m all must say
// what it said. Lines of a comment that mean something:
//
//	exit: 1            the exit code
//	says: REGEXP       what standard output and error must have, together; any number
//	not: REGEXP        and what they must not have
//	short              it is a part of -short
//	cold               with a build cache of its own, which is empty
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"
)

// perShape is a last resort, which says so: a cold build of the standard library on a busy machine takes minutes.
const perShape = 20 * time.Minute

func main() {
	short := flag.Bool("short", false, "only the shapes that are cheap")
	pattern := flag.String("run", "", "only the shapes that match `REGEXP`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := run(ctx, *short, *pattern)
	if err != nil {
		fmt.Fprintln(os.Stderr, "alone:", err)
		os.Exit(3)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, short bool, pattern string) (failed int, err error) {
	chosen, err := regexp.Compile(pattern)
	if err != nil {
		return 0, err
	}
	bin, err := os.MkdirTemp("", "racewindow-alone-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(bin)
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return 0, fmt.Errorf("find the module: %w", err)
	}
	from := strings.TrimSpace(string(root))
	build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(bin, "racewindow"), "./harness/cmd/racewindow")
	build.Dir = from
	if said, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the command: %w\n%s", err, said)
	}
	names, err := filepath.Glob(filepath.Join(from, "scripts/alone/testdata/*.txtar"))
	if err != nil {
		return 0, err
	}
	ran := 0
	for _, name := range names {
		s, err := read(name)
		if err != nil {
			return failed, err
		}
		if short && !s.short || !chosen.MatchString(s.name) {
			continue
		}
		ran++
		began := time.Now()
		if err := s.check(ctx, bin, from); err != nil {
			failed++
			fmt.Printf("FAIL %s: %v\n", s.name, err)
			continue
		}
		fmt.Printf("ok   %-20s %.1f s\n", s.name, time.Since(began).Seconds())
	}
	if ran == 0 {
		return 0, errors.New("no shape was tried")
	}
	fmt.Printf("%d passed, %d failed\n", ran-failed, failed)
	return failed, nil
}

// A shape is one archive.
type shape struct {
	name        string
	files       []txtar.File
	exit        string
	says, not   []string
	short, cold bool
}

func read(file string) (s shape, err error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return s, err
	}
	s.name, s.files = strings.TrimSuffix(filepath.Base(file), ".txtar"), archive.Files
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "exit":
			s.exit = value
		case "says":
			s.says = append(s.says, value)
		case "not":
			s.not = append(s.not, value)
		case "short":
			s.short = true
		case "cold":
			s.cold = true
		}
	}
	if s.exit == "" || len(s.says) == 0 {
		return s, fmt.Errorf("%s: it says no exit code, or not what must be said", file)
	}
	return s, nil
}

// check lays the module out, runs what is to be run, and looks at all that came of it.
func (s shape) check(ctx context.Context, bin, from string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, perShape, fmt.Errorf("it did not end within %v", perShape))
	defer cancel()
	work, err := os.MkdirTemp("", "racewindow-shape-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	module := filepath.Join(work, "module")
	scripts := map[string]string{}
	for _, f := range s.files {
		if strings.HasSuffix(f.Name, ".sh") && !strings.Contains(f.Name, "/") {
			scripts[f.Name] = string(f.Data)
			continue
		}
		file := filepath.Join(module, filepath.FromSlash(f.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, f.Data, 0o644)); err != nil {
			return err
		}
	}
	bash := func(script string) (string, error) {
		if s.cold {
			script = "export GOCACHE=$(go env GOCACHE) XDG_CACHE_HOME=$WORK/cache\n" + script
		}
		cmd := exec.CommandContext(ctx, "bash", "-e", "-c", script)
		cmd.Dir = module
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "ROOT="+from, "WORK="+work, "PWD="+module)
		said, err := cmd.CombinedOutput()
		return string(said), err
	}
	if said, err := bash(scripts["prepare.sh"]); err != nil {
		return fmt.Errorf("make it ready: %w\n%s", err, said)
	}
	before, err := snapshot(module, bash)
	if err != nil {
		return err
	}
	said, err := bash(scripts["run.sh"])
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	code := "0"
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = fmt.Sprint(ended.ExitCode())
	} else if err != nil {
		return err
	}
	if err := s.judge(code, said); err != nil {
		return err
	}
	after, err := snapshot(module, bash)
	if err != nil {
		return err
	}
	if !slices.Equal(before, after) {
		return fmt.Errorf("the module has changed:\nbefore\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	return nil
}

func (s shape) judge(code, said string) error {
	if code != s.exit {
		return fmt.Errorf("exit code %s, not %s:\n%s", code, s.exit, said)
	}
	for _, pattern := range s.says {
		if re, err := regexp.Compile("(?s)" + pattern); err != nil || !re.MatchString(said) {
			return fmt.Errorf("it does not say %q (%v):\n%s", pattern, err, said)
		}
	}
	for _, pattern := range s.not {
		if re, err := regexp.Compile("(?s)" + pattern); err != nil || re.MatchString(said) {
			return fmt.Errorf("it says %q (%v):\n%s", pattern, err, said)
		}
	}
	return nil
}

// snapshot is every file of a module with its mode and a hash of its bytes, and the list of modules.
func snapshot(module string, bash func(string) (string, error)) (all []string, err error) {
	err = filepath.WalkDir(module, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && onlyKept(name) {
			return fs.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%v %s", info.Mode(), strings.TrimPrefix(name, module))
		if entry.Type().IsRegular() {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %x", sha256.Sum256(content))
		}
		all = append(all, line)
		return nil
	})
	if err != nil {
		return nil, err
	}
	modules, failed := bash("go list -m all") // that of a module which go refuses is its refusal
	return append(all, fmt.Sprintf("go list -m all: %s (%v)", modules, failed)), nil
}

// onlyKept says whether a folder holds nothing but what was found, which is kept in testdata/racewindow.
func onlyKept(folder string) bool {
	within, err := os.ReadDir(folder)
	return err == nil && filepath.Base(folder) == "testdata" && len(within) == 1 && within[0].Name() == "racewindow"
}
