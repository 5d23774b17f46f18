// Command unmarked compares two ways to explore the engine: by its markers, and by plain tests, in which the markers do nothing and the
// runtime controls the goroutines. It prints both verdicts for each hand-over. For the default hand-over it also prints the functions in
// which each way has points: a function with points of the runtime but no marker checks failpoints/yieldcheck independently.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/racewindow/racewindow/harness/sched"
)

//go:embed engine_test.go.txt
var tests string

// handovers are the hand-overs that the tests explore, each with the log program that does the same as the test.
var handovers = []struct {
	name, test, program string
	wrong               bool
}{
	{"stale", "TestStale", "w0: append 1, flush; r0: read - end", true},
	{"recheck", "TestRecheck", "w0: append 1, flush; r0: read - end", true},
	{"recheckliteral", "TestRecheckLiteral", "w0: append 1, flush; r0: read - end", true},
	{"fallback", "TestFallback", "w0: append 1, append 1, flush; r0: read - 1.+", true},
	{"retain", "TestRetain", "w0: append 1, flush; r0: read - end", false},
	{"snapshot", "TestSnapshot", "w0: append 1, flush; r0: read - end", false},
}

func main() {
	if len(os.Args) > 1 {
		fmt.Fprintf(os.Stderr, "unmarked: unexpected arguments: %q\n", os.Args[1:])
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "unmarked:", err)
		os.Exit(1)
	}
}

// A comparison holds the root of the checkout, the folder of the tests' module, and the command in both builds.
type comparison struct{ root, folder, plain, marked string }

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "racewindow-unmarked-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	c := comparison{root, filepath.Join(folder, "engine"), filepath.Join(folder, "plain"), filepath.Join(folder, "marked")}
	if err := c.prepare(ctx); err != nil {
		return err
	}
	fmt.Print("| hand-over | plain: verdict | schedules | a second | points | token | marked: verdict | schedules | a second | points |\n|---|---|---|---|---|---|---|---|---|---|\n")
	plain, err := c.plainly(ctx)
	if err != nil {
		return err
	}
	for _, h := range handovers {
		marked, failed := c.byMarkers(ctx, h.name, h.program)
		if failed != nil {
			return failed
		}
		p := plain[h.test]
		fmt.Printf("| %s | %s | %d | %.0f | %d | `%s` | %s | %d | %.0f | %d |\n", h.name, p.verdict, p.Schedules, p.Rate(), len(p.Points), p.token, marked.verdict, marked.Schedules, marked.Rate(), len(marked.Points))
		if (p.verdict == "found") != h.wrong || (marked.verdict == "violated") != h.wrong {
			err = errors.Join(err, fmt.Errorf("%s: the plain test %s, by markers %s", h.name, p.verdict, marked.verdict))
		}
		if h.name == "snapshot" {
			err = errors.Join(err, c.functions(ctx, p.Statistics, marked.Statistics))
		}
	}
	return err
}

