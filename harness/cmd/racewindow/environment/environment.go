// Package environment hides the variables that enable failpoints from pingcap's package in this process.
//
// The commands that wrap the go command pass the variables on to the tests or the program that the go command starts. If they
// were obeyed here too, the program would find the port of GO_FAILPOINTS_HTTP taken by the command around it. The other
// commands refuse them with a message. Without this package they could not: pingcap's package ends the process during its
// initialisation if it cannot read the variable.
//
// This package must import nothing but os. Go initialises packages in the order of their paths, each as soon as its imports
// are initialised. pingcap's package waits for net/http, whose path comes after this one.
package environment

import "os"

var taken []string

func init() {
	if len(os.Args) > 1 && len(os.Args[1]) > 6 && os.Args[1][:6] == "-test." {
		return // this is a test binary of the command, whose environment is its own affair
	}
	for _, name := range []string{"GO_FAILPOINTS", "GO_FAILPOINTS_HTTP"} {
		if value, set := os.LookupEnv(name); set {
			taken = append(taken, name+"="+value)
			_ = os.Unsetenv(name)
		}
	}
}

// Full is the environment, including the variables that were taken out.
func Full() []string { return append(os.Environ(), taken...) }

// Taken are the variables that were taken out, as NAME=VALUE.
func Taken() []string { return taken }
