// Coverage: what it counts, and what never gets into it.

//go:build unix

package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// withCoverage is a module of which two thirds of the library are covered by its test.
func withCoverage(t *testing.T) *module {
	t.Helper()
	m := unpack(t, "own")
	for _, name := range []string{"lib", "enabled"} {
		require.NoError(t, os.RemoveAll(filepath.Join(m.dir, name)))
	}
	m.write(t, "c.go", `package c

import "github.com/pingcap/failpoint"

func F() int {
	failpoint.Inject("f", func() { failpoint.Return(1) })
	return 0
}
`)
	m.write(t, "c_test.go", "package c\n\nimport \"testing\"\n\nfunc TestF(t *testing.T) { F() }\n")
	m.write(t, "cmd/main.go", `package main

import (
	"github.com/pingcap/failpoint"

	c "example.com/own"
)

func main() {
	failpoint.Inject("m", func() { println("fired") })
	println(c.F())
}
`)
	return m
}

// output runs a program in the module and returns what it says.
func (m *module) output(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = m.dir, append(m.env, env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	return string(text)
}

func TestNoProfileKnowsTheBindingFile(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	m.mustRun(t, "test", "-c", "-cover", "-o", "c.test", ".")
	m.output(t, nil, "./c.test", "-test.coverprofile=compiled.out")
	require.NoError(t, os.Mkdir(filepath.Join(m.dir, "data"), 0o755))
	m.mustRun(t, "build", "-cover", "-o", "program", "./cmd")
	fired := m.output(t, []string{"GOCOVERDIR=data", "GO_FAILPOINTS=main/m=return(true)"}, "./program")
	require.Contains(t, fired, "fired", "the covered program is not instrumented")
	m.output(t, nil, "go", "tool", "covdata", "textfmt", "-i=data", "-o=data.out")
	m.mustRun(t, "test", "-coverprofile=tested.out", "-coverpkg=./...", "./...")
	for _, profile := range []string{"compiled.out", "data.out", "tested.out"} {
		require.NotContains(t, m.read(t, profile), bindingPrefix)
		require.Contains(t, m.output(t, nil, "go", "tool", "cover", "-func="+profile), "example.com/own/c.go:5:")
	}
	m.requireClean(t)
}

func TestPercentagesAreThoseOfGoTest(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	percentages := regexp.MustCompile(`(\S+)\s+\S*\s*coverage: (\S+)`)
	for _, args := range [][]string{{"-cover"}, {"-coverpkg=./..."}} {
		args = append(args, "./...")
		plain := percentages.FindAllStringSubmatch(m.output(t, nil, "go", append([]string{"test"}, args...)...), -1)
		ours := percentages.FindAllStringSubmatch(m.mustRun(t, "test", args...).stdout, -1)
		require.Len(t, ours, 2)
		for i := range plain {
			require.Equal(t, plain[i][2], ours[i][2], "%v: %v", args, ours)
		}
	}
}

func TestATemporaryFolderWithASpaceInItsNameServesCoverageToo(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	spaced := filepath.Join(m.dir, "_a b")
	require.NoError(t, os.Mkdir(spaced, 0o755))
	r := m.runCommand(Command{Verb: "test", Args: []string{"-cover", "."}, Env: append(m.env, "TMPDIR="+spaced)})
	require.Zero(t, r.code, "%s", r)
	require.Contains(t, r.stdout, "coverage: 66.7%")
}

// Go 1.26 gives the cover tool absolute names. Names relative to the package's folder, or beginning with its import path,
// must be understood as well.
func TestTheCoverToolIsShownStagedFilesWhateverTheirNamesCountFrom(t *testing.T) {
	t.Parallel()
	const importPath = "example.com/own/p"
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	s := &stage{dir: filepath.Join(dir, "stage"), replace: map[string]string{}}
	source, objects := filepath.Join(dir, "source"), filepath.Join(dir, "objects")
	for _, folder := range []string{source, objects} {
		require.NoError(t, os.Mkdir(folder, 0o755))
	}
	pf := &packageFiles{listed: &listedPackage{ImportPath: importPath, Dir: source}}
	for _, name := range []string{"a.go", bindingPrefix + ".go"} {
		f := &sourceFile{path: filepath.Join(source, name), content: []byte("package p // staged\n")}
		pf.files = append(pf.files, f)
		require.NoError(t, s.overlay(f.path, f.content))
	}
	b := &build{g: &goCommand{inv: &invocation{flags: map[string]string{"cover": "true"}}}, chosen: []*packageFiles{pf}}
	require.NoError(t, s.stageCoverTool(b))
	fake := filepath.Join(dir, "cover")
	syscall.ForkLock.RLock() // a child that starts now would keep the file open: "text file busy"
	err = os.WriteFile(fake, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\"\nwhile [ \"$1\" != -outfilelist ]; do shift; done\ncat \"$2\"\n"), 0o755)
	syscall.ForkLock.RUnlock()
	require.NoError(t, err)
	config := filepath.Join(objects, "pkgcfg.txt")
	require.NoError(t, os.WriteFile(config, []byte(`{"OutConfig":"x","PkgPath":"`+importPath+`","PkgName":"p"}`+"\n"), 0o644))
	list := filepath.Join(objects, "list.txt")
	for _, name := range []struct{ cwd, prefix string }{
		{objects, source + "/"}, {source, ""}, {source, "./"}, {dir, "source/"}, {objects, importPath + "/"}, {objects, ""},
	} {
		out := func(base string) string { return filepath.Join(objects, base) }
		require.NoError(t, os.WriteFile(list, []byte(strings.Join([]string{out("vars.go"), out("plain.go"), out("a.go"), out("binding.go")}, "\n")+"\n"), 0o644))
		cmd := exec.Command("/bin/sh", s.coverTool(), fake, "-pkgcfg", config, "-mode", "set", "-outfilelist", list,
			name.prefix+"plain.go", name.prefix+"a.go", name.prefix+bindingPrefix+".go")
		cmd.Dir = name.cwd
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", text)
		want := []string{
			"-pkgcfg", config, "-mode", "set", "-outfilelist", list + ".racewindow",
			name.prefix + "plain.go", "STAGED a.go", out("vars.go"), out("plain.go"), out("a.go"),
		}
		got := strings.Split(strings.TrimSpace(string(text)), "\n")
		require.Len(t, got, len(want), "%s", text)
		for i := range want {
			if want[i] == "STAGED a.go" {
				shown, err := os.ReadFile(got[i])
				require.NoError(t, err, "%+v", name)
				require.Equal(t, "package p // staged\n", string(shown))
				continue
			}
			require.Equal(t, want[i], got[i], "%+v", name)
		}
		compiled, err := os.ReadFile(out("binding.go"))
		require.NoError(t, err)
		require.Equal(t, "//line "+name.prefix+bindingPrefix+".go:1:1\npackage p // staged\n", string(compiled))
		require.NoError(t, os.Remove(out("binding.go")))
	}
}
