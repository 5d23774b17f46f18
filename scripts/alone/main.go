// Command alone tests that racewindow explore changes nothing in a module, and that it can explore modules of every shape:
// vendored, in a workspace, with an old go.mod, beside another run, interrupted. Each shape is an archive in testdata
// (golang.org/x/tools/txtar). Its comment says what must happen, its files are the module, prepare.sh prepares the module, and
// run.sh is the call to test.
//
//	go run ./scripts/alone [-short] [-run REGEXP]
//
// After a run each file of the module must have the same bytes and the same mode as before, no file may have been added, and go list
// -m all must print the same. These lines of a comment are read:
//
//	exit: 1            the exit code
//	says: REGEXP       must match standard output and error, together; may be repeated
//	not: REGEXP        must not match them; may be repeated
//	short              the shape is part of -short
//	cold               the build cache is empty
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

// perShape is the most time for one shape, as a last resort: a cold build of the standard library on a busy machine takes minutes.
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
		return s, fmt.Errorf("%s: the comment must have a line 'exit: CODE' and a line 'says: REGEXP'", file)
	}
	return s, nil
}

// check writes the module, runs run.sh in it, and checks the output, the exit code and the module.
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
		return fmt.Errorf("prepare the module: %w\n%s", err, said)
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

// snapshot lists every file of a module with its mode and a hash of its bytes, and the output of go list -m all.
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
	modules, failed := bash("go list -m all") // if go refuses the module, its error is compared
	return append(all, fmt.Sprintf("go list -m all: %s (%v)", modules, failed)), nil
}

// onlyKept reports whether a folder holds only kept findings (testdata/racewindow).
func onlyKept(folder string) bool {
	within, err := os.ReadDir(folder)
	return err == nil && filepath.Base(folder) == "testdata" && len(within) == 1 && within[0].Name() == "racewindow"
}
