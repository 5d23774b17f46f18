package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// goDashes adds a second dash to flags that are written as the go command writes them: -run, -race=false. Values of flags, and
// everything after --, stay as they are. If the command has --build, flags that only go test has become values of --build.
func goDashes(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.DisableFlagParsing {
		return args
	}
	args = slices.Clone(args)
	if cmd.Flags().Lookup("build") != nil {
		args = goFlags(cmd.Flags(), args)
	}
	isValue := false
	for i, arg := range args {
		name, _, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if arg == "-json" && !isValue && cmd.Flags().Lookup("test2json") != nil && (i+1 == len(args) || !namesFile(args[i+1])) {
			args[i] = "--test2json" // go test's -json, which has no value
			continue
		}
		switch {
		case isValue:
			isValue = false
		case arg == "--":
			return args
		case !strings.HasPrefix(arg, "-") || name == "":
		case len(name) == 1:
			flag := cmd.Flags().ShorthandLookup(name)
			isValue = flag != nil && flag.NoOptDefVal == "" && !given
		default:
			flag := cmd.Flags().Lookup(name)
			if flag != nil && !strings.HasPrefix(arg, "--") {
				args[i] = "-" + arg
			}
			isValue = flag != nil && flag.NoOptDefVal == "" && !given
		}
	}
	return args
}

// goFlags turns flags that go test has and the command does not into --build=FLAG, each with its value in the same word. It
// does the same with each argument after -args.
func goFlags(flags *pflag.FlagSet, args []string) (out []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, _, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if !strings.HasPrefix(arg, "-") || name == "" {
			out = append(out, arg)
			continue
		}
		known, bare := runtime.GoFlag(name)
		own := flags.Lookup(name)
		if len(name) == 1 && own == nil {
			own = flags.ShorthandLookup(name)
		}
		switch {
		case own != nil && own.NoOptDefVal == "" && !given && i+1 < len(args):
			out = append(out, arg, args[i+1])
			i++
		case own != nil || !known:
			out = append(out, arg)
		case name == "args" && !given:
			for _, word := range args[i+1:] {
				out = append(out, "--build=-args="+word)
			}
			return out
		case !given && !bare && i+1 < len(args):
			out = append(out, "--build=-"+name+"="+args[i+1])
			i++
		default:
			out = append(out, "--build=-"+strings.TrimLeft(arg, "-"))
		}
	}
	return out
}

// namesFile reports whether an argument after -json is the file of --json, and not a package or another flag.
func namesFile(arg string) bool {
	return arg == "-" || strings.HasSuffix(arg, ".json") || strings.HasPrefix(arg, "/dev/")
}
