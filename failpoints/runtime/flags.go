// The go command's flags: the user's own beside those that the runtime needs.

package runtime

import (
	"fmt"
	"strings"
)

// A FlagError says that a flag of the user's cannot be had together with the runtime.
type FlagError struct{ Flag, Why string }

func (e *FlagError) Error() string {
	return fmt.Sprintf("-%s cannot be had together with racewindow's runtime: %s; leave it out", e.Flag, e.Why)
}

// refusedFlags are those with which a binary would not be what it seems.
var refusedFlags = map[string]string{
	"overlay":    "the runtime itself arrives by an overlay",
	"trimpath":   "the names of files tell the standard library from the code under test",
	"msan":       "the memory sanitizer does not know its goroutines",
	"asan":       "the address sanitizer does not know its goroutines",
	"cover":      "coverage counts in places that no schedule names",
	"coverpkg":   "coverage counts in places that no schedule names",
	"toolexec":   "it would see the runtime's files",
	"compiler":   "only Go's own compiler builds the runtime",
	"linkshared": "the runtime is part of the binary",
}

// noIntrinsics keeps the compiler from making instructions of atomic operations in the code under test: they would be no points. In the
// standard library they are none anyway.
const noIntrinsics = "-d=ssa/intrinsics/off"

// arguments are those of the go command. Of two flags with patterns the later one counts, so the user's come last, with what the
// runtime needs added.
func (b Build) arguments(overlay string) ([]string, error) {
	args := []string{"test", "-c", "-vet=off", "-o", b.Output, "-overlay=" + overlay, "-gcflags=all=" + noIntrinsics, "-gcflags=std="}
	tags := "netgo,osusergo" // cgo's own threads could not be controlled
	flags, err := b.flags()
	if err != nil {
		return nil, err
	}
	for _, f := range flags {
		switch f.name {
		case "gcflags":
			args = append(args, "-gcflags="+f.value+" "+noIntrinsics)
		case "tags":
			tags += "," + f.value
		case "race":
			args = append(args, "-race="+f.value)
		case "vet", "o", "c":
		default:
			args = append(args, "-"+f.name+"="+f.value)
		}
	}
	if b.Race {
		args = append(args, "-race")
	}
	if b.Undriven {
		args = append(args, "-ldflags=-X=runtime.racewindowDriver=none")
	}
	return append(args, "-tags="+tags, b.Package), nil
}

type flagValue struct{ name, value string }

// flags are those of GOFLAGS that have to be merged with the runtime's, and the user's.
func (b Build) flags() (all []flagValue, err error) {
	for _, given := range strings.Fields(b.Toolchain.Flags) {
		if f := parseFlag(given); f.name == "gcflags" || f.name == "tags" || refusedFlags[f.name] != "" {
			all = append(all, f)
		}
	}
	for _, given := range b.Flags {
		all = append(all, parseFlag(given))
	}
	for _, f := range all {
		if why := refusedFlags[f.name]; why != "" && f.value != "false" {
			return nil, &FlagError{f.name, why}
		}
	}
	return all, nil
}

// parseFlag reads a flag that has its value in the same word.
func parseFlag(given string) flagValue {
	name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(given, "-"), "-"), "=")
	if !has {
		value = "true"
	}
	return flagValue{name, value}
}
