// What the tests of whole builds share: modules unpacked from testdata/modules, and Run with its output kept.

package overlay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// A module is one unpacked module that a test may build.
type module struct {
	dir string
	env []string
}

// unpack writes a module of testdata to a folder of the test's own, ready to be built without a network.
func unpack(t *testing.T, name string) *module {
	t.Helper()
	if testing.Short() {
		t.Skip("builds modules with the go command; tests without -short do, as make test does")
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "modules", name+".txtar"))
	require.NoError(t, err)
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	m := &module{dir: dir}
	for _, f := range archive.Files {
		m.write(t, f.Name, strings.ReplaceAll(string(f.Data), "REPOSITORY", repository))
	}
	sums, err := os.ReadFile(filepath.Join(repository, "go.sum"))
	require.NoError(t, err)
	m.write(t, "go.sum", string(sums))
	// A temporary folder of the module's own shows whether anything is left behind.
	require.NoError(t, os.Mkdir(m.temp(), 0o755))
	m.env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off", "GOPROXY=off", "TMPDIR="+m.temp())
	return m
}

func (m *module) temp() string { return filepath.Join(m.dir, "_temp") }

func (m *module) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func (m *module) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}

// A result is what one Run did.
type result struct {
	code           int
	err            error
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d, error %v\n%s\n%s", r.code, r.err, r.stdout, r.stderr)
}

func (m *module) run(verb string, args ...string) result {
	return m.runCommand(Command{Verb: verb, Args: args})
}

func (m *module) runCommand(c Command) result {
	var stdout, stderr bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = m.dir, &stdout, &stderr
	if c.Env == nil {
		c.Env = m.env
	}
	code, err := Run(context.Background(), c)
	return result{code, err, stdout.String(), stderr.String()}
}

// mustRun is run, and requires success.
func (m *module) mustRun(t *testing.T, verb string, args ...string) result {
	t.Helper()
	r := m.run(verb, args...)
	require.NoError(t, r.err, "%s", r)
	require.Zero(t, r.code, "%s", r)
	return r
}

// hash is a digest of every file of the source tree, names included.
func (m *module) hash(t *testing.T) string {
	t.Helper()
	digest := sha256.New()
	err := filepath.WalkDir(m.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == m.temp() {
			return filepath.SkipDir
		}
		fmt.Fprintln(digest, path)
		if entry.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		digest.Write(text)
		return err
	})
	require.NoError(t, err)
	return fmt.Sprintf("%x", digest.Sum(nil))
}

// requireClean requires that racewindow has left nothing in the temporary folder.
func (m *module) requireClean(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(m.temp(), "racewindow-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}
