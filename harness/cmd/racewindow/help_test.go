// Help is held to what the command does: it fits the terminal, lists what there is, and names no flag that does not exist.

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// everyCommand is the root and all below it that help lists.
func everyCommand() (all []*cobra.Command) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		all = append(all, cmd)
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				walk(c)
			}
		}
	}
	root := rootCommand()
	root.InitDefaultHelpCmd()
	walk(root)
	return all
}

func TestHelpFitsEveryTerminal(t *testing.T) {
	t.Parallel()
	for _, cmd := range everyCommand() {
		if cmd.HasParent() && cmd.Parent().Name() == "completion" {
			continue // cobra's text, which a shell's own rules decide
		}
		for _, width := range []int{40, 60, 80} {
			var text bytes.Buffer
			writeHelp(&text, cmd, width)
			for line := range strings.SplitSeq(text.String(), "\n") {
				word := strings.TrimSuffix(strings.TrimSpace(line), ` \`)
				require.True(t, utf8.RuneCountInString(line) <= width || !strings.Contains(word, " "), "%s at %d: %q", cmd.CommandPath(), width, line)
				require.Equal(t, strings.TrimRight(line, " "), line, cmd.CommandPath())
			}
		}
	}
	_, stdout, _ := command(t, "stress", "--help")
	for line := range strings.SplitSeq(stdout, "\n") {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 80, "where there is no terminal")
	}
}

// Pasted at any width, an example is the command that it was.
func TestNothingOfHelpIsLostWhereItIsWrapped(t *testing.T) {
	t.Parallel()
	squeezed := func(text string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(text, "\\\n", "\n")), " ")
	}
	for _, cmd := range everyCommand() {
		for _, text := range []string{cmd.Long, cmd.Example} {
			require.Equal(t, squeezed(text), squeezed(layOut(text, 40)), cmd.CommandPath())
		}
	}
	require.Equal(t, "a paragraph that goes on after a line\nends\n\n  word   what it is, and more of it that\n         is told", layOut("a paragraph that\ngoes on after a line ends\n\n  word   what it is,\n         and more of it that is told", 40))
	require.Equal(t, "  a-very-long-word\n      and what it is", layOut("  a-very-long-word   and what it is", 24))
}

func TestTheOverviewListsEveryCommand(t *testing.T) {
	t.Parallel()
	listed := 0
	root := rootCommand()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() || cmd.Name() == "help" {
			require.Regexp(t, `\n  racewindow `+cmd.Name()+` [A-Z. ]*  \S`, rootAbout, cmd.Name())
			listed++
		}
	}
	require.Equal(t, listed, strings.Count(rootAbout, "\n  racewindow "), "and none that does not exist")
}

func TestHelpSaysWhereItsWordsAreExplained(t *testing.T) {
	t.Parallel()
	_, overview, _ := command(t, "--help")
	_, explore, _ := command(t, "explore", "--help")
	page, found := strings.CutPrefix(glossary, "https://"+ownModule+"/blob/main/")
	require.True(t, found, glossary)
	require.FileExists(t, filepath.Join("..", "..", "..", page))
	require.Contains(t, overview, glossary)
	require.Contains(t, explore, glossary)
}

// own are the flags of the commands that pass what they do not know to the go command.
var own = []string{"include", "plant", "strip", "strip-keep-api", "verbose", "help", "weaken", "known", "budget", "each", "json"}

// foreign are flags of others that are named, with whose they are.
var foreign = map[string]string{
	"rm": "docker", "platform": "docker",
	"quick": "harness/adapters/bench", "value": "harness/adapters/bench", "readers": "harness/adapters/bench", "logs": "harness/adapters/bench", "megabytes": "harness/adapters/bench", "rows": "harness/adapters/bench",
	"seeds": "scripts/mutants", "keep": "scripts/mutants", "estimate": "scripts/mutants", "parallel": "scripts/mutants", "strategies": "scripts/mutants", "run": "scripts/mutants", "no-descriptions": "cobra's completion",
	"relative": "git diff", "init": "dlv", "wd": "dlv", "allow-non-terminal-interactive": "dlv",
}

// anyFlag says whether some command has a flag of that name.
var anyFlag = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, cmd := range everyCommand() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { all[f.Name] = true })
	}
	for _, name := range own {
		all[name] = true
	}
	return all
})

func hasFlag(cmd *cobra.Command, name string) bool {
	if cmd.DisableFlagParsing {
		return slices.Contains(own, name) || name == "out" && cmd.Name() == "instrument"
	}
	return cmd.Flags().Lookup(name) != nil
}

// A named flag is one that a text names, and the command before it on the same line, if there is one.
type namedFlag struct {
	command []string
	flag    string
}

var (
	flagPattern    = regexp.MustCompile(`(?:^|[^\w-])--([a-z][a-z0-9-]*)`)
	commandPattern = regexp.MustCompile(`racewindow(?:-race)? (soak (?:merge|close)|[a-z]+)`)
)

func namedFlags(text string) (named []namedFlag) {
	for line := range strings.SplitSeq(text, "\n") {
		commands := commandPattern.FindAllStringSubmatchIndex(line, -1)
		for _, found := range flagPattern.FindAllStringSubmatchIndex(line, -1) {
			n := namedFlag{flag: line[found[2]:found[3]]}
			for _, c := range commands {
				if c[0] < found[0] && !strings.ContainsAny(line[c[1]:found[0]], "`;") {
					n.command = strings.Fields(line[c[2]:c[3]])
				}
			}
			named = append(named, n)
		}
	}
	return named
}

