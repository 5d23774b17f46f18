// The arguments of racewindow test, build or run: which are flags, which are packages, which belong to the program. The go
// command does not tell, and the packages must be known before it runs.

package overlay

import (
	"path/filepath"
	"strings"
)

// An invocation is one command line of go test, build or run, split into its parts.
type invocation struct {
	verb     string
	chdir    string   // value of -C, which this package applies and does not pass on
	before   []string // flags before the packages
	packages []string // package patterns or .go files; none means the current folder
	after    []string // flags after the packages, -args and what follows it, arguments of the program
	flags    map[string]string
}

// boolFlags take no separate value. As for go test, a flag in neither table belongs to the test binary.
var boolFlags = names(`a asan benchmem c cover failfast fullpath i json linkshared modcacherw msan n race short
	trimpath v work x buildvcs artifacts`)

// valueFlags take a value, in the same argument after "=" or in the next one.
var valueFlags = names(`C asmflags bench benchtime blockprofile blockprofilerate buildmode compiler count covermode
	coverpkg coverprofile cpu cpuprofile debug-actiongraph debug-runtime-trace debug-trace exec fuzz fuzzcachedir
	fuzzminimizetime fuzztime gccgoflags gcflags gocoverdir installsuffix ldflags list memprofile memprofilerate mod
	modfile mutexprofile mutexprofilefraction o outputdir overlay p parallel pgo pkgdir run shuffle skip tags
	testlogfile timeout toolexec trace vet`)

// listFlags decide which files belong to a build, so go list must get them too.
var listFlags = names(`race msan asan tags mod modfile compiler installsuffix modcacherw overlay`)

// ownFlags are not passed on, because this package gives the go command its own.
var ownFlags = names(`C overlay`)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

// flagName splits one argument into name and value; ok is false if it is no flag.
func flagName(arg string) (name, value string, hasValue, ok bool) {
	if len(arg) < 2 || arg[0] != '-' || arg == "--" {
		return "", "", false, false
	}
	name = strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	name, value, hasValue = strings.Cut(name, "=")
	if short, isTest := strings.CutPrefix(name, "test."); isTest && (boolFlags[short] || valueFlags[short]) {
		name = short
	}
	return name, value, hasValue, true
}

func parseInvocation(verb string, args []string) (*invocation, error) {
	switch verb {
	case "test", "build", "run":
	default:
		return nil, usage("cannot instrument go %s: only go test, go build and go run", verb)
	}
	inv := &invocation{verb: verb, flags: map[string]string{}}
	if err := inv.take(args); err != nil {
		return nil, err
	}
	for _, p := range inv.packages {
		if strings.Contains(p, "@") && p[0] != '.' && !filepath.IsAbs(p) {
			return nil, usage("%s names a version: sources outside the build list cannot be instrumented; "+
				"require the module and leave out the version", p)
		}
	}
	return inv, nil
}

// take sorts the arguments into before, packages and after.
func (inv *invocation) take(args []string) error {
	into, listed, complete := &inv.before, false, false
	for len(args) > 0 {
		name, value, hasValue, isFlag := flagName(args[0])
		switch {
		case args[0] == "--":
			*into = append(*into, args[0])
			args = args[1:]
		case !isFlag && (complete || inv.verb == "run" && listed && !inv.moreFiles(args[0])):
			inv.after = append(inv.after, args...)
			return nil
		case !isFlag:
			inv.packages = append(inv.packages, args[0])
			listed, into, args = true, &inv.after, args[1:]
		case inv.verb == "run" && listed, inv.verb == "test" && name == "args":
			inv.after = append(inv.after, args...)
			return nil
		case boolFlags[name] || valueFlags[name]:
			complete = complete || listed && inv.verb == "test"
			used, err := inv.takeFlag(into, name, value, hasValue, args)
			if err != nil {
				return err
			}
			args = args[used:]
		default:
			// A flag of the test binary: what follows may be its value, so no package can come after it.
			complete = complete || inv.verb == "test"
			*into = append(*into, args[0])
			args = args[1:]
		}
	}
	return nil
}

