// Outputs that are not ordinary files.

//go:build unix

package overlay

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProfileOnStandardOutputComesAfterWhatTheGoCommandSays(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	require.NoError(t, os.Symlink("/dev/stdout", filepath.Join(m.dir, "link")))
	for _, name := range []string{"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"} {
		r := m.mustRun(t, "test", "-coverprofile", name, ".")
		require.Regexp(t, `^ok  \texample.com/own\t[^\n]*coverage: 66.7% of statements\nmode: set\n(example.com/own/c.go:\S+ \d \d\n){3}$`, r.stdout, name)
	}
	r := m.mustRun(t, "test", "-coverprofile=/dev/stderr", ".")
	require.Regexp(t, `^mode: set\n`, r.stderr)
	r = m.runCommand(Command{Verb: "test", Args: []string{"."}, Env: append(m.env, "GOFLAGS=-mod=readonly -coverprofile=/dev/stdout")})
	require.Contains(t, r.stdout, "mode: set\nexample.com", "a flag of GOFLAGS is a flag too")
	r = m.mustRun(t, "test", "-c", "-o=/dev/stdout", ".")
	require.True(t, strings.HasPrefix(r.stdout, "\x7fELF") || len(r.stdout) > 1<<20, "the program is on standard output")
	m.requireClean(t)
}

func TestEveryKindOfProfileGoesThroughAPipe(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	pipe := filepath.Join(m.dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, flag := range []string{"blockprofile", "coverprofile", "cpuprofile", "memprofile", "mutexprofile", "trace"} {
		read := make(chan int)
		go func() {
			text, _ := os.ReadFile(pipe)
			read <- len(text)
		}()
		m.mustRun(t, "test", "-"+flag+"=pipe", ".")
		require.NotZero(t, <-read, flag)
	}
}

func TestAnOutputThatCannotBeWrittenIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	m := withCoverage(t)
	folder, err := os.MkdirTemp("", "s") // a socket's name is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, "s"))
	require.NoError(t, err)
	defer listener.Close()
	for name, want := range map[string]string{
		"/dev/stdin":                 "standard input cannot be written to",
		"/dev/fd/987":                "descriptor 987 is not open for writing",
		filepath.Join(folder, "s"):   "it is a socket",
		fmt.Sprintf("/dev/fd/%d", 3): "not open for writing",
	} {
		r := m.run("test", "-coverprofile="+name, ".")
		require.Equal(t, ExitUsage, r.code, "%s", r)
		require.ErrorContains(t, r.err, "-coverprofile "+name)
		require.ErrorContains(t, r.err, want)
		require.Empty(t, r.stdout)
	}
	m.requireClean(t)
}

func TestAFlagIsRedirectedWhereverItStands(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"-v -coverprofile a ./p":                     "-v -coverprofile=X ./p",
		"./p --coverprofile=a -v":                    "./p -coverprofile=X -v",
		"-run coverprofile -test.coverprofile=a ./p": "-run coverprofile -coverprofile=X ./p",
		"./p -args -coverprofile=a":                  "-coverprofile=X ./p -args -coverprofile=a",
	} {
		inv, err := parseInvocation("test", strings.Fields(line))
		require.NoError(t, err)
		inv.redirect("coverprofile", "X")
		require.Equal(t, want, strings.Join(append(append(inv.before, inv.packages...), inv.after...), " "), line)
	}
}
