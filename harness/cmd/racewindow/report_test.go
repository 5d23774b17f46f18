package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const staleCase = "v1 scenario=log handover=stale; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"

// What explore leaves in a folder can be rendered in each form, and so can the case itself.
func TestReportRendersWhatExploreFoundAndACase(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	folder := t.TempDir()
	code, _, stderr := command(t, "explore", "--handover", "stale", "--program", "w0: append 1, flush; r0: read - end", "--seed", "1", "--out", folder)
	require.Equal(t, exitViolated, code, stderr)
	found := func(pattern string) string {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		require.NoError(t, err)
		require.Len(t, files, 1, pattern)
		return files[0]
	}
	require.FileExists(t, found("report-*.html"))
	for _, source := range []string{found("report-*.json"), found("found-*.case"), staleCase} {
		for format, begin := range map[string]string{
			"text": "FAIL ReadAfterWrite", "html": "<!doctype html>", "json": "{", "junit": "<?xml", "markdown": "### FAIL ReadAfterWrite",
			"svg": "<svg", "gotest": "// Written by",
		} {
			code, stdout, stderr := command(t, "report", source, "--format", format)
			require.Equal(t, exitHeld, code, "%s of %s: %s", format, source, stderr)
			require.True(t, strings.HasPrefix(stdout, begin), "%s of %s: %.100q", format, source, stdout)
			switch format {
			case "json":
				require.True(t, json.Valid([]byte(stdout)))
			case "junit", "svg":
				require.NoError(t, xml.Unmarshal([]byte(stdout), new(struct{ XMLName xml.Name })))
			}
		}
	}
}

func TestReportOfACaseCanShrinkIt(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, stderr := command(t, "report", "--shrink", "v1 scenario=log handover=stale; w0: append 2, flush, append 1; r0: read - end")
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, stdout, "needed: all schedules hold without thread w0")
	code, _, stderr = command(t, "report", "--shrink", "v1 scenario=log handover=snapshot; w0: append 1; r0: read - end")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "there is nothing to shrink")
}

// --shrink of a report was ignored: it was rendered as it lay there.
func TestReportOfAReportShrinksTheCaseThatItHolds(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	name := filepath.Join(t.TempDir(), "report.json")
	large := "v1 scenario=log handover=stale; w0: append 2, flush, append 1; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"
	code, _, stderr := command(t, "report", large, "--format", "json", "-o", name)
	require.Equal(t, exitHeld, code, stderr)
	code, stdout, stderr := command(t, "report", name)
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, stdout, "append 2, flush, append 1;", "as it is")
	code, stdout, stderr = command(t, "report", name, "--shrink")
	require.Equal(t, exitHeld, code, stderr)
	require.Contains(t, stdout, "handover=stale; w0: append 1, flush; r0: read - end; @")
	require.Contains(t, stdout, "needed: all schedules hold without thread w0")

	content, err := os.ReadFile(name)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(content, &fields))
	fields["case"] = "a@x#1>b" // as of a test in Go
	content, err = json.Marshal(fields)
	require.NoError(t, err)
	other := filepath.Join(t.TempDir(), "go.json")
	require.NoError(t, os.WriteFile(other, content, 0o600))
	code, _, stderr = command(t, "report", other, "--shrink")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "--shrink: the case in "+other+" cannot be executed")
}

func TestReportOfACaseThatHoldsSaysSo(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	code, stdout, _ := command(t, "report", strings.Replace(staleCase, "stale", "snapshot", 1))
	require.Equal(t, exitHeld, code)
	require.Contains(t, stdout, "PASS\n     every promise held")
}

func TestReportRefusesWithTwoWhatItCannotRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	other := filepath.Join(folder, "other.json")
	require.NoError(t, os.WriteFile(other, []byte(`{"schema":"racewindow-report/9","verdict":"held"}`), 0o600))
	empty := filepath.Join(folder, "empty.case")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, c := range []struct {
		message   string
		arguments []string
	}{
		{"0 arguments", nil},
		{"3 arguments", []string{other, other, other}},
		{"no-such-file", []string{"no-such-file"}},
		{"use the racewindow that wrote it", []string{other}},
		{"empty.case", []string{empty}},
		{"choose one of text, html, json", []string{"--format", "pdf", other}},
		{"not a case", []string{"v1 scenario=log"}},
		{"the case has delays", []string{lost}},
	} {
		code, _, stderr := command(t, append([]string{"report"}, c.arguments...)...)
		require.Equal(t, exitUsage, code, "%v: %s", c.arguments, stderr)
		require.Contains(t, stderr, c.message)
		require.Contains(t, stderr, "report --help")
	}
}

// The Go test must compile in somebody else's module, and fail there for as long as the bug is there.
func TestTheGoTestFailsInAModuleOfItsOwn(t *testing.T) {
	requireInstrumented(t)
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	for _, c := range []struct {
		handover string
		code     int
		out      string
	}{{"stale", 1, "transaction 1 missing"}, {"snapshot", 0, "ok"}} {
		folder := t.TempDir()
		text := strings.Replace(staleCase, "stale", c.handover, 1)
		code, stdout, stderr := command(t, "report", text, "--format", "gotest", "-o", filepath.Join(folder, "lost_test.go"))
		require.Equal(t, exitHeld, code, "%s%s", stdout, stderr)
		module, err := os.ReadFile(filepath.Join(root, "go.mod"))
		require.NoError(t, err)
		sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
		require.NoError(t, err)
		requires := string(module[strings.Index(string(module), "require ("):])
		require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example.com/user\n\ngo 1.26.0\n\n"+
			"require github.com/racewindow/racewindow v0.0.0\n\nreplace github.com/racewindow/racewindow => "+root+"\n\n"+requires), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600))
		t.Setenv("GOFLAGS", "-mod=mod")
		t.Setenv("GOWORK", "off")
		code, stdout, stderr = instrumented(t, "test", "-C", folder, "--include", "github.com/racewindow/racewindow", "./...")
		require.Equal(t, c.code, code, "%s%s", stdout, stderr)
		require.Contains(t, stdout, c.out)
	}
}
