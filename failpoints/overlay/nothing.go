// Test runs in which no test ran, although the go command prints ok. The source files show what can run: the top-level functions
// that the patterns of -run, -bench, -fuzz and -skip choose. Subtests are known only while a test runs, but then that test has run.

package overlay

import (
	"context"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A NothingRan is the error of a Run whose go test succeeded without running any test, example, benchmark or fuzz target of
// those asked for.
type NothingRan struct{ What, Remedy string }

func (e *NothingRan) Error() string { return e.What + ": " + e.Remedy }

// testNames are the functions that go test may run in the tested packages.
type testNames struct {
	packages               int
	tests, benches, fuzzes []string // examples with an output count as tests
}

// judged says whether the run must have run something: it does not only ask about the build or list the tests.
func (inv *invocation) judged() bool {
	_, lists := inv.flags["list"]
	return inv.verb == "test" && !inv.set("c") && !inv.set("n") && !lists
}

// nothingRan returns an error if a successful go test ran nothing, else nil.
func (b *build) nothingRan(ctx context.Context) error {
	if !b.g.inv.judged() {
		return nil
	}
	names, err := b.testNames(ctx)
	if err != nil {
		return err
	}
	patterns := b.g.inv.testPatterns()
	if count, err := strconv.Atoi(patterns["count"]); err == nil && count == 0 {
		return &NothingRan{"no test ran: -count=0 runs none", "leave it out"}
	}
	run, err := chosenOf(patterns["run"], patterns["skip"])
	if err != nil {
		return nil // the test binary refuses the pattern itself
	}
	ran := run.any(names.tests) || run.any(names.fuzzes) // the seeds of a fuzz target run as a test
	for _, asked := range []struct {
		flag, kind string
		names      []string
	}{{"bench", "benchmark", names.benches}, {"fuzz", "fuzz target", names.fuzzes}} {
		if patterns[asked.flag] == "" {
			continue
		}
		if chosen, err := chosenOf(patterns[asked.flag], patterns["skip"]); err != nil {
			return nil
		} else if !chosen.any(asked.names) {
			return &NothingRan{
				fmt.Sprintf("no %s ran: -%s %q matches none of %d in %s%s", asked.kind, asked.flag, patterns[asked.flag],
					len(asked.names), b.tested(names), skipping(patterns)),
				fmt.Sprintf("leave out -%s, or list what there is with -list .", asked.flag),
			}
		}
		ran = true
	}
	switch {
	case ran:
		return nil
	case len(names.tests)+len(names.fuzzes) == 0:
		return &NothingRan{"no test ran: there is none in " + b.tested(names), "name packages with tests"}
	}
	return &NothingRan{
		fmt.Sprintf("no test ran: -run %q matches none of %d in %s%s", patterns["run"], len(names.tests)+len(names.fuzzes),
			b.tested(names), skipping(patterns)), "list what there is with -list .",
	}
}

func skipping(patterns map[string]string) string {
	if patterns["skip"] == "" {
		return ""
	}
	return fmt.Sprintf(" that -skip %q leaves", patterns["skip"])
}

// tested names the packages, for messages.
func (b *build) tested(names testNames) string {
	patterns := b.g.inv.packages
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	plural := "packages"
	if names.packages == 1 {
		plural = "package"
	}
	return fmt.Sprintf("%s (%d %s)", strings.Join(patterns, " "), names.packages, plural)
}

// testPatterns returns the flags of the test binary, including those among its own arguments; the last one counts.
func (inv *invocation) testPatterns() map[string]string {
	patterns := map[string]string{}
	for _, name := range []string{"run", "skip", "bench", "fuzz", "count"} {
		patterns[name] = inv.flags[name]
	}
	args := inv.after
	for i, arg := range args {
		name, value, hasValue, isFlag := flagName(arg)
		if _, known := patterns[name]; !isFlag || !known || !strings.Contains(arg, "test.") {
			continue
		}
		if !hasValue && i+1 < len(args) {
			value = args[i+1]
		}
		patterns[name] = value
	}
	return patterns
}

// testNames reads the test files of the tested packages.
func (b *build) testNames(ctx context.Context) (names testNames, err error) {
	tested, err := b.testedPackages(ctx)
	if err != nil {
		return names, err
	}
	for _, p := range b.packages {
		if p.DepOnly || tested != nil && !tested[p.ImportPath] {
			continue
		}
		names.packages++
		for _, list := range [][]string{p.TestGoFiles, p.XTestGoFiles} {
			var files []*ast.File
			for _, name := range list {
				path := absolute(p.Dir, name)
				content, err := b.disk.read(path)
				if err != nil {
					return names, fmt.Errorf("look for tests in %s: %w", path, err)
				}
				// The go command has compiled the file, so an error of the parser does not matter here.
				if file, _ := parser.ParseFile(token.NewFileSet(), path, content, parser.ParseComments|parser.SkipObjectResolution); file != nil {
					files = append(files, file)
				}
			}
			names.add(files)
		}
	}
	return names, nil
}

// testedPackages returns the packages on the command line if -coverpkg names others too; nil means all that were listed.
func (b *build) testedPackages(ctx context.Context) (map[string]bool, error) {
	if b.g.inv.flags["coverpkg"] == "" || b.g.inv.fileList() {
		return nil, nil
	}
	args := append([]string{"list", "-e"}, b.g.inv.forList()...)
	out, err := b.g.output(ctx, append(append(args, "--"), b.g.inv.packages...)...)
	if err != nil {
		return nil, fmt.Errorf("look for the tested packages: %w", err)
	}
	return names(string(out)), nil
}

func (n *testNames) add(files []*ast.File) {
	for _, file := range files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			switch name := f.Name.Name; {
			case isTest(name, "Test") && (name != "TestMain" || takes(f, "T")):
				n.tests = append(n.tests, name)
			case isTest(name, "Benchmark"):
				n.benches = append(n.benches, name)
			case isTest(name, "Fuzz"):
				n.fuzzes = append(n.fuzzes, name)
			}
		}
	}
	for _, e := range doc.Examples(files...) {
		if e.Output != "" || e.EmptyOutput {
			n.tests = append(n.tests, "Example"+e.Name)
		}
	}
}

