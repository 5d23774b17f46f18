package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/racewindow/racewindow/failpoints/runtime"
)

// goDashes gives a second dash to flags that are written with one, as the go command writes them: -run, -race=false. What stands after
// -- stays as it is, and so does the value of a flag. Of a command with --build, flags that only go test has become values of it.
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
			args[i] = "--test2json" // as go test has it: without a value
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

// goFlags makes --build=FLAG of the flags that go test has and the command has not, each with its value in the same word, and of each
// argument after -args.
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

// namesFile says whether an argument after -json can be the name of a file for --json, rather than a package or another flag.
func namesFile(arg string) bool {
	return arg == "-" || strings.HasSuffix(arg, ".json") || strings.HasPrefix(arg, "/dev/")
}
