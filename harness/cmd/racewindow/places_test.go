//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Every command finds out before it begins that its results cannot be written, and makes nothing for that.
func TestPlacesThatCannotBeWrittenEndWithTwo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, missing := filepath.Join(folder, "file"), filepath.Join(folder, "missing", "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	const held = "v1 scenario=log handover=snapshot; w0: append 1"
	for _, args := range [][]string{
		{"explore", "--json", missing},
		{"explore", "--json", folder},
		{"explore", "--out", file},
		{"explore", "--out", filepath.Join(file, "below")},
		{"verify", "--json", missing},
		{"report", held, "-o", missing},
		{"report", held, "-o", folder},
		{"failpoints", "--json", missing},
		{"stress", "--json", missing},
		{"stress", "--out", file},
		{"stress", "--crash", "--json", missing},
		{"stress", "--crash", "--out", file},
		{"kill", "--json", missing},
		{"kill", "--out", file},
		{"soak", "--out", file},
		{"soak", "--round", "v1 kind=explore variant=snapshot number=1 seed=1 for=1s", "--result", missing},
		{"soak", "merge", folder, "--out", file},
	} {
		code, stdout, stderr := command(t, args...)
		require.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		require.Regexp(t, `--(json|out|result): .*cannot be written`, stderr, "%v", args)
		require.Empty(t, stdout, "%v", args)
	}
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing was made: %v", entries)
}

func TestAReportDoesNotTakeThePlaceOfItsCase(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.case")
	require.NoError(t, os.WriteFile(file, []byte(staleCase), 0o666))
	code, _, stderr := command(t, "report", file, "-o", file)
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "this file is read")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, staleCase, string(text))
}

func TestAPipeIsWrittenToByACommand(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	read := make(chan string)
	go func() {
		text, _ := os.ReadFile(pipe)
		read <- string(text)
	}()
	code, _, stderr := command(t, "failpoints", "--json", pipe)
	require.Equal(t, exitHeld, code, stderr)
	require.True(t, strings.HasPrefix(<-read, "["))
	info, err := os.Lstat(pipe)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeNamedPipe)
}

// What could not be printed is no pass, and what was found is found all the same.
func TestAFullStandardOutputIsAnError(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	name := filepath.Join(t.TempDir(), "full")
	if err := unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 7))); err != nil {
		t.Skipf("no device can be made here: %v", err)
	}
	full, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("a device that was made cannot be opened here: %v", err)
	}
	defer full.Close()
	for _, c := range []struct {
		code int
		args []string
	}{
		{exitFailed, []string{"--help"}},
		{exitFailed, []string{"failpoints"}},
		{exitFailed, []string{"failpoints", "--json", "-"}},
		{exitFailed, []string{"explore", "--schedules", "20"}},
		{exitFailed, []string{"explore", "--schedules", "20", "--json", "-"}},
		{exitFailed, []string{"replay", "v1 scenario=log handover=snapshot; w0: append 1"}},
		{exitFailed, []string{"report", "v1 scenario=log handover=snapshot; w0: append 1"}},
		{exitViolated, []string{"replay", staleCase}},
		{exitViolated, []string{"explore", "--handover", "stale", "--program", staleProgram, "--seed", "1"}},
	} {
		process := exec.Command(os.Args[0], c.args...)
		process.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0")
		var said strings.Builder
		process.Stdout, process.Stderr = full, &said
		_ = process.Run()
		require.Equal(t, c.code, process.ProcessState.ExitCode(), "%v: %s", c.args, said.String())
		require.Contains(t, said.String(), "no space left on device", "%v", c.args)
	}
}

// On a terminal one line is rewritten in place, from the canary on, fits its width, and is gone at the end.
func TestProgressOnATerminal(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	const width = 40
	process := exec.Command(os.Args[0], "explore", "--budget", "3s", "--workers", "1")
	process.Env = append(os.Environ(), commandVariable+"=1", "GORACE=atexit_sleep_ms=0", "NO_COLOR=1")
	terminal, err := pty.StartWithSize(process, &pty.Winsize{Rows: 24, Cols: width})
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	defer terminal.Close()
	var all strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := terminal.Read(buffer)
		all.Write(buffer[:n])
		if err != nil {
			break // the process has ended
		}
	}
	_ = process.Wait()
	require.Equal(t, exitHeld, process.ProcessState.ExitCode(), all.String())
	const erase = "\x1b[K"
	shown := strings.Split(all.String(), "\r")
	lines := 0
	for _, line := range shown {
		if text, isLine := strings.CutSuffix(line, erase); isLine {
			require.Less(t, len([]rune(text)), width, text)
			lines++
		}
	}
	require.Greater(t, lines, 3, "%q", all.String())
	require.Regexp(t, `explore: \d+ s, `, all.String())
	require.Contains(t, all.String(), "\r"+erase+"held: ", "the line is gone at the end")
}
