// Comment markers in whole builds: gofail's names, terms, environment and endpoint, with a runtime that is brought.

package overlay

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const gofailTerms = `GOFAIL_FAILPOINTS=saveError=2*return("boo")->off;skipRow=return;inTest=return(7)`

func TestCommentMarkersFireAndTheTreeStays(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	before := m.hash(t)
	env := append(m.env, gofailTerms)
	for _, flags := range [][]string{{"-count=1"}, {"-coverprofile=" + m.temp() + "/cover.out"}, {"-mod=mod"}} {
		r := m.runCommand(Command{Verb: "test", Verbose: true, Args: append(flags, "./save"), Env: env})
		require.Zero(t, r.code, "%s", r)
		require.Contains(t, r.stderr, "Spliced 4 markers in 2 files: 4 gofail")
	}
	r := m.runCommand(Command{Verb: "test", Args: []string{"./save"}, Env: m.env})
	require.Equal(t, 1, r.code, "nothing is armed, and the test must fail: %s", r)
	require.Equal(t, before, m.hash(t), "the source tree was touched")
	m.requireClean(t)
}

func TestCommentMarkersKeepLines(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	r := m.runCommand(Command{Verb: "run", Args: []string{"./cmd", "where"}, Env: m.env})
	require.Contains(t, r.stderr, "save/save.go:30", "%s", r)
	r = m.runCommand(Command{Verb: "run", Args: []string{"./cmd", "where"}, Env: append(m.env, "GOFAIL_FAILPOINTS=beforeWhere=return")})
	require.Contains(t, r.stderr, "save/save.go:29", "a panic in the code of a marker: %s", r)
	m.write(t, "save/broken.go", "package save\n\nfunc broken() {\n\t// gofail: var broken int\n\t// unknown(broken)\n}\n")
	r = m.runCommand(Command{Verb: "build", Args: []string{"./save"}})
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "save/broken.go:5:5: undefined: unknown")
}

func TestMarkersOfBothToolsInOneBinaryAndGofailsEndpoint(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	binary := filepath.Join(m.temp(), "cmd.bin")
	r := m.runCommand(Command{Verb: "build", Verbose: true, Args: []string{"-race", "-o", binary, "./cmd"}})
	require.Zero(t, r.code, "%s", r)
	require.Contains(t, r.stderr, "Spliced 5 markers in 2 files: 1 Inject, 4 gofail")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "GOFAIL_HTTP="+address,
		"GO_FAILPOINTS=example.com/g/mixed/ping=return(5)", "GOFAIL_FAILPOINTS=comment=return(30)")
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "<nil> 35\n", line)

	ask := func(method, path, body string) string {
		request, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.Status + " " + string(text)
	}
	require.Contains(t, ask("PUT", "/saveError", `return("over http")`), "204")
	require.Contains(t, ask("GET", "/", ""), "beforeWhere=\ncomment=return(30)\nsaveError=return(\"over http\")\nskipRow=\n")
	require.Contains(t, ask("GET", "/comment/count", ""), "200 OK 1")
	require.Contains(t, ask("DELETE", "/comment", ""), "204")
	require.NoError(t, input.Close())
	line, err = lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "over http 5\n", line)
	require.NoError(t, cmd.Wait())
}

func TestRuntimeOfTheModuleServesWhereItIsRequired(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	const own = "module go.etcd.io/gofail\n\ngo 1.21\n"
	m.write(t, "own/go.mod", own)
	m.write(t, "own/runtime/r.go", "package runtime\n\nimport \"fmt\"\n\ntype Failpoint struct{}\n\n"+
		"func NewFailpoint(name string) *Failpoint { fmt.Println(\"registered\", name); return nil }\n\n"+
		"func (*Failpoint) Acquire() (any, error) { return 4, nil }\n\nfunc (*Failpoint) BadType(any, string) {}\n")
	m.write(t, "go.mod", m.read(t, "go.mod")+"\nrequire go.etcd.io/gofail v0.3.0\n\nreplace go.etcd.io/gofail => ./own\n")
	r := m.mustRun(t, "run", "./cmd")
	require.Contains(t, r.stdout, "registered comment\n")
	require.Contains(t, r.stdout, "<nil> 4\n")

	m.write(t, "own/runtime/r.go", "package runtime\n\nfunc NewFailpoint(pkg, name string) any { return nil }\n")
	r = m.run("run", "./cmd")
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "mixed/mixed.go:8: this gofail marker needs go.etcd.io/gofail v0.1.0 or later")
}

func TestGofailsRuntimeIsBroughtToAWorkspaceAndRefusedWhereOneIsVendored(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "go.work", "go 1.26.0\n\nuse .\n")
	env := append(m.env, gofailTerms, "GOWORK=", "GOFLAGS=")
	r := m.runCommand(Command{Verb: "test", Args: []string{"./save"}, Env: env})
	require.Zero(t, r.code, "%s", r)

	require.NoError(t, os.Remove(filepath.Join(m.dir, "go.work")))
	m.goCommand(t, "mod", "vendor")
	env = append(m.env, gofailTerms, "GOFLAGS=")
	r = m.runCommand(Command{Verb: "test", Args: []string{"./save"}, Env: env})
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "save/save.go:7: this gofail marker needs go.etcd.io/gofail/runtime, which is not vendored")
	r = m.runCommand(Command{Verb: "test", Args: []string{"-mod=mod", "./save"}, Env: env})
	require.Zero(t, r.code, "the remedy does not help: %s", r)
}

func TestTwoCommentMarkersOfOneNameInOneBinaryAreRefused(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	const twin = "func Twin() {\n\t// gofail: var comment int\n\n}\n"
	m.write(t, "other/other.go", "package other\n\n"+twin)
	m.mustRun(t, "build", "./...") // never linked together
	m.write(t, "mixed/twin.go", "package mixed\n\n"+twin)
	r := m.run("build", "./...")
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "mixed/twin.go:4: the gofail marker comment has the name of the one at mixed/mixed.go:8")
	require.NoError(t, os.Remove(filepath.Join(m.dir, "mixed/twin.go")))
	m.write(t, "cmd/twin.go", "package main\n\nimport \"example.com/g/other\"\n\nvar _ = other.Twin\n")
	r = m.run("build", "./...")
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "other/other.go:4: the gofail marker comment has the name of the one at mixed/mixed.go:8")
}

func TestTreesThatGofailHasRewrittenAreRefused(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "save/save.fail.go", "// GENERATED BY GOFAIL. DO NOT EDIT.\n\npackage save\n")
	r := m.run("build", "./save")
	require.Equal(t, ExitProblem, r.code)
	require.ErrorContains(t, r.err, "save/save.fail.go:1: gofail has rewritten this package in place")
}

func TestStrippedBuildsLeaveCommentMarkersComments(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	r := m.runCommand(Command{Verb: "run", Strip: true, Args: []string{"./cmd"}, Env: append(m.env, "GOFAIL_FAILPOINTS=saveError=return(\"x\")")})
	require.Equal(t, "<nil> 0\n<nil> 0\n", r.stdout, "%s", r)
}

// Looking for gofail's runtime under -mod=mod once wrote a newer gofail into the user's go.mod.
func TestLookingForGofailsRuntimeDoesNotRequireIt(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.publish(t, gofailModule, "v0.9.0", map[string]string{
		"go.mod": "module go.etcd.io/gofail\n\ngo 1.21\n", "runtime/r.go": "package runtime\n",
	})
	before := m.read(t, "go.mod")
	m.mustRun(t, "build", "-mod=mod", "./save")
	require.Equal(t, before, m.read(t, "go.mod"))
}
