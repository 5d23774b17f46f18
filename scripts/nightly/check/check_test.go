package check

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return content
}

func lint(t *testing.T, content []byte) (problems []string) {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	found, err := linter.Lint(".github/workflows/nightly.yml", content, nil)
	require.NoError(t, err)
	for _, p := range found {
		problems = append(problems, p.Error())
	}
	return problems
}

func TestTheWorkflowIsOne(t *testing.T) {
	t.Parallel()
	content := read(t, "workflow.yml")
	require.Empty(t, lint(t, content))
	broken := bytes.Replace(content, []byte("matrix.shard }}/4"), []byte("matrix.shart }}/4"), 1)
	require.NotEqual(t, content, broken)
	require.NotEmpty(t, lint(t, broken), "the linter sees a matrix value that there is not")
}

// The workflow must use the names that the project uses.
func TestTheWorkflowCallsWhatThereIs(t *testing.T) {
	t.Parallel()
	content := string(read(t, "workflow.yml"))
	makefile, err := os.ReadFile(filepath.Join("..", "..", "..", "Makefile"))
	require.NoError(t, err)
	for _, target := range []string{"build", "bin/racewindow-race", "bin/properties-race.test"} {
		require.Contains(t, content, target)
		require.Contains(t, string(makefile), "\n"+target+":")
	}
	require.Contains(t, content, "bash scripts/nightly/issues.sh")
}

// A table that no job measures again would go stale unseen.
func TestTheWorkflowMeasuresEveryTableThatCIDoesNot(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "..")
	_, job, _ := strings.Cut(string(read(t, "workflow.yml")), "\n  tables:\n")
	job, _, _ = strings.Cut(job, "\n    name:")
	jobs := regexp.MustCompile(`(?m)^          - (.*)$`).FindAllStringSubmatch(job, -1)
	ci, err := os.ReadFile(filepath.Join(root, ".ci", "run"))
	require.NoError(t, err)
	measured := map[string]bool{
		"racewindow": true, // its command names the page: a test of the command holds the table
		// The figures of these depend on time and on the machine: a test of the command holds the rows.
		"pushbutton": true, "bench-explore": true,
	}
	for _, line := range regexp.MustCompile(`(?m)^make ([a-z-]+)\n`).FindAllStringSubmatch(string(ci), -1) {
		measured[line[1]] = true
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for _, job := range jobs {
		target, _, _ := strings.Cut(job[1], " ")
		measured[target] = true
		require.Contains(t, string(makefile), "\n"+target+":")
	}
	tables := 0
	err = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".md") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, mark := range regexp.MustCompile(`<!-- begin: (?:make )?([a-z-]+)`).FindAllSubmatch(text, -1) {
			tables++
			require.True(t, measured[string(mark[1])], "%s: nothing measures what 'make %s' has put there", path, mark[1])
		}
		return err
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, tables, 8)
}

func TestTheWorkflowHasEveryKindOfRound(t *testing.T) {
	t.Parallel()
	command, err := os.ReadFile(filepath.Join("..", "..", "..", "harness", "cmd", "racewindow", "soak_kinds.go"))
	require.NoError(t, err)
	kinds := regexp.MustCompile(`\n\t{"([a-z]+)", `).FindAllStringSubmatch(string(command), -1)
	require.GreaterOrEqual(t, len(kinds), 8)
	content := string(read(t, "workflow.yml"))
	matrix := regexp.MustCompile(`kinds: \[(.*)\]`).FindStringSubmatch(content)
	require.NotNil(t, matrix)
	for _, kind := range kinds {
		require.Regexp(t, `\b`+kind[1]+`\b`, matrix[1])
	}
	for _, mix := range regexp.MustCompile(`"[a-z,]+"`).FindAllString(matrix[1], -1) {
		require.Contains(t, content, "- kinds: "+mix, "it needs a name and a seed")
	}
}

// A night that found something ends with a failed step. Its state is saved nevertheless.
func TestTheWorkflowKeepsWhatABadNightLearned(t *testing.T) {
	t.Parallel()
	content := string(read(t, "workflow.yml"))
	require.NotContains(t, content, "actions/cache@", "it saves after a success only")
	require.Regexp(t, `if: always\(\)\n\s+uses: actions/cache/save@v4`, content)
}

func decode(content []byte) (batchv1.Job, error) {
	var job batchv1.Job
	return job, yaml.UnmarshalStrict(content, &job)
}