func (c comparison) prepare(ctx context.Context) error {
	mod, err := os.ReadFile(filepath.Join("harness", "examples", "go.mod"))
	if err != nil {
		return fmt.Errorf("run it in the root of the repository: %w", err)
	}
	sum, err := os.ReadFile(filepath.Join("harness", "examples", "go.sum"))
	if err != nil {
		return err
	}
	text := strings.NewReplacer("module github.com/racewindow/racewindow/harness/examples", "module engine.example/engine", "=> ../..", "=> "+c.root).Replace(string(mod))
	err = os.MkdirAll(c.folder, 0o777)
	for name, content := range map[string]string{"go.mod": text, "go.sum": string(sum), "engine_test.go": tests} {
		err = errors.Join(err, os.WriteFile(filepath.Join(c.folder, name), []byte(content), 0o666))
	}
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"build", "-o", c.plain, "./harness/cmd/racewindow"}, {"run", "./harness/cmd/racewindow", "build", "-o", c.marked, "./harness/cmd/racewindow"}} {
		if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// An outcome is the result of one search.
type outcome struct {
	sched.Statistics
	verdict, token string
}

// tell runs a command that writes its results as JSON, and reads them into a value. Exit code 1 is no error.
func (c comparison) tell(ctx context.Context, into any, command string, args ...string) error {
	file := filepath.Join(c.folder, "told.json")
	cmd := exec.CommandContext(ctx, command, append(args, "--json", file)...)
	cmd.Dir = c.folder
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 1 {
		return fmt.Errorf("racewindow %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

func (c comparison) plainly(ctx context.Context) (map[string]outcome, error) {
	var told []struct {
		Test, Case string
		Plain      *struct {
			Verdict    string
			Statistics sched.Statistics
		}
	}
	if err := c.tell(ctx, &told, c.plain, "explore", "--seed", "1", "."); err != nil {
		return nil, err
	}
	all := map[string]outcome{}
	for _, e := range told {
		o := all[e.Test]
		if e.Plain != nil {
			o.verdict, o.Statistics = e.Plain.Verdict, e.Plain.Statistics
		} else {
			o.token = e.Case
		}
		all[e.Test] = o
	}
	return all, nil
}

func (c comparison) byMarkers(ctx context.Context, name, program string) (o outcome, err error) {
	var told struct {
		Verdict    string
		Statistics sched.Statistics
	}
	err = c.tell(ctx, &told, c.marked, "explore", "--handover", name, "--program", program, "--seed", "1", "--schedules", "5000", "--canary=false")
	return outcome{Statistics: told.Statistics, verdict: told.Verdict}, err
}

// functions prints in which functions of the engine both ways have points, and in which only one has.
func (c comparison) functions(ctx context.Context, plain, marked sched.Statistics) error {
	var rows []struct{ Name, Source string }
	cmd := exec.CommandContext(ctx, c.marked, "failpoints", "--json", "-")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the failpoints: %w", err)
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		return err
	}
	enclosing, err := functionsOf("storage")
	if err != nil {
		return err
	}
	byMarkers, byRuntime := map[string]bool{}, map[string]bool{}
	for _, p := range marked.Points {
		for _, r := range rows {
			if r.Name == p.Point && r.Source != "" { // a typed wait has no place in the source
				byMarkers[enclosing(r.Source)] = true
			}
		}
	}
	operation := regexp.MustCompile(`^storage\.(.*)\.[A-Za-z]+$`)
	for _, p := range plain.Points {
		if m := operation.FindStringSubmatch(p.Point); m != nil {
			byRuntime[m[1]] = true
		}
	}
	for _, part := range []struct {
		title string
		in    func(string) bool
	}{
		{"both", func(f string) bool { return byMarkers[f] && byRuntime[f] }},
		{"the runtime alone", func(f string) bool { return !byMarkers[f] }},
		{"markers alone", func(f string) bool { return !byRuntime[f] }},
	} {
		all := slices.Sorted(maps.Keys(byMarkers))
		all = append(all, slices.Sorted(maps.Keys(byRuntime))...)
		slices.Sort(all)
		all = slices.DeleteFunc(slices.Compact(all), func(f string) bool { return !part.in(f) })
		fmt.Printf("\npoints of snapshot in %s: %s\n", part.title, strings.Join(all, ", "))
	}
	return nil
}

// functionsOf returns a function that finds the function of a package in which a place (FILE:LINE) lies.
func functionsOf(folder string) (func(place string) string, error) {
	type span struct {
		file     string
		from, to int
		name     string
	}
	var all []span
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is {
				continue
			}
			called := f.Name.Name
			if f.Recv != nil {
				switch t := f.Recv.List[0].Type.(type) {
				case *ast.StarExpr:
					called = fmt.Sprintf("(*%v).%s", t.X, called)
				default:
					called = fmt.Sprintf("%v.%s", t, called)
				}
			}
			all = append(all, span{filepath.Base(name), set.Position(f.Pos()).Line, set.Position(f.End()).Line, called})
		}
	}
	return func(place string) string {
		var line int
		file, number, _ := strings.Cut(filepath.Base(place), ":")
		fmt.Sscan(number, &line)
		for _, s := range all {
			if s.file == file && s.from <= line && line <= s.to {
				return s.name
			}
		}
		return place
	}, nil
}
