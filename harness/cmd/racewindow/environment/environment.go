// Package environment takes the variables that enable failpoints out of the environment of the commands that wrap the go
// command, before pingcap's package reads them: they are meant for the tests or the program that the go command starts.
// Were they read here too, GO_FAILPOINTS_HTTP would find its port taken by the command around the program.
//
// It must import nothing but os. Packages are initialised in the order of their paths, as soon as what they import is;
// pingcap's waits for net/http, which comes after this path.
package environment

import "os"

var taken []string

func init() {
	if len(os.Args) < 2 {
		return
	}
	switch os.Args[1] {
	case "test", "build", "run", "instrument", "failpoints":
	default:
		return
	}
	for _, name := range []string{"GO_FAILPOINTS", "GO_FAILPOINTS_HTTP"} {
		if value, set := os.LookupEnv(name); set {
			taken = append(taken, name+"="+value)
			_ = os.Unsetenv(name)
		}
	}
}

// Full is the environment with the variables that were taken out.
func Full() []string { return append(os.Environ(), taken...) }
