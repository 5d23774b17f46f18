package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// losingTest is a plain test that loses power: it sets the number twice, beside a goroutine that reads it.
const losingTest = `package tally_test

import (
	"fmt"
	"testing"

	"github.com/racewindow/racewindow/harness"
	tally "strange.example/counting"
)

func TestKept(t *testing.T) {
	dir := t.TempDir()
	durable := harness.LosePower(t, dir, func(dir string, durable []string) error {
		kept, err := tally.New(dir)
		if err == nil && len(durable) > 0 && kept.Get() < durable[len(durable)-1] {
			err = fmt.Errorf("%q is there, and not %q", kept.Get(), durable[len(durable)-1])
		}
		return err
	})
	counter, err := tally.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() { read <- counter.Get() }()
	for n := uint8(1); n <= 2; n++ {
		if err := counter.Set(n); err != nil {
			t.Fatal(err)
		}
		durable(fmt.Sprint(n))
	}
	<-read
}

func TestOther(t *testing.T) { t.Error("not meant") }
`

func TestAPlainTestLosesPowerInItsFolder(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	writeFile(t, folder, "tally_test.go", losingTest)
	search := []string{"crash", "--schedules", "30", "--seed", "1", "--json", "found.json", "."}
	code, output := commandIn(t, folder, search...)
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "held: TestKept: 30 schedules")
	require.Contains(t, output, "power: TestKept lost it after each of up to 10 operations in each schedule, and recovered from up to ")
	require.NotContains(t, output, "TestOther")

	for change, without := range map[string]string{"\treturn t.settle()\n": "\treturn nil\n", "syscall.Fdatasync(int(f.Fd()))": "error(nil)"} {
		broken := strings.Replace(fileCounter, change, without, 1)
		if !strings.Contains(broken, "syscall.") {
			broken = strings.Replace(broken, "\t\"syscall\"\n", "", 1)
		}
		writeFile(t, folder, "tally.go", broken)
		require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
		code, output := commandIn(t, folder, search...)
		require.Equal(t, exitViolated, code, output)
		require.Regexp(t, `after a loss of power that came after [a-z]+ [.\w]* ?\(operation \d+ of \d+ that\s+change the folder\)\s+and\s+left\s+(nothing|tally)`, output)
		require.Contains(t, output, "replayed 5 of 5 times")
		content, err := os.ReadFile(filepath.Join(folder, "found.json"))
		require.NoError(t, err)
		var told []struct{ Case string }
		require.NoError(t, json.Unmarshal(content, &told))
		code, output = commandIn(t, folder, "replay", "--times", "3", told[0].Case, ".")
		require.Equal(t, exitViolated, code, output)
		require.Contains(t, output, "failed 3 of 3 times")
	}
}

func TestATestThatCanLoseNothingSaysSo(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	for says, change := range map[string][2]string{
		"nothing can be lost: 10 operations changed":     {"durable(fmt.Sprint(n))", "_ = durable"},
		"nothing can be lost: 0 operations changed":      {"counter.Set(n)", "error(nil)"},
		"must be an empty folder: call it before":        {"dir := t.TempDir()", "dir := t.TempDir() + \"/none\""},
		"after a second loss of power, while it was ope": {"kept, err := tally.New(dir)", "kept, err := tally.New(dir)\n\t\tif err == nil && kept.Get() != \"\" {\n\t\t\terr = kept.Remove()\n\t\t}"},
	} {
		writeFile(t, folder, "tally.go", fileCounter+"\nfunc (t *Tally) Remove() error {\n\tkept, err := os.ReadFile(filepath.Join(t.folder, \"tally\"))\n\tif err != nil {\n\t\treturn err\n\t}\n\tif err := os.Remove(filepath.Join(t.folder, \"tally\")); err != nil {\n\t\treturn err\n\t}\n\treturn os.WriteFile(filepath.Join(t.folder, \"tally\"), kept, 0o600)\n}\n")
		writeFile(t, folder, "tally_test.go", strings.Replace(losingTest, change[0], change[1], 1))
		require.NoError(t, os.RemoveAll(filepath.Join(folder, "testdata")))
		code, output := commandIn(t, folder, "crash", "--schedules", "30", "--seed", "1", ".")
		require.Equal(t, exitViolated, code, output)
		require.Contains(t, strings.Join(strings.Fields(output), " "), says)
	}
}

func TestWithoutATestThatLosesPowerACrashHasNothingToDo(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, fileCounter)
	writeFile(t, folder, "tally_test.go", "package tally\n\nimport \"testing\"\n\nfunc TestOther(t *testing.T) {}\n")
	code, output := commandIn(t, folder, "crash", ".")
	require.Equal(t, exitUsage, code, output)
	require.Contains(t, output, "harness.LosePower")
}