// requireFlags says that all flags of a text exist: those of a command in it, those of the given one, or, without one, of any.
func requireFlags(t *testing.T, where string, whose *cobra.Command, text string) (count int) {
	t.Helper()
	named := namedFlags(text)
	if len(named) == 0 {
		return 0
	}
	root := rootCommand()
	for _, n := range named {
		count++
		cmd := whose
		if c, err := commandAt(root, n.command); err == nil && len(n.command) > 0 {
			cmd = c
		}
		if cmd != nil && cmd.HasParent() {
			require.True(t, hasFlag(cmd, n.flag), "%s names --%s, which '%s' does not have: %.200s", where, n.flag, cmd.CommandPath(), text)
			continue
		}
		require.True(t, foreign[n.flag] != "" || anyFlag()[n.flag], "%s names --%s, which no command has: %.200s", where, n.flag, text)
	}
	return count
}

func TestEveryFlagThatHelpNamesIsThere(t *testing.T) {
	t.Parallel()
	for _, cmd := range everyCommand() {
		if cmd.HasParent() && cmd.Parent().Name() == "completion" {
			continue // cobra's text
		}
		requireFlags(t, cmd.CommandPath()+" --help", cmd, cmd.Long+"\n"+cmd.Example)
		cmd.Flags().VisitAll(func(f *pflag.Flag) { requireFlags(t, "--"+f.Name+" of "+cmd.CommandPath(), cmd, f.Usage) })
	}
}

func TestEveryFlagThatThePagesNameIsThere(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	count := 0
	for _, pattern := range []string{"*.md", "*/README.md", "*/*/README.md", "*/*/*/README.md", "*/*/*/*/README.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, page := range pages {
			content, err := os.ReadFile(page)
			require.NoError(t, err)
			count += requireFlags(t, page, nil, string(content))
		}
	}
	require.Greater(t, count, 100, "flags of pages were looked at")
}

// The command's own messages, and those of the packages that it calls, name no flag that does not exist.
func TestEveryFlagThatAMessageNamesIsThere(t *testing.T) {
	t.Parallel()
	count := 0
	for _, top := range []string{"harness", "storage", "failpoints", "properties"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", "..", top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "browsertest" || entry.Name() == "bench") {
				return cmpSkip(err)
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, _ := strconv.Unquote(literal.Value)
					if flag := strings.TrimPrefix(text, "--"); flag != text && !strings.Contains(flag, " ") {
						return true // one argument of a call, which may be that of another program
					}
					count += requireFlags(t, path, nil, text)
				}
				return true
			})
			return nil
		}))
	}
	require.Greater(t, count, 50, "messages were looked at")
}

func cmpSkip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

// A call and how it ends. The text of each command's exit codes must have the code.
type exit struct {
	code         int
	args         []string
	instrumented bool // needs failpoints at work
}

