// Package racewindow_test holds the house rules: what may import what, and what a file may look like.
package racewindow_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module           = "github.com/racewindow/racewindow"
	maxFunctionLines = 70
	maxFileLines     = 500
	adapters         = "harness/adapters"
)

// arrows are the only ways in which one folder's packages may import another's, besides their own: "imported by" goes
// failpoints -> storage -> harness -> properties.
var arrows = map[string][]string{
	"failpoints": {},
	"storage":    {"failpoints"},
	"harness":    {"failpoints", "storage"},
	"properties": {"failpoints", "storage", "harness"},
}

// A goPackage is what go list says of one package.
type goPackage struct {
	ImportPath   string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Module       *struct{ Path string }
}

// list runs go list.
func list(t *testing.T, arguments ...string) (packages []goPackage) {
	t.Helper()
	command := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,TestImports,XTestImports,Module"}, arguments...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	require.NoError(t, err)
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// folder is the top folder of a package of this module, "" for the root, and whether it is one.
func folder(importPath string) (name string, ours bool) {
	rest, ours := strings.CutPrefix(importPath, module)
	name, _, _ = strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	return name, ours && (rest == "" || rest[0] == '/')
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, p := range list(t, "./...") {
		from, _ := folder(p.ImportPath)
		allowed, known := arrows[from]
		if from == "" {
			continue // the root holds this test alone
		}
		require.True(t, known || from == "scripts", "%s: a new folder needs its place among the arrows of house_test.go", p.ImportPath)
		for _, imported := range p.Imports {
			to, ours := folder(imported)
			if !ours || to == from || from == "scripts" {
				continue
			}
			require.Contains(t, allowed, to, "%s imports %s, against the arrows", p.ImportPath, imported)
			seen++
		}
	}
	require.Positive(t, seen, "the test has looked at something")
}

// The harness is for anybody's engine: of this project's it sees the interface to the disk. Those that know a subject are the
// subjects, and the command, which names them.
func TestTheGeneralPartsOfTheHarnessKnowNoSubject(t *testing.T) {
	t.Parallel()
	general := 0
	for _, p := range list(t, "./harness/...") {
		path := strings.TrimPrefix(p.ImportPath, module+"/")
		if within(path, "harness/subjects") || within(path, "harness/cmd") {
			continue
		}
		general++
		for _, imported := range p.Imports {
			to := strings.TrimPrefix(imported, module+"/")
			if within(to, "harness/subjects") || within(to, "storage") && to != "storage/disk" {
				t.Errorf("%s is general, and imports %s", path, to)
			}
		}
	}
	require.Greater(t, general, 10, "the test has looked at something")
}

// within says whether a path is that folder, or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func TestTestsDoNotReachAgainstTheArrowsEither(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./failpoints/...", "./storage/...") {
		from, _ := folder(p.ImportPath)
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			to, ours := folder(imported)
			require.False(t, ours && to != from && !contains(arrows[from], to), "a test of %s imports %s", p.ImportPath, imported)
		}
	}
}

// What engines link must stay small: everything that these packages bring with them.
func TestTheEngineLinksNothingButWhatItNeeds(t *testing.T) {
	t.Parallel()
	for name, allowed := range map[string][]string{
		"./failpoints":         {module},
		"./failpoints/raceoff": {module},
		"./storage": {
			module, "github.com/pingcap/failpoint", "github.com/pingcap/errors", "github.com/gofrs/flock", "golang.org/x/sys",
		},
	} {
		for _, p := range list(t, "-deps", name) {
			if p.Standard {
				continue
			}
			require.NotNil(t, p.Module, p.ImportPath)
			require.Contains(t, allowed, p.Module.Path, "%s links %s", name, p.ImportPath)
		}
	}
	for _, p := range list(t, "-deps", "./failpoints") {
		to, ours := folder(p.ImportPath)
		require.True(t, !ours || to == "failpoints", "failpoints is a leaf, and links %s", p.ImportPath)
	}
}

