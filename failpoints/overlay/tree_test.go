// Trees: the spliced sources in a folder, built by go alone.

package overlay

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goIn runs go in a tree, with nothing of racewindow's.
func (m *module) goIn(dir string, more []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(append([]string{}, m.env...), more...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (m *module) writeTree(t *testing.T, c Command) string {
	t.Helper()
	out := filepath.Join(m.temp(), "tree")
	c.Dir = m.dir
	if c.Env == nil {
		c.Env = m.env
	}
	markers, err := WriteTree(t.Context(), c, out)
	require.NoError(t, err)
	require.Equal(t, c.Strip, len(markers) == 0)
	left, err := filepath.Glob(out + ".*")
	require.NoError(t, err)
	require.Empty(t, left)
	return out
}

func TestTreeBuildsAndTestsWithGoAlone(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "data/text.txt", "embedded")
	m.write(t, "data/data.go", "package data\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar Text string\n")
	require.NoError(t, os.Symlink("text.txt", filepath.Join(m.dir, "data", "link.txt")))
	m.write(t, "save/.git/HEAD", "history")
	before := m.hash(t)
	tree := m.writeTree(t, Command{})
	require.Equal(t, before, m.hash(t), "the source tree was touched")
	out, err := m.goIn(tree, nil, "vet", "./...")
	require.NoError(t, err, "%s", out)
	out, err = m.goIn(tree, []string{gofailTerms}, "test", "-count=1", "./save")
	require.NoError(t, err, "%s", out)
	out, err = m.goIn(tree, []string{"GO_FAILPOINTS=example.com/g/mixed/ping=return(5)"}, "run", "./cmd", "where")
	require.Error(t, err)
	require.Contains(t, out, "<nil> 5")
	require.Contains(t, out, filepath.Join(tree, "save/save.go")+":30")
	require.NoFileExists(t, filepath.Join(tree, "save/.git/HEAD"))
	leads, err := os.Readlink(filepath.Join(tree, "data/link.txt"))
	require.NoError(t, err)
	require.Equal(t, "text.txt", leads)
	require.Equal(t, "embedded", (&module{dir: tree}).read(t, "data/text.txt"))
}

func TestTreeHoldsIncludedAndReplacedModules(t *testing.T) {
	t.Parallel()
	m := withDependency(t, nil)
	near := filepath.Join(filepath.Dir(m.dir), filepath.Base(m.dir)+"-near")
	require.NoError(t, os.MkdirAll(near, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(near) })
	require.NoError(t, os.WriteFile(filepath.Join(near, "go.mod"), []byte("module example.com/near\n\ngo 1.26.0\n\n"+
		"require github.com/pingcap/failpoint v0.0.0-20260406204437-bbc9d102c19e\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(near, "near.go"), []byte("package near\n\nimport \"github.com/pingcap/failpoint\"\n\n"+
		"func Near() (n int) {\n\tfailpoint.Inject(\"near\", func() { n = 1 })\n\treturn n\n}\n"), 0o644))
	m.write(t, "go.mod", m.read(t, "go.mod")+"\nrequire example.com/near v0.0.0\n\nreplace example.com/near => ../"+filepath.Base(near)+"\n")
	m.write(t, "use/near_test.go", "package use\n\nimport (\n\t\"testing\"\n\n\t\"example.com/near\"\n\t\"github.com/pingcap/failpoint\"\n)\n\n"+
		"func TestNear(t *testing.T) {\n\tfailpoint.Enable(\"example.com/near/near\", \"return\")\n\tif near.Near() != 1 {\n\t\tt.Error(\"dead\")\n\t}\n}\n")
	test := strings.Replace(m.read(t, "use/use_test.go"), "dep@v1.2.3/dep.go:12", "dep@v1.2.3/dep.go:12", 1)
	m.write(t, "use/use_test.go", test)
	require.NoError(t, os.RemoveAll(filepath.Join(m.dir, "_temp/racewindow")))
	tree := m.writeTree(t, Command{Include: []string{depPath}, Args: []string{"./use/..."}})
	require.NoError(t, os.Rename(near, near+"-gone"), "the tree must not need it")
	t.Cleanup(func() { _ = os.RemoveAll(near + "-gone") })
	out, err := m.goIn(tree, nil, "test", "-count=1", "./use/...")
	require.NoError(t, err, "%s", out)
}

func TestTreeOfAWorkspaceAndOfAStrippedModule(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "work/go.work", "go 1.26.0\n\nuse ..\nuse ./inner\n")
	m.write(t, "work/inner/go.mod", "module example.com/inner\n\ngo 1.26.0\n")
	m.write(t, "work/inner/inner.go", "package inner\n\nfunc F() (n int) {\n\t// gofail: var inner int\n\t// n = inner\n\treturn n\n}\n")
	env := append(m.env, "GOWORK=", "GOFLAGS=")
	out := filepath.Join(m.temp(), "tree")
	_, err := WriteTree(t.Context(), Command{Dir: filepath.Join(m.dir, "work/inner"), Env: env, Args: []string{".", "example.com/g/save"}}, out)
	require.NoError(t, err)
	said, err := m.goIn(filepath.Join(out, "inner"), []string{"GOWORK=", "GOFLAGS=", gofailTerms}, "test", "-count=1", "example.com/g/save", ".")
	require.NoError(t, err, "%s", said)

	require.NoError(t, os.RemoveAll(out))
	m.writeTree(t, Command{Strip: true})
	said, err = m.goIn(out, nil, "list", "-deps", "./cmd")
	require.NoError(t, err, "%s", said)
	require.NotContains(t, said, "pingcap")
}

func TestTreeRefusesPlacesThatAreNotFreeAndLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "full/file", "x")
	m.write(t, "file", "x")
	before := m.hash(t)
	for out, wants := range map[string]string{
		"full":             "the folder is not empty",
		".":                "not empty",
		"..":               "not empty",
		"file":             "it is no folder",
		"nowhere/tree":     "mkdir -p nowhere",
		"save/save.go/out": "not a directory",
	} {
		_, err := WriteTree(t.Context(), Command{Dir: m.dir, Env: m.env}, out)
		require.ErrorContains(t, err, wants, out)
		var asked *UsageError
		require.ErrorAs(t, err, &asked, out)
	}
	_, err := WriteTree(t.Context(), Command{Dir: m.dir, Env: m.env, Args: []string{"-run", "x", "./..."}}, "new")
	require.ErrorContains(t, err, "-run does not change which sources")
	m.write(t, "save/bad.go", "package save\n\nfunc bad() {\n\t// gofail: bad\n}\n")
	_, err = WriteTree(t.Context(), Command{Dir: m.dir, Env: m.env}, "new")
	require.ErrorContains(t, err, "save/bad.go:4: malformed gofail marker")
	require.NoError(t, os.Remove(filepath.Join(m.dir, "save/bad.go")))
	require.NoError(t, os.Chmod(filepath.Join(m.dir, "file"), 0))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = WriteTree(ctx, Command{Dir: m.dir, Env: m.env}, "new")
	require.Error(t, err)
	require.Equal(t, before, m.hash(t), "something is left")
}

func TestTreeInsideOfTheModuleDoesNotHoldItself(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	require.NoError(t, os.Mkdir(filepath.Join(m.dir, "out"), 0o755))
	_, err := WriteTree(t.Context(), Command{Dir: m.dir, Env: m.env}, "out")
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(m.dir, "out/out"))
	require.NoDirExists(t, filepath.Join(m.dir, "out/out.racewindow"))
	m.mustRun(t, "build", "./...")
}