func exits(t *testing.T) map[string][]exit {
	broken := filepath.Join(t.TempDir(), "campaign")
	require.NoError(t, os.Mkdir(broken, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(broken, "journal.jsonl"), []byte("damage\ndamage\n"), 0o666))
	taken := filepath.Join(t.TempDir(), "taken") // a file where a folder belongs
	require.NoError(t, os.WriteFile(taken, nil, 0o666))
	unreached := "v1 scenario=log handover=snapshot; w0: append 1; @ w0@flush/trimmed#1>w0"
	return map[string][]exit{
		"racewindow":            {{0, nil, false}, {2, []string{"nothing"}, false}, {2, []string{"--nothing"}, false}},
		"racewindow help":       {{0, []string{"soak", "merge"}, false}, {2, []string{"nothing"}, false}, {2, []string{"soak", "nothing"}, false}, {2, []string{"verify", "soak"}, false}},
		"racewindow completion": {{0, []string{"bash"}, false}, {2, []string{"basj"}, false}, {2, []string{"bash", "x"}, false}, {2, []string{"zsh", "--x"}, false}},
		"racewindow failpoints": {{0, nil, false}, {2, []string{"x"}, false}, {2, []string{"--json", filepath.Join(taken, "x")}, false}},
		"racewindow explore": {
			{0, []string{"--program", "w0: append 1", "--schedules", "3", "--canary=false"}, true},
			{1, []string{"--handover", "recheckliteral", "--program", "w0: append 1, read - end", "--schedules", "20"}, true},
			{2, []string{"--strategy", "x"}, false},
			{2, []string{"--program", "x"}, false},
			{2, []string{"--program", "w0: append 1", "--schedules", "3", "--json", filepath.Join(taken, "x")}, false},
			{3, []string{"--program", "w0: append 1", "--schedules", "3", "--step-limit", "2", "--canary=false"}, true},
		},
		"racewindow crash":  {{2, []string{"--model", "x"}, false}, {3, []string{"--program", "r0: read - end", "--schedules", "3", "--canary=false"}, true}},
		"racewindow verify": {{2, []string{"--preemptions", "0"}, false}, {2, []string{"x"}, false}},
		"racewindow stress": {{2, []string{"--goroutines", "0"}, false}, {2, []string{"--cycles", "3"}, false}, {3, []string{"--goroutines", "3", "--duration", "50ms", "--canary=false"}, true}},
		"racewindow kill":   {{2, []string{"--kills", "0"}, false}, {2, []string{"--dir", taken}, true}},
		"racewindow replay": {
			{0, []string{kept}, true}, {1, []string{lost}, true}, {2, []string{"x"}, false}, {2, nil, false}, {2, []string{"v2 scenario=log"}, false}, {3, []string{unreached}, true},
		},
		"racewindow report": {{0, []string{kept[:strings.Index(kept, "; ~")]}, true}, {2, []string{"x"}, false}, {2, []string{"x", "--format", "y"}, false}, {3, []string{unreached}, true}},
		"racewindow soak":   {{2, nil, false}, {2, []string{"nothing"}, false}, {2, []string{"--round", "v1"}, false}, {2, []string{"--shard", "2/2", "--out", "x"}, false}},
		"racewindow soak merge": {
			{2, nil, false}, {2, []string{"--out", broken, broken}, false}, {2, []string{"--minimum", "rouds=1", "--out", "x", "y"}, false}, {3, []string{"--out", filepath.Join(t.TempDir(), "out"), broken}, false},
		},
		"racewindow soak close": {{2, nil, false}, {2, []string{"0123abcd", "--out", taken + "-none"}, false}, {2, []string{"0123abcd", "--out", broken}, false}},
		"racewindow doctor":     {{2, []string{"x"}, false}},
		"racewindow clean":      {{2, []string{"x"}, false}}, // the rest removes what others use
		"racewindow version":    {{0, nil, false}, {2, []string{"x"}, false}},
		"racewindow test":       {{2, []string{"--plant"}, false}},
		"racewindow build":      {{2, []string{"--include"}, false}},
		"racewindow run":        {{2, []string{"--strip=x"}, false}},
		"racewindow instrument": {{2, nil, false}, {2, []string{"--plant"}, false}},
	}
}

func TestCallsEndWithTheCodesThatHelpSays(t *testing.T) {
	t.Parallel()
	ends := exits(t)
	for _, cmd := range everyCommand() {
		if cmd.HasParent() && cmd.Parent().Name() == "completion" {
			continue
		}
		_, codes, found := strings.Cut(strings.Join(strings.Fields(cmd.Long), " "), "Exit codes: ")
		require.True(t, found, "%s says no exit codes", cmd.CommandPath())
		require.NotEmpty(t, ends[cmd.CommandPath()], "%s is called by no test of its exit codes", cmd.CommandPath())
		for _, end := range append(ends[cmd.CommandPath()], exit{code: 0, args: []string{"--help"}}) {
			require.Regexp(t, fmt.Sprintf(`\b%d\b|that of go`, end.code), codes, "%s does not say that it may end with %d", cmd.CommandPath(), end.code)
			args := append(strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "racewindow")), end.args...)
			t.Run(strings.Join(args, " "), func(t *testing.T) {
				if end.instrumented {
					requireInstrumented(t)
				}
				t.Parallel()
				code, stdout, stderr := command(t, args...)
				require.Equal(t, end.code, code, stdout+stderr)
				if code == exitUsage {
					require.Empty(t, stdout)
					require.True(t, strings.HasPrefix(stderr, cmd.CommandPath()+": ") || strings.HasPrefix(stderr, "racewindow completion "), stderr)
				}
			})
		}
	}
}