// The engines of others are heavy: only the module of the adapters may require them, and nobody imports it.
func TestTheMainModuleRequiresNoEngineOfOthers(t *testing.T) {
	t.Parallel()
	of := func(name string) string {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(content)
	}
	ours, theirs := of("go.mod"), of(adapters+"/go.mod")
	for _, engine := range []string{"go.etcd.io/bbolt", "github.com/tidwall/wal", "github.com/hashicorp/raft-wal", "github.com/cockroachdb/pebble", "go.etcd.io/etcd"} {
		require.NotContains(t, ours, engine)
		require.Contains(t, theirs, engine)
	}
	require.NotContains(t, ours, adapters)
}

// sources calls visit with every Go file of the module that is neither test data nor a file of another module.
func sources(t *testing.T, visit func(path string, content []byte)) {
	t.Helper()
	count := 0
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != "." && (name == "testdata" || name == "bin" || name[0] == '.' || nestedModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		count++
		visit(filepath.ToSlash(path), content)
		return nil
	}))
	require.Greater(t, count, 50, "the test has looked at something")
}

// nestedModule says whether a folder is a module of its own whose files follow rules of their own. The adapters follow ours.
func nestedModule(path string) bool {
	if filepath.ToSlash(path) == adapters {
		return false
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func TestFilesAndFunctionsFitOnAScreen(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	sources(t, func(path string, content []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		lines := strings.Count(string(content), "\n")
		if lines > maxFileLines {
			t.Errorf("%s has %d lines: split it by idea, at most %d", path, lines, maxFileLines)
		}
		file, err := parser.ParseFile(set, path, content, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := set.Position(function.End()).Line - set.Position(function.Pos()).Line + 1; n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, at most %d", set.Position(function.Pos()), function.Name.Name, n, maxFunctionLines)
			}
		}
	})
}

// Names that say nothing collect everything.
func TestNoFileOrPackageIsNamedAfterNothing(t *testing.T) {
	t.Parallel()
	empty := []string{"util", "utils", "common", "helper", "helpers", "manager", "misc"}
	set := token.NewFileSet()
	sources(t, func(path string, content []byte) {
		for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '_' || r == '.' }) {
			if contains(empty, strings.ToLower(part)) {
				t.Errorf("%s: %q names no idea", path, part)
			}
		}
		file, err := parser.ParseFile(set, path, content, parser.PackageClauseOnly)
		require.NoError(t, err)
		if contains(empty, strings.TrimSuffix(file.Name.Name, "_test")) {
			t.Errorf("%s: package %s names no idea", path, file.Name.Name)
		}
	})
}

// A hand-over is named in its own file and nowhere else in the engine.
func TestNoOtherFileNamesAHandover(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, name := range []string{"Stale", "RecheckLiteral", "Recheck", "Fallback", "Retain", "Snapshot"} {
		names[name] = "storage/handover_" + strings.ToLower(name) + ".go"
	}
	set := token.NewFileSet()
	sources(t, func(path string, content []byte) {
		if !strings.HasPrefix(path, "storage/") || strings.Count(path, "/") > 1 || strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(set, path, content, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if used, ok := n.(*ast.Ident); ok && names[used.Name] != "" && names[used.Name] != path {
				t.Errorf("%s names the hand-over %s", set.Position(used.Pos()), used.Name)
			}
			return true
		})
	})
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

// CI tells make test which packages an earlier step has run whole without the race detector. Their tests must neither need failpoints nor
// heed -short: a test that the race detector skips would then run nowhere.
func TestWhatCIRunsOnceWithoutTheDetectorSkipsNothingInTheNormalBuild(t *testing.T) {
	ci, err := os.ReadFile(".ci/run")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(ci), "PLAIN_RAN='")
	require.True(t, found)
	folders, _, _ := strings.Cut(rest, "'")
	require.NotEmpty(t, folders)
	for _, folder := range strings.Fields(folders) {
		files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, folder)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, reason := range []string{"testing.Short()", "REQUIRE_INSTRUMENTED", "failpoints.Instrumented()"} {
				require.False(t, strings.Contains(string(text), reason), "%s has %s", file, reason)
			}
		}
	}
}