// isTest says whether go test takes a function with that name for a function of the kind prefix.
func isTest(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	first, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLower(first)
}

// takes says whether the only parameter of f is a pointer to a type of that name.
func takes(f *ast.FuncDecl, name string) bool {
	if len(f.Type.Params.List) != 1 {
		return false
	}
	star, ok := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	switch x := star.X.(type) {
	case *ast.Ident:
		return x.Name == name
	case *ast.SelectorExpr:
		return x.Sel.Name == name
	}
	return false
}

// A choice decides which top-level functions a pattern and -skip choose.
type choice struct{ run, skip []alternative }

// An alternative is one part of a pattern between bars: the expression for top-level names, and whether more levels follow.
type alternative struct {
	top    *regexp.Regexp
	deeper bool
}

func chosenOf(run, skip string) (c choice, err error) {
	if c.run, err = alternatives(run); err == nil {
		c.skip, err = alternatives(skip)
	}
	return c, err
}

// any says whether one of the names is chosen. A part of -skip that names subtests skips no whole test.
func (c choice) any(names []string) bool {
	for _, name := range names {
		chosen := len(c.run) == 0
		for _, a := range c.run {
			chosen = chosen || a.top.MatchString(name)
		}
		for _, a := range c.skip {
			chosen = chosen && (a.deeper || !a.top.MatchString(name))
		}
		if chosen {
			return true
		}
	}
	return false
}

// alternatives splits a pattern as package testing does: at bars and slashes outside of brackets.
func alternatives(pattern string) (list []alternative, err error) {
	if pattern == "" {
		return nil, nil
	}
	for _, part := range splitOutside(pattern, '|') {
		levels := splitOutside(part, '/')
		top, err := regexp.Compile(strings.ReplaceAll(levels[0], " ", "_"))
		if err != nil {
			return nil, err
		}
		list = append(list, alternative{top, len(levels) > 1})
	}
	return list, nil
}

func splitOutside(s string, separator byte) (parts []string) {
	brackets, parens, start := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '[':
			brackets++
		case c == ']':
			brackets = max(brackets-1, 0)
		case c == '(' && brackets == 0:
			parens++
		case c == ')' && brackets == 0:
			parens--
		case c == separator && brackets == 0 && parens == 0:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	return append(parts, s[start:])
}

// replayed returns the file whose name a test process gets in the variable RACEWINDOW_REPLAYED. sched.Explore creates the
// file when it executes the schedule of the flag -racewindow.replay: only while the tests run is it known whether any of
// them does.
func (s *stage) replayed() string { return filepath.Join(s.dir, "replayed") }

func (inv *invocation) replays() bool {
	if !inv.judged() {
		return false
	}
	for _, args := range [][]string{inv.before, inv.after} {
		for _, arg := range args {
			if name, _, _, isFlag := flagName(arg); isFlag && name == "racewindow.replay" {
				return true
			}
		}
	}
	return false
}

func (s *stage) watchReplay(g *goCommand) {
	if g.inv.replays() {
		g.env = append(g.env[:len(g.env):len(g.env)], "RACEWINDOW_REPLAYED="+s.replayed())
	}
}

// nothingReplayed returns an error if a test run should have replayed a schedule and did not, else nil.
func (s *stage) nothingReplayed(g *goCommand) error {
	if _, err := os.Stat(s.replayed()); err == nil || !g.inv.replays() {
		return nil
	}
	return &NothingRan{"nothing was replayed: no test that ran came to sched.Explore", "name the test of the replay line with -run"}
}