func TestTheJobIsOneOfItsKind(t *testing.T) {
	t.Parallel()
	content := read(t, "job.yaml")
	job, err := decode(content)
	require.NoError(t, err)
	require.Equal(t, "batch/v1 Job", job.APIVersion+" "+job.Kind)
	require.Equal(t, batchv1.IndexedCompletion, *job.Spec.CompletionMode)
	require.Equal(t, *job.Spec.Completions, *job.Spec.Parallelism, "every shard at once")
	require.LessOrEqual(t, *job.Spec.MaxFailedIndexes, *job.Spec.Completions)
	pod := job.Spec.Template.Spec
	require.EqualValues(t, "Never", pod.RestartPolicy, "a pod failure policy needs it")
	arguments := strings.Join(pod.Containers[0].Args, " ")
	require.Contains(t, arguments, "--shard=$(JOB_COMPLETION_INDEX)/8")
	require.EqualValues(t, 8, *job.Spec.Completions, "as many as --shard says")
	mounted := map[string]bool{}
	for _, v := range pod.Volumes {
		mounted[v.Name] = true
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		require.True(t, mounted[m.Name], m.Name)
	}
	rules := job.Spec.PodFailurePolicy.Rules
	require.Len(t, rules, 2)
	require.EqualValues(t, "DisruptionTarget", rules[0].OnPodConditions[0].Type, "before the exit codes: told to end early, a campaign ends with 3")
	require.Equal(t, pod.Containers[0].Name, *rules[1].OnExitCodes.ContainerName)

	_, err = decode(bytes.Replace(content, []byte("completionMode:"), []byte("completionMood:"), 1))
	require.ErrorContains(t, err, "completionMood", "a wrong field is seen")
}

// requireJQ skips a test of the script where jq is not, but never in CI.
func requireJQ(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("needs jq: apt-get install jq")
		}
		t.Skip("needs jq")
	}
}

// The script that opens issues is executed with a gh that only records its arguments.
func TestAFindingOpensAnIssueOrTellsTheOneThereIs(t *testing.T) {
	t.Parallel()
	requireJQ(t)
	folder, bin := t.TempDir(), t.TempDir()
	summary, err := json.Marshal(map[string]any{"state": map[string]any{"findings": map[string]any{
		"0123abcd":         map[string]any{"fingerprint": "0123abcd", "class": "ReadAfterWrite/empty", "detail": "missing 1.0", "count": 3, "rounds": 2, "round": "v1 kind=explore"},
		"4567abcd":         map[string]any{"fingerprint": "4567abcd", "class": "known $(touch pwned)", "detail": "again", "count": 1, "rounds": 1, "round": "v1 kind=corpus", "case": "v1 scenario=log; w0: append 1"},
		"89ababcd":         map[string]any{"fingerprint": "89ababcd", "class": "fixed", "gone": true},
		"../../etc/passwd": map[string]any{"fingerprint": "../../etc/passwd", "class": "evil"},
	}}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "summary.json"), summary, 0o666))
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "findings", "0123abcd"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "findings", "0123abcd", "report.md"), []byte("the report"), 0o666))
	gh := "#!/bin/sh\n" + `
echo "$@" >> "$GH_LOG"
case "$*" in
*"issue list"*4567abcd*) echo 12;;
*body-file*) while [ $# -gt 0 ]; do [ "$1" = --body-file ] && cat "$2" >> "$GH_LOG"; shift; done;;
esac
`
	syscall.ForkLock.RLock() // a child that another test starts now would keep the file open: "text file busy"
	err = os.WriteFile(filepath.Join(bin, "gh"), []byte(gh), 0o755)
	syscall.ForkLock.RUnlock()
	require.NoError(t, err)
	log := filepath.Join(t.TempDir(), "log")
	command := exec.Command("bash", "../issues.sh", folder)
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "GH_LOG="+log, "RUN_URL=https://example.org/run/1")
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	content, err := os.ReadFile(log)
	require.NoError(t, err)
	for _, word := range []string{
		"issue create --title soak 0123abcd: ReadAfterWrite/empty", "the report", "Seen 3 times in 2 rounds", "racewindow soak --round 'v1 kind=explore'", "https://example.org/run/1",
		"issue comment 12", "again", "racewindow replay 'v1 scenario=log; w0: append 1'",
	} {
		require.Contains(t, string(content), word)
	}
	require.NotContains(t, string(content), "passwd")
	require.NotContains(t, string(content), "89ababcd")
	require.NoFileExists(t, "pwned")

	failed := exec.Command("bash", "../issues.sh", t.TempDir())
	require.Error(t, failed.Run(), "without a summary nothing was shown")
}

func TestANightWithoutAFindingOpensNothing(t *testing.T) {
	t.Parallel()
	requireJQ(t)
	for _, findings := range []string{`{}`, `null`, `{"89ababcd": {"fingerprint": "89ababcd", "gone": true}}`} {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "summary.json"), []byte(`{"state": {"findings": `+findings+`}}`), 0o666))
		command := exec.Command("bash", "../issues.sh", folder)
		command.Env = []string{"PATH=" + os.Getenv("PATH"), "GH_TOKEN="}
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s: %s", findings, output)
		require.Empty(t, string(output), "nobody was asked")
	}
}
