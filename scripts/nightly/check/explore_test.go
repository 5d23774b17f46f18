package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// exploring is the workflow that a stranger copies.
const exploring = "../workflow/explore.yml"

// A workflow holds the parts of a workflow file that these tests read.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			ID   string            `json:"id"`
			Name string            `json:"name"`
			Run  string            `json:"run"`
			Uses string            `json:"uses"`
			With map[string]string `json:"with"`
		} `json:"steps"`
	} `json:"jobs"`
}

func TestTheWorkflowOfAStrangerIsOne(t *testing.T) {
	t.Parallel()
	content := read(t, exploring)
	require.Empty(t, lint(t, content))
	broken := bytes.Replace(content, []byte("steps.runtime.outputs.key"), []byte("steps.rantime.outputs.key"), 1)
	require.NotEqual(t, content, broken)
	require.NotEmpty(t, lint(t, broken), "the linter sees a step that there is not")
}

// Its commands, except the installation, are executed unchanged on a module with a bug.
func TestTheWorkflowOfAStrangerFindsKeepsAndTells(t *testing.T) {
	t.Parallel()
	requireJQ(t)
	var w workflow
	require.NoError(t, yaml.Unmarshal(read(t, exploring), &w))
	bin, temp, module := t.TempDir(), t.TempDir(), t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "racewindow"), "./harness/cmd/racewindow")
	build.Dir = filepath.Join("..", "..", "..")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	require.NoError(t, os.WriteFile(filepath.Join(module, "go.mod"), []byte("module example.com/m\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(module, "m_test.go"), []byte(lost), 0o644))
	outputs, summary := filepath.Join(temp, "outputs"), filepath.Join(temp, "summary")
	run := func(script string) (code int, said string) {
		command := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
		command.Dir = module
		command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "RUNNER_TEMP="+temp, "GITHUB_ACTIONS=true", "GITHUB_OUTPUT="+outputs, "GITHUB_STEP_SUMMARY="+summary)
		text, err := command.CombinedOutput()
		if err != nil {
			require.IsType(t, &exec.ExitError{}, err)
		}
		return command.ProcessState.ExitCode(), string(text)
	}
	ran := 0
	for _, step := range w.Jobs["explore"].Steps {
		switch {
		case step.Run == "", step.Name == "racewindow":
		case step.ID == "runtime":
			ran++
			code, said := run(step.Run)
			if code == 3 && os.Getenv("CI") == "" {
				t.Skip("plain tests cannot be explored here: " + said)
			}
			require.Zero(t, code, said)
			content, err := os.ReadFile(outputs)
			require.NoError(t, err)
			require.Regexp(t, `(?m)^key=go1\S+$\n^folder=/\S+$`, string(content))
		default:
			ran++
			script := strings.Replace(step.Run, "--budget 5m", "--schedules 100", 1)
			require.NotEqual(t, step.Run, script)
			code, said := run(script)
			require.Equal(t, 1, code, said)
			require.Contains(t, said, "::error file=m_test.go,line=")
		}
	}
	require.Equal(t, 2, ran)
	requireTold(t, filepath.Join(temp, "found"), summary)
}

// requireTold checks what the workflow uploads.
func requireTold(t *testing.T, found, summary string) {
	t.Helper()
	content, err := os.ReadFile(summary)
	require.NoError(t, err)
	require.Contains(t, string(content), "TestLost")
	content, err = os.ReadFile(filepath.Join(found, "findings.sarif"))
	require.NoError(t, err)
	var sarif struct {
		Runs []struct {
			Results []json.RawMessage `json:"results"`
		} `json:"runs"`
	}
	require.NoError(t, json.Unmarshal(content, &sarif))
	require.Len(t, sarif.Runs, 1)
	require.Len(t, sarif.Runs[0].Results, 1)
	content, err = os.ReadFile(filepath.Join(found, "junit.xml"))
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(content, &struct{ XMLName xml.Name }{}))
	require.Contains(t, string(content), "<failure")
	pages, err := filepath.Glob(filepath.Join(found, "reports", "*.html"))
	require.NoError(t, err)
	require.Len(t, pages, 1)
}

// The folder that is cached must be the one from which the key was made. It must be saved after a run that found something, too.
func TestTheWorkflowOfAStrangerKeepsTheStandardLibrary(t *testing.T) {
	t.Parallel()
	content := string(read(t, exploring))
	require.NotContains(t, content, "actions/cache@", "it saves after a success only")
	require.Equal(t, 2, strings.Count(content, "path: ${{ steps.runtime.outputs.folder }}\n          key: racewindow-${{ steps.runtime.outputs.key }}\n"))
	require.Regexp(t, `if: always\(\) && .*\n\s+uses: actions/cache/save@v4`, content)
}

const lost = `package m

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestLost(t *testing.T) {
	var n atomic.Int32
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { n.Store(n.Load() + 1) })
	}
	wg.Wait()
	if n.Load() != 2 {
		t.Errorf("%d of 2", n.Load())
	}
}
`
