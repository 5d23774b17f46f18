// Package environment takes the variables that enable failpoints out of the environment before pingcap's package reads them.
// For the commands that wrap the go command they are meant for the tests or the program that the go command starts: were they
// read here too, GO_FAILPOINTS_HTTP would find its port taken by the command around the program. The other commands obey none, and
// say so: pingcap's package would end them before they begin, where it cannot read the variable.
//
// It must import nothing but os. Packages are initialised in the order of their paths, as soon as what they import is;
// pingcap's waits for net/http, which comes after this path.
package environment

import "os"

var taken []string

func init() {
	if len(os.Args) > 1 && len(os.Args[1]) > 6 && os.Args[1][:6] == "-test." {
		return // a test of the command
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

// Taken are the variables that were taken out, as NAME=VALUE.
func Taken() []string { return taken }
