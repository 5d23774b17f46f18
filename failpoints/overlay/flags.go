// Racewindow's own flags among those of the go command.

package overlay

import "strings"

// Parse takes --include, --plant, --strip and --help from the arguments of racewindow test, build or run, and leaves the
// rest to the go command. Everything after -args or --, and everything after the package of a run, belongs to the program.
// --include may be repeated, and takes a list with commas; --plant takes one file, and may be repeated. The error is a
// *UsageError.
func Parse(verb string, args []string) (c Command, help bool, err error) {
	c.Verb = verb
	for len(args) > 0 {
		own, used, err := c.parseOwn(args)
		switch {
		case err != nil:
			return c, false, err
		case own == "help":
			return c, true, nil
		case own != "":
			args = args[used:]
			continue
		}
		arg := args[0]
		name, _, hasValue, isFlag := flagName(arg)
		switch {
		case arg == "--", isFlag && name == "args", verb == "run" && !isFlag:
			c.Args = append(c.Args, args...)
			return c, false, nil
		case isFlag && valueFlags[name] && !hasValue && len(args) > 1:
			c.Args = append(c.Args, args[:2]...)
			args = args[2:]
		default:
			c.Args = append(c.Args, arg)
			args = args[1:]
		}
	}
	return c, false, nil
}

// parseOwn recognises one of racewindow's flags and returns its name and how many arguments it used.
func (c *Command) parseOwn(args []string) (own string, used int, err error) {
	name, value, hasValue := strings.Cut(args[0], "=")
	switch name {
	case "-h", "-help", "--help":
		return "help", 1, nil
	case "--strip", "-strip":
		if hasValue && value != "true" {
			return "", 0, usage("--strip takes no value")
		}
		c.Strip = true
		return "strip", 1, nil
	case "--strip-keep-api", "-strip-keep-api":
		if hasValue && value != "true" {
			return "", 0, usage("--strip-keep-api takes no value")
		}
		c.Strip, c.KeepAPI = true, true
		return "strip-keep-api", 1, nil
	case "--out", "-out":
		if c.Verb != "instrument" {
			return "", 0, nil
		}
		if value, used = ownValue(args, value, hasValue); value == "" || strings.HasPrefix(value, "-") {
			return "", 0, usage("--out needs the folder to write, for example --out /tmp/spliced")
		}
		c.Out = value
		return "out", used, nil
	case "--verbose": // -verbose may be a flag of the tests
		if hasValue && value != "true" {
			return "", 0, usage("--verbose takes no value")
		}
		c.Verbose = true
		return "verbose", 1, nil
	case "--plant", "-plant":
		if value, used = ownValue(args, value, hasValue); value == "" || strings.HasPrefix(value, "-") {
			return "", 0, usage("--plant needs a file with a patch, for example --plant bug.patch")
		}
		c.Plant = append(c.Plant, value)
		return "plant", used, nil
	case "--include", "-include":
		if value, used = ownValue(args, value, hasValue); value == "" || strings.HasPrefix(value, "-") {
			return "", 0, usage("--include needs the path of a module, for example --include go.etcd.io/bbolt")
		}
		c.Include = append(c.Include, strings.Split(value, ",")...)
		return "include", used, nil
	}
	return "", 0, nil
}

// ownValue returns the value of the flag args[0], from the same argument or the next one, and how many arguments it takes.
func ownValue(args []string, value string, hasValue bool) (string, int) {
	if !hasValue && len(args) > 1 {
		return args[1], 2
	}
	return value, 1
}
