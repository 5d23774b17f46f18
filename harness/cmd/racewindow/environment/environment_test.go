package environment_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/pingcap/failpoint"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
)

// TestMain is the process that the test starts: pingcap's package would have ended it before.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "run" || os.Args[1] == "explore") {
		_, err := failpoint.Status("x")
		fmt.Println(err, slices.Contains(environment.Full(), "GO_FAILPOINTS=this is bad"))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestVariablesOfTheProgramDoNotReachTheCommandAroundIt(t *testing.T) {
	t.Parallel()
	for _, argument := range []string{"run", "explore"} {
		cmd := exec.Command(os.Args[0], argument)
		cmd.Env = append(os.Environ(), "GO_FAILPOINTS=this is bad", "GO_FAILPOINTS_HTTP=nowhere at all")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Equal(t, "error on x: failpoint: failpoint does not exist true\n", string(out))
	}
}
