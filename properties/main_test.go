package properties

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run without any property, or without any case, would pass. So these tests end with 2 if the call is wrong, and with 3 if
// it selects nothing.

func TestMain(m *testing.M) {
	flag.Parse()
	if err := checkFlags(); err != nil {
		fmt.Fprintln(os.Stderr, "properties:", err)
		os.Exit(2)
	}
	code := m.Run()
	if code == 0 && !listed("test.list") && !listed("test.fuzz") {
		if err := ranSomething(); err != nil {
			fmt.Fprintln(os.Stderr, "properties:", err)
			code = 3
		}
	}
	os.Exit(code)
}

// listed says whether a flag of go test is set.
func listed(name string) bool {
	f := flag.Lookup(name)
	return f != nil && f.Value.String() != ""
}

func checkFlags() error {
	if f := flag.Lookup("test.count"); f != nil && f.Value.String() == "0" {
		return errors.New("-test.count 0: no property would be checked")
	}
	for name, n := range map[string]int{"cases": *casesFlag, "seeds": *seedsFlag} {
		if n < 1 || n > 1<<24 {
			return fmt.Errorf("-racewindow.%s %d: 1 to %d", name, n, 1<<24)
		}
	}
	return nil
}

// ranSomething asks this binary which tests match -test.run.
func ranSomething() error {
	run := flag.Lookup("test.run").Value.String()
	if run == "" {
		return nil
	}
	top, _, _ := strings.Cut(run, "/")
	output, err := exec.Command(os.Args[0], "-test.list", top).Output()
	if err == nil && !strings.Contains(string(output), "Test") {
		err = errors.New("no property was checked")
	}
	if err != nil {
		return fmt.Errorf("-test.run %q: %w; -test.list . shows what there is", run, err)
	}
	return nil
}

func TestARunOfNothingIsNoPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code    int
		message string
		args    []string
	}{
		{2, "-racewindow.cases 0: 1 to", []string{"-racewindow.cases", "0"}},
		{2, "-racewindow.cases -5: 1 to", []string{"-racewindow.cases", "-5"}},
		{2, "-racewindow.seeds 0: 1 to", []string{"-racewindow.seeds", "0"}},
		{2, "-test.count 0", []string{"-test.count", "0"}},
		{3, "no property was checked", []string{"-test.run", "^TestOfNothing$"}},
		{1, "", []string{"-test.run", "["}},
		{0, "", []string{"-test.run", "^TestAReportIsWrittenWhereTheEnvironmentSays$"}},
		{0, "", []string{"-test.list", "^TestOfNothing$"}},
	} {
		output, err := exec.Command(os.Args[0], c.args...).CombinedOutput()
		require.Equal(t, c.code == 0, err == nil, "%v: %s", c.args, output)
		var exit *exec.ExitError
		if errors.As(err, &exit) && c.code > 1 {
			require.Equal(t, c.code, exit.ExitCode(), "%v: %s", c.args, output)
		}
		require.Contains(t, string(output), c.message)
	}
}