// moreFiles says whether go run takes arg as another file of its package rather than as the program's argument.
func (inv *invocation) moreFiles(arg string) bool {
	return strings.HasSuffix(arg, ".go") && strings.HasSuffix(inv.packages[0], ".go")
}

// takeFlag records a known flag, passes it on, and returns how many arguments it used.
func (inv *invocation) takeFlag(into *[]string, name, value string, hasValue bool, args []string) (int, error) {
	used := 1
	switch {
	case hasValue:
	case boolFlags[name]:
		value = "true"
	case len(args) < 2:
		return 0, usage("flag -%s needs a value", name)
	default:
		value, used = args[1], 2
	}
	inv.flags[name] = value
	if name == "C" {
		inv.chdir = value
	}
	if !ownFlags[name] {
		*into = append(*into, args[:used]...)
	}
	return used, nil
}

// redirect gives a flag another value wherever the command line sets it, and adds it where only GOFLAGS sets it.
func (inv *invocation) redirect(flag, value string) {
	inv.flags[flag] = value
	given := "-" + flag + "=" + value
	found := false
	replace := func(args []string) (out []string) {
		for i := 0; i < len(args); i++ {
			name, _, hasValue, isFlag := flagName(args[i])
			switch {
			case isFlag && name == "args":
				return append(out, args[i:]...)
			case isFlag && name == flag:
				out, found = append(out, given), true
				if !hasValue {
					i++
				}
			case isFlag && valueFlags[name] && !hasValue && i+1 < len(args):
				out = append(out, args[i], args[i+1])
				i++
			default:
				out = append(out, args[i])
			}
		}
		return out
	}
	inv.before = replace(inv.before)
	if inv.verb != "run" { // after the package of a run, everything belongs to the program
		inv.after = replace(inv.after)
	}
	if !found {
		inv.before = append(inv.before, given)
	}
}

// adopt records the flags in GOFLAGS that the command line does not set. It passes nothing on, because the go command reads
// GOFLAGS itself.
func (inv *invocation) adopt(goflags string) {
	for _, arg := range splitQuoted(goflags) {
		name, value, hasValue, ok := flagName(arg)
		if _, set := inv.flags[name]; !ok || set {
			continue
		}
		if !hasValue {
			value = "true"
		}
		inv.flags[name] = value
	}
}

// splitQuoted splits as the go command splits GOFLAGS: at spaces, with ' or " around a whole entry.
func splitQuoted(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if q := s[0]; q == '\'' || q == '"' {
			if end := strings.IndexByte(s[1:], q); end >= 0 {
				out, s = append(out, s[1:1+end]), s[2+end:]
				continue
			}
		}
		word, rest, _ := strings.Cut(s, " ")
		out, s = append(out, word), rest
	}
	return out
}

// set says whether a flag without a value is given.
func (inv *invocation) set(flag string) bool {
	value, given := inv.flags[flag]
	return given && value != "false" && value != "0" && value != "f" && value != "F" && value != "FALSE" && value != "False"
}

// covers says whether the build measures coverage, which reads the files on disk and not the overlay.
func (inv *invocation) covers() bool {
	for _, name := range []string{"cover", "coverpkg", "coverprofile", "covermode"} {
		if value, set := inv.flags[name]; set && value != "false" {
			return true
		}
	}
	return false
}

// fileList says whether the packages are .go files, which make one package of exactly these files.
func (inv *invocation) fileList() bool {
	return len(inv.packages) > 0 && strings.HasSuffix(inv.packages[0], ".go")
}

// listed returns the patterns for go list: the packages, and the packages whose coverage is measured, which are built too.
func (inv *invocation) listed() []string {
	patterns := append([]string{}, inv.packages...)
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	if measured := inv.flags["coverpkg"]; measured != "" && !inv.fileList() {
		patterns = append(patterns, strings.Split(measured, ",")...)
	}
	return patterns
}

// forList returns the flags that make go list see the same files as the build.
func (inv *invocation) forList() []string {
	var flags []string
	for _, name := range sortedKeys(inv.flags) {
		if listFlags[name] && name != "overlay" {
			flags = append(flags, "-"+name+"="+inv.flags[name])
		}
	}
	return flags
}
