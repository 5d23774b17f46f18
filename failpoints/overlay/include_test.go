// Dependencies: in the module cache, where the go command refuses overlays, and in a vendor folder.

package overlay

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	depPath    = "example.com/dep"
	depVersion = "v1.2.3"
)

const depSource = `package dep

import "github.com/pingcap/failpoint"

func Value() (n int) {
	failpoint.Inject("value", func(val failpoint.Value) {
		n = val.(int)
	})
	return n
}

func Panic() { panic("dep.go, line 12") }
`

// withDependency is a module that requires a module from the test's own module cache.
func withDependency(t *testing.T, more map[string]string) *module {
	t.Helper()
	m := unpack(t, "pingcap")
	for _, name := range []string{"lib", "files", "cmd"} {
		require.NoError(t, os.RemoveAll(filepath.Join(m.dir, name)))
	}
	goMod := "module " + depPath + "\n\ngo 1.26.0\n\nrequire github.com/pingcap/failpoint v0.0.0-20260406204437-bbc9d102c19e\n"
	files := map[string]string{"go.mod": goMod, "dep.go": depSource}
	for name, text := range more {
		files[name] = text
	}
	m.publish(t, depPath, depVersion, files)
	text, err := os.ReadFile(filepath.Join(m.dir, "go.mod"))
	require.NoError(t, err)
	m.write(t, "go.mod", string(text)+"\nrequire "+depPath+" "+depVersion+"\n")
	m.write(t, "use/use_test.go", `package use

import (
	"runtime/debug"
	"strings"
	"testing"

	"example.com/dep"
	"github.com/pingcap/failpoint"
)

func TestDependency(t *testing.T) {
	failpoint.Enable("example.com/dep/value", "return(5)")
	if got := dep.Value(); got != 5 {
		t.Error("the dependency is not instrumented:", got)
	}
	defer func() {
		recover()
		if stack := string(debug.Stack()); !strings.Contains(stack, "dep@v1.2.3/dep.go:12") {
			t.Error(stack)
		}
	}()
	dep.Panic()
}
`)
	m.write(t, "use/main/main.go", `package main

import (
	"fmt"

	"example.com/dep"
)

func main() {
	fmt.Println(dep.Value())
	dep.Panic()
}
`)
	m.goCommand(t, "list", "-mod=mod", "-deps", "-test", "./...") // fills go.sum
	return m
}

// publish gives the module its own module cache, and a proxy that has one more module.
func (m *module) publish(t *testing.T, path, version string, files map[string]string) {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, name := range sortedKeys(files) {
		f, err := w.Create(path + "@" + version + "/" + name)
		require.NoError(t, err)
		_, err = f.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	proxy := "_proxy/" + path + "/@v/"
	m.write(t, proxy+version+".zip", archive.String())
	m.write(t, proxy+version+".mod", files["go.mod"])
	m.write(t, proxy+version+".info", `{"Version": "`+version+`"}`)
	m.write(t, proxy+"list", version+"\n")

	cache := goEnv(t, "GOMODCACHE")
	m.env = append(m.env, "GOPROXY=file://"+m.dir+"/_proxy,file://"+cache+"/cache/download", "GOSUMDB=off",
		"GOMODCACHE="+filepath.Join(m.dir, "_cache"), "GOFLAGS=-modcacherw")
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func (m *module) goCommand(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = m.dir, m.env
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestIncludedDependencyIsInstrumented(t *testing.T) {
	t.Parallel()
	m := withDependency(t, nil)
	before := m.hash(t)
	include := []string{depPath}
	r := m.runCommand(Command{Verb: "test", Include: include, Args: []string{"./use"}})
	require.Zero(t, r.code, "%s", r)
	r = m.runCommand(Command{Verb: "test", Include: include, Args: []string{"-coverpkg=" + depPath, "./use"}})
	require.Zero(t, r.code, "%s", r)
	require.Regexp(t, `coverage: \d\d`, r.stdout)
	for _, trim := range []string{"-trimpath=false", "-trimpath"} {
		r = m.runCommand(Command{
			Verb: "run", Include: include, Args: []string{trim, "./use/main"},
			Env: append(m.env, "GO_FAILPOINTS=example.com/dep/value=return(6)"),
		})
		require.Equal(t, "6\n", r.stdout, "%s", r)
		require.Contains(t, r.stderr, "dep@v1.2.3/dep.go:12", "the panic names another file or line")
	}
	require.NotContains(t, r.stderr, m.dir, "-trimpath left the name of a folder")
	require.Equal(t, before, m.hash(t), "the source tree or the module cache was touched")
	m.requireClean(t)

	r = m.runCommand(Command{Verb: "test", Include: []string{"example.com/other"}, Args: []string{"./use"}})
	require.Equal(t, ExitUsage, r.code)
	require.ErrorContains(t, r.err, "--include example.com/other: no package of that module is part of this build")
}

func TestStripNamesTheDependencyThatStillImportsThePackage(t *testing.T) {
	t.Parallel()
	m := withDependency(t, map[string]string{"c.go": "package dep\n\n// int one(void) { return 1; }\nimport \"C\"\n\nvar One = C.one()\n"})
	r := m.runCommand(Command{Verb: "build", Strip: true, Args: []string{"-o", m.temp() + "/x", "./use/main"}})
	require.Equal(t, ExitProblem, r.code, "%s", r)
	require.ErrorContains(t, r.err, "add --include "+depPath)
	r = m.runCommand(Command{Verb: "build", Strip: true, Include: []string{depPath}, Args: []string{"-o", m.temp() + "/x", "./use/main"}})
	require.Zero(t, r.code, "%s", r)
}

func TestVendoredDependencyIsOverlaidInPlace(t *testing.T) {
	t.Parallel()
	m := withDependency(t, nil)
	m.goCommand(t, "mod", "vendor")
	text, err := os.ReadFile(filepath.Join(m.dir, "use/use_test.go"))
	require.NoError(t, err)
	m.write(t, "use/use_test.go", strings.ReplaceAll(string(text), "dep@v1.2.3/", "vendor/example.com/dep/"))
	before := m.hash(t)
	r := m.runCommand(Command{Verb: "test", Include: []string{depPath}, Args: []string{"-mod=vendor", "./use"}})
	require.Zero(t, r.code, "%s", r)
	require.Equal(t, before, m.hash(t))
	r = m.runCommand(Command{Verb: "test", Args: []string{"-mod=vendor", "./use"}})
	require.Equal(t, 1, r.code, "without --include the dependency stays as it is")
}
