// Stripped builds: neither the markers nor what pingcap's package brings.

package overlay

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStrippedBinaryLinksNoFailpointPackageAndObeysNoEnvironment(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	// This main package does not use the network itself. If net/http is linked, pingcap's package has brought it.
	before := m.hash(t)
	binary := filepath.Join(m.temp(), "b.bin")
	r := m.runCommand(Command{Verb: "build", Strip: true, Args: []string{"-o", binary, "./cmd/b"}})
	require.Zero(t, r.code, "%s", r)
	require.Empty(t, r.stderr)
	require.Equal(t, before, m.hash(t), "the source tree was touched")

	modules, err := exec.Command("go", "version", "-m", binary).Output()
	require.NoError(t, err)
	require.NotContains(t, string(modules), "pingcap")
	symbols, err := exec.Command("go", "tool", "nm", binary).Output()
	require.NoError(t, err)
	require.Contains(t, string(symbols), "main.main", "the symbols say nothing")
	require.NotContains(t, string(symbols), "pingcap/failpoint")
	require.NotContains(t, string(symbols), "net/http")

	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), "GO_FAILPOINTS=this is bad")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "a bad GO_FAILPOINTS ended the process: %s", out)
	require.Equal(t, "b 0\n", string(out))
}

func TestStrippedBinaryOpensNoPort(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	for strip, opens := range map[bool]string{true: "dialled false", false: "dialled true"} {
		env := append(m.env, "GO_FAILPOINTS_HTTP="+address, "DIAL="+address)
		binary := filepath.Join(m.temp(), "a.bin")
		r := m.runCommand(Command{Verb: "build", Strip: strip, Args: []string{"-o", binary, "./cmd/a"}})
		require.Zero(t, r.code, "%s", r)
		cmd := exec.Command(binary)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		require.NoError(t, err)
		require.Contains(t, string(out), opens, "strip %v", strip)
	}
}

func TestStripKeepsVariablesAndImportsOfMarkersUsed(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "only/only.go", `package only

import (
	"fmt"
	"os"
	str "strings"

	"github.com/pingcap/failpoint"
	"github.com/pingcap/errors"
)

func F(param int, x any) (result error) {
	only, both := 1, 2
	var declared string
	failpoint.Inject("a", func(val failpoint.Value) {
		inside := only
		fmt.Println(inside, declared, param, str.ToUpper("x"), val)
		failpoint.Return(errors.New("b"))
	})
	failpoint.InjectCall("b", both, os.Args)
	switch v := x.(type) {
	case int:
		failpoint.InjectCall("c", v)
	}
	for i := range 3 {
		failpoint.InjectCall("d", i)
	}
	if e, ok := x.(error); ok {
		failpoint.InjectCall("e", e)
	}
end:
	failpoint.InjectCall("f", func() { goto inner; inner: })
	if param > 3 {
		goto end
	}
	return nil
}
`)
	m.write(t, "only/only_test.go", "package only\n\nimport \"testing\"\nimport \"github.com/pingcap/failpoint\"\n\n"+
		"func TestStripped(t *testing.T) {\n\tfailpoint.Enable(\"example.com/m/only/a\", \"return\")\n"+
		"\tif F(0, 1) != nil {\n\t\tt.Error(\"fired\")\n\t}\n}\n")
	r := m.runCommand(Command{Verb: "test", Strip: true, Args: []string{"-v", "./only"}})
	require.Zero(t, r.code, "%s", r)
	require.Contains(t, r.stdout, "--- PASS: TestStripped")
}

func TestStripRefusesWhatWouldStillLinkThePackage(t *testing.T) {
	t.Parallel()
	m := unpack(t, "pingcap")
	m.write(t, "uses/uses.go", "package uses\n\nimport \"github.com/pingcap/failpoint\"\n\nvar Enable = failpoint.Enable\n")
	r := m.runCommand(Command{Verb: "build", Strip: true, Args: []string{"./uses"}})
	require.Equal(t, ExitProblem, r.code, "%s", r)
	require.ErrorContains(t, r.err, "uses/uses.go:5: failpoint.Enable is no marker, so the import of github.com/pingcap/failpoint cannot be stripped")
}
