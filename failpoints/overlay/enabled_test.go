// Names that are enabled and that no marker has.

package overlay

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEnvironmentThatEnablesNoMarkerIsAWrongCall(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	for variable, wants := range map[string]string{
		"GO_FAILPOINTS=example.com/g/mixed/pinf=panic":      `no marker of this build has that name; did you mean example.com/g/mixed/ping?`,
		"GO_FAILPOINTS=mixed/ping=panic":                    `did you mean example.com/g/mixed/ping?`,
		"GO_FAILPOINTS=example.com/g/mixed/other=panic":     `no marker of package example.com/g/mixed has that name`,
		"GO_FAILPOINTS=example.com/elsewhere/other=panic":   `no marker of this build has that name (racewindow failpoints ./cmd lists them)`,
		"GO_FAILPOINTS=comment=panic":                       `no marker of this build has that name (`, // a comment marker obeys the other variable
		"GOFAIL_FAILPOINTS=saveErorr=panic":                 `did you mean saveError?`,
		"GOFAIL_FAILPOINTS=comment=off;example.com/g=panic": `"example.com/g", and no marker`,
	} {
		r := m.runCommand(Command{Verb: "run", Args: []string{"./cmd"}, Env: append(m.env, variable)})
		require.Equal(t, ExitUsage, r.code, "%s\n%s", variable, r)
		require.ErrorContains(t, r.err, wants, variable)
		require.Empty(t, r.stdout, "the program ran")
	}
	r := m.runCommand(Command{Verb: "build", Args: []string{"-o", m.temp() + "/x", "./cmd"}, Env: append(m.env, "GOFAIL_FAILPOINTS=saveErorr=panic")})
	require.Zero(t, r.code, "the environment of a build is not that of its binary: %s", r)
	require.Contains(t, r.stderr, "did you mean saveError?")
}

func TestSourceThatEnablesNoMarkerIsWarnedOf(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "mixed/mixed_test.go", `package mixed

import (
	"testing"

	"github.com/pingcap/failpoint"
)

const prefix = "example.com/g/mixed/"

func TestBoth(t *testing.T) {
	failpoint.Enable(prefix+"ping", "return(1)")
	failpoint.Enable(prefix+"pong", "return(1)")
	failpoint.EnableCall("example.com/g/other/call", func() {})
}
`)
	r := m.mustRun(t, "test", "./mixed")
	require.Contains(t, r.stderr, `mixed/mixed_test.go:13: failpoint.Enable enables "example.com/g/mixed/pong", and no marker of this build has that name; did you mean example.com/g/mixed/ping?`)
	require.Contains(t, r.stderr, `mixed/mixed_test.go:14: failpoint.EnableCall enables "example.com/g/other/call", and no marker of this build`)
	require.NotContains(t, r.stderr, "mixed_test.go:12")
}

func TestComputedNamesAndOwnEvaluationsAreNoSlips(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "mixed/computed.go", "package mixed\n\nimport \"github.com/pingcap/failpoint\"\n\n"+
		"func Computed(name string) { failpoint.Inject(name, nil) }\n")
	r := m.runCommand(Command{Verb: "run", Args: []string{"./cmd"}, Env: append(m.env, "GO_FAILPOINTS=example.com/g/mixed/whatever=off")})
	require.Zero(t, r.code, "%s", r)
	require.Empty(t, r.stderr)
	m.write(t, "save/eval.go", "package save\n\nimport \"github.com/pingcap/failpoint\"\n\n"+
		"func Eval() { failpoint.Eval(\"some/where\") }\n")
	r = m.runCommand(Command{Verb: "run", Args: []string{"./cmd"}, Env: append(m.env, "GO_FAILPOINTS=some/where=off")})
	require.Zero(t, r.code, "%s", r)
	require.Contains(t, r.stderr, `GO_FAILPOINTS enables "some/where", and no marker of this build has that name`)
}

func TestResultsOfArmedTestsNeverComeFromTheCache(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "mixed/mixed_test.go", "package mixed\n\nimport \"testing\"\n\n"+
		"func TestBoth(t *testing.T) {\n\tif Both() != 0 {\n\t\tt.Error(\"armed\")\n\t}\n}\n")
	m.mustRun(t, "test", "./mixed")
	require.Contains(t, m.mustRun(t, "test", "./mixed").stdout, "(cached)", "the cache is off, and the test shows nothing")
	for _, armed := range []string{"GO_FAILPOINTS=example.com/g/mixed/ping=return(1)", "GOFAIL_FAILPOINTS=comment=return(1)"} {
		r := m.runCommand(Command{Verb: "test", Args: []string{"./mixed"}, Env: append(m.env, armed)})
		require.Equal(t, 1, r.code, "%s", r)
	}
}

func TestListNamesEveryMarkerWithItsPlace(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	m.write(t, "cmd/more.go", "package main\n\nimport \"github.com/pingcap/failpoint\"\n\nfunc more(name string) {\n"+
		"\tfailpoint.InjectCall(\"more\")\n\tfailpoint.Inject(name, nil)\n}\n")
	markers, err := List(t.Context(), Command{Dir: m.dir, Env: m.env, Args: []string{"./..."}})
	require.NoError(t, err)
	var got []Marker
	for _, found := range markers {
		found.path = ""
		got = append(got, found)
	}
	require.Equal(t, []Marker{
		{"main/more", KindInjectCall, "pingcap", "example.com/g/cmd", "cmd/more.go", 6, ""},
		{"", KindInject, "pingcap", "example.com/g/cmd", "cmd/more.go", 7, ""},
		{"example.com/g/mixed/ping", KindInject, "pingcap", "example.com/g/mixed", "mixed/mixed.go", 7, ""},
		{"comment", KindGofail, "gofail", "example.com/g/mixed", "mixed/mixed.go", 8, ""},
		{"saveError", KindGofail, "gofail", "example.com/g/save", "save/save.go", 7, ""},
		{"skipRow", KindGofail, "gofail", "example.com/g/save", "save/save.go", 18, ""},
		{"beforeWhere", KindGofail, "gofail", "example.com/g/save", "save/save.go", 27, ""},
		{"inTest", KindGofail, "gofail", "example.com/g/save", "save/save_test.go", 25, ""},
	}, got)
	_, err = List(t.Context(), Command{Dir: m.dir, Env: m.env, Args: []string{"./nothere"}})
	require.ErrorContains(t, err, "nothere")
	_, err = List(t.Context(), Command{Dir: m.dir, Env: m.env, Args: []string{"./nothere/..."}})
	require.ErrorContains(t, err, "nothere")
}

func TestBinaryComplainsOfNamesThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	m := unpack(t, "gofail")
	binary := m.temp() + "/cmd.bin"
	m.mustRun(t, "build", "-o", binary, "./cmd")
	for env, wants := range map[string]string{
		"GO_FAILPOINTS=example.com/g/mixed/ping=return(1)":  "",
		"GO_FAILPOINTS=example.com/g/mixed/pign=return(1)":  `racewindow: GO_FAILPOINTS enables "example.com/g/mixed/pign", and no marker of this binary has that name; did you mean example.com/g/mixed/ping?` + "\n",
		"GOFAIL_FAILPOINTS=comment=off;other=off":           `racewindow: GOFAIL_FAILPOINTS enables "other", and no marker of this binary has that name` + "\n",
		"GOFAIL_FAILPOINTS=comment=off;saveError=sleep(1);": "",
	} {
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), env)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		require.NoError(t, cmd.Run())
		require.Equal(t, wants, stderr.String(), env)
	}
}
