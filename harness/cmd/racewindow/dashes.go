package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// goDashes gives a second dash to flags that are written with one, as the go command writes them: -run, -race=false. What stands after
// -- stays as it is, and so does the value of a flag.
func goDashes(root *cobra.Command, args []string) []string {
	cmd, _, err := root.Find(args)
	if err != nil || cmd.DisableFlagParsing {
		return args
	}
	args = slices.Clone(args)
	isValue := false
	for i, arg := range args {
		name, _, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
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
