package failpoints

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrNotInstrumented is wrapped by the error of Require.
var ErrNotInstrumented = errors.New("the binary is not instrumented")

// Require returns an error if the markers of this binary cannot fire. what names the thing that needs them, rebuild the
// command that builds a binary in which they can; both go into the error.
//
// Without this check a controller that no marker obeys looks like a run in which nothing went wrong.
func Require(what, rebuild string) error {
	if instrumented {
		return nil
	}
	return fmt.Errorf("%s: %w: its failpoints were compiled away, so nothing could fire; build it with: %s",
		what, ErrNotInstrumented, rebuild)
}

// environment is the variable that tells pingcap's runtime what to do at which marker.
const environment = "GO_FAILPOINTS"

// exit and complain are variables so that tests can observe the refusal.
var (
	exit     = os.Exit
	complain = func(message string) { fmt.Fprintln(os.Stderr, message) }
)

// EnvironmentEnables says whether the environment has enabled failpoints of pingcap's runtime, or may still do so.
func EnvironmentEnables() bool {
	return os.Getenv(environment) != "" || os.Getenv(environment+"_HTTP") != ""
}

// namedBelow returns the first failpoint in the GO_FAILPOINTS setting value whose full name starts with prefix.
func namedBelow(value, prefix string) (full string, ok bool) {
	for setting := range strings.SplitSeq(value, ";") {
		if name, _, _ := strings.Cut(setting, "="); strings.HasPrefix(strings.TrimSpace(name), prefix) {
			return strings.TrimSpace(name), true
		}
	}
	return "", false
}

// CheckEnvironment looks in GO_FAILPOINTS for markers of pkg that this binary cannot obey. In an instrumented build it ends
// the process with exit code 2: its caller puts a controller into every context, so the setting would never fire. In a plain
// build it warns on standard error. Packages call it once, when they open something.
func CheckEnvironment(pkg string) {
	name, named := namedBelow(os.Getenv(environment), pkg+"/")
	switch {
	case !named:
	case instrumented:
		complain(fmt.Sprintf("%s names %s, which the context controls in this build (failpoints.With), not the "+
			"environment: remove it from %s, or use racewindow stress for delays and faults", environment, name, environment))
		exit(2)
	default:
		complain(fmt.Sprintf("%s names %s, but this binary is not instrumented and the failpoint cannot fire; build it "+
			"with: racewindow build", environment, name))
	}
}
