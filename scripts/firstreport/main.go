// Command firstreport measures a stranger's first minutes, from go mod init to the first shrunk report. The module is a
// queue of 60 lines with one test, and knows nothing of racewindow. The command prints a transcript with the time of each
// call, first without a built standard library with hooks (cold), then with one (warm). Afterwards it checks that Go's
// own commands notice nothing.
//
//	go run ./scripts/firstreport
//
// It ends with 1 if the bug is not found or does not replay, if a file of the module or the test binary that go test builds has
// changed by a byte, or if the warm part takes more than two minutes of CPU time.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// longest is the most CPU time of the warm part. It is not wall time, so that other work on the machine does not count.
const longest = 2 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "firstreport:", err)
		os.Exit(1)
	}
}

// A stranger works in a module of their own, with a build cache of racewindow of their own.
type stranger struct {
	ctx          context.Context
	out          io.Writer
	module, from string
	env          []string
	wall, cpu    time.Duration // of the commands so far
}

func run(ctx context.Context, out io.Writer) error {
	folder, err := os.MkdirTemp("", "racewindow-firstreport-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	s := &stranger{ctx: ctx, out: out, module: filepath.Join(folder, "queue")}
	if err := s.prepare(folder); err != nil {
		return err
	}
	if err := s.call(0, "", "go mod init example.com/queue", "git init -q . && git add .", "go vet .", "go test -count=1 ."); err != nil {
		return err
	}
	before, err := s.noticed()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nCold: racewindow has built nothing yet.\n\n")
	if _, err := s.find(); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.module, "testdata")); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nWarm: the standard library with hooks is there.\n\n")
	s.wall, s.cpu = 0, 0
	token, err := s.find()
	if err != nil {
		return err
	}
	if err := s.call(1, `failed 20 of 20 times`, "racewindow replay --times 20 "+token); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nwarm, from the call to the report and 20 replays: %s\n", took(s.wall, s.cpu))
	if s.cpu > longest {
		return fmt.Errorf("the warm part took %v of CPU time, more than %v", s.cpu, longest)
	}
	return s.unnoticed(before)
}

// prepare builds the command, and writes the two files of the module.
func (s *stranger) prepare(folder string) error {
	root, err := exec.CommandContext(s.ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find racewindow's module: %w", err)
	}
	s.from = strings.TrimSpace(string(root))
	goCache, err := exec.CommandContext(s.ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return fmt.Errorf("find the build cache: %w", err)
	}
	build := exec.CommandContext(s.ctx, "go", "build", "-o", filepath.Join(folder, "bin", "racewindow"), "./harness/cmd/racewindow")
	build.Dir = s.from
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the command: %w\n%s", err, said)
	}
	s.env = append(os.Environ(), "PATH="+filepath.Join(folder, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "PWD="+s.module,
		"XDG_CACHE_HOME="+filepath.Join(folder, "cache"), "GOCACHE="+strings.TrimSpace(string(goCache)), "GOFLAGS=", "GOWORK=off", "COLUMNS=100",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	return os.CopyFS(s.module, os.DirFS(filepath.Join(s.from, "scripts", "firstreport", "testdata", "queue")))
}

// find explores the module, and returns the arguments of the replay command in its report.
func (s *stranger) find() (arguments string, err error) {
	said, err := s.one(1, "FAIL TestQueue: deadlock", "racewindow explore --seed 1 .")
	if err != nil {
		return "", err
	}
	replay := regexp.MustCompile(`(?s)replay: (?:GOTOOLCHAIN=\S+ )?racewindow replay (.*?)\n\s+replayed 5 of 5 times`).FindStringSubmatch(said)
	if replay == nil {
		return "", errors.New("the report has no replay command that replayed 5 of 5 times")
	}
	return regexp.MustCompile(`\s*\\?\n\s+`).ReplaceAllString(replay[1], " "), nil
}

// call runs commands, one after the other. Each must end with the code and print the text.
func (s *stranger) call(code int, says string, commands ...string) error {
	for _, command := range commands {
		if _, err := s.one(code, says, command); err != nil {
			return err
		}
	}
	return nil
}

func (s *stranger) one(code int, says, command string) (said string, err error) {
	fmt.Fprintln(s.out, "$", command)
	cmd := exec.CommandContext(s.ctx, "bash", "-c", command)
	cmd.Dir, cmd.Env = s.module, s.env
	began := time.Now()
	text, err := cmd.CombinedOutput()
	wall := time.Since(began)
	if cmd.ProcessState == nil {
		return "", fmt.Errorf("%s: %w", command, err)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	s.wall, s.cpu = s.wall+wall, s.cpu+cpu
	fmt.Fprintf(s.out, "%s# %s\n", text, took(wall, cpu))
	if got := cmd.ProcessState.ExitCode(); got != code {
		return "", fmt.Errorf("%s: exit code %d, not %d", command, got, code)
	}
	if !strings.Contains(string(text), says) {
		return "", fmt.Errorf("%s: it does not say %q", command, says)
	}
	return string(text), nil
}

func took(wall, cpu time.Duration) string {
	return fmt.Sprintf("%.1f s, %.1f s of CPU", wall.Seconds(), cpu.Seconds())
}

// noticed lists everything that Go knows about the module: its files without testdata, its modules and packages, its test
// binary.
func (s *stranger) noticed() (all string, err error) {
	var text strings.Builder
	err = filepath.WalkDir(s.module, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); base == "testdata" || base == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		content, err := os.ReadFile(name)
		fmt.Fprintf(&text, "%s %x\n", strings.TrimPrefix(name, s.module), sha256.Sum256(content))
		return err
	})
	if err != nil {
		return "", err
	}
	binary := filepath.Join(filepath.Dir(s.module), "queue.test")
	for _, command := range []string{"go list -m all", "go list -deps -test .", "go test -c -o " + binary + " .", "sha256sum " + binary} {
		cmd := exec.CommandContext(s.ctx, "bash", "-c", command)
		cmd.Dir, cmd.Env = s.module, s.env
		said, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s: %w\n%s", command, err, said)
		}
		fmt.Fprintf(&text, "%s\n%s", command, said)
	}
	return text.String(), nil
}

// unnoticed returns an error if Go's own commands or git see any difference except kept findings.
func (s *stranger) unnoticed(before string) error {
	after, err := s.noticed()
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("the module is not what it was:\nbefore\n%s\nafter\n%s", before, after)
	}
	fmt.Fprintf(s.out, "\nWhat Go notices: nothing. The files, the modules, the packages and the binary of go test -c are the same, byte for byte.\n\n")
	said, err := s.one(0, "", "git status --porcelain --untracked-files=all")
	if err != nil {
		return err
	}
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "A  ") && !strings.HasPrefix(line, "?? testdata/racewindow/TestQueue/") {
			return fmt.Errorf("git sees more than what is kept of the finding: %s", line)
		}
	}
	return nil
}
