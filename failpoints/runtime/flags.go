// The flags of go test: which of them the build gets, which the test binary gets, and which are refused.

package runtime

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A FlagError says that a flag of go test cannot be used together with the runtime.
type FlagError struct {
	Flag, Why, Remedy string
	// Setting is GOFLAGS if the flag comes from there, else "".
	Setting string
}

func (e *FlagError) Error() string {
	where, remedy := "-"+e.Flag, e.Remedy
	if e.Setting != "" {
		where, remedy = e.Setting+" has -"+e.Flag+", which", "set "+e.Setting+" without it for this command"
	}
	return fmt.Sprintf("%s cannot be used with racewindow's runtime: %s; %s", where, e.Why, remedy)
}

// A flagUse says where a flag goes.
type flagUse int

const (
	refused   flagUse = iota
	toBuild           // the go command gets it
	toTest            // the test binary gets it
	toProgram         // its value is an argument of the test binary (-args)
	idle              // accepted without effect: exploring does that anyway
)

// A goFlag is a flag of go test.
type goFlag struct {
	use         flagUse
	bare        bool   // it may be given without a value
	why, remedy string // for the error if it is refused
	only        string // idle with this value, otherwise refused
}

const (
	leaveOut   = "leave it out"
	uncovered  = "coverage counts in places that no schedule names"
	profiled   = "a profile of thousands of schedules says nothing of one run"
	unmeasured = "only tests are explored: what a benchmark measures is not there on this runtime"
	withGoTest = "leave it out, and use go test for it"
)

// goFlags are the flags of go test (Go 1.25 to 1.27) by their names.
var goFlags = map[string]goFlag{
	"tags": {use: toBuild}, "mod": {use: toBuild}, "modfile": {use: toBuild}, "modcacherw": {use: toBuild, bare: true},
	"gcflags": {use: toBuild}, "ldflags": {use: toBuild}, "asmflags": {use: toBuild}, "buildvcs": {use: toBuild, bare: true},
	"p": {use: toBuild}, "race": {use: toBuild, bare: true},

	"short": {use: toTest, bare: true}, "skip": {use: toTest}, "parallel": {use: toTest},
	"args": {use: toProgram},

	"v": {use: idle, bare: true}, "vet": {use: idle},
	"count":   {only: "1", why: "every test is executed thousands of times", remedy: "set how often with --schedules or --budget"},
	"shuffle": {only: "off", why: "tests are explored one by one, and none of them sees what another has done", remedy: leaveOut},
	"pgo":     {only: "off", why: "a profile only makes code faster; the default.pgo of a main package is passed over too", remedy: leaveOut},

	"overlay":    {why: "the runtime itself arrives by an overlay", remedy: leaveOut},
	"trimpath":   {bare: true, why: "the names of files tell the standard library from the code under test", remedy: leaveOut},
	"msan":       {bare: true, why: "the memory sanitizer does not know its goroutines", remedy: leaveOut},
	"asan":       {bare: true, why: "the address sanitizer does not know its goroutines", remedy: leaveOut},
	"toolexec":   {why: "it would see the runtime's files", remedy: leaveOut},
	"compiler":   {why: "only Go's own compiler builds the runtime", remedy: leaveOut},
	"gccgoflags": {why: "only Go's own compiler builds the runtime", remedy: leaveOut},
	"linkshared": {bare: true, why: "the runtime is part of the binary", remedy: leaveOut},
	"buildmode":  {only: "exe", why: "a test binary with hooks is an ordinary program", remedy: leaveOut},
	"pkgdir":     {why: "it has a build cache of its own", remedy: leaveOut}, "installsuffix": {why: "it has a build cache of its own", remedy: leaveOut},
	"exec": {why: "the command starts the test binary itself, and again for each finding", remedy: "leave it out, and put the command in front of racewindow"},
	"C":    {why: "the folder is the one in which the command is started", remedy: "leave it out, and change to the folder first"},
	"a":    {bare: true, why: "the standard library would be built again for each package", remedy: "leave it out; racewindow clean removes what was built"},
	"n":    {bare: true, why: "nothing would be built", remedy: leaveOut}, "x": {bare: true, why: "nothing reads what it prints", remedy: leaveOut},
	"work": {bare: true, why: "its folders are removed", remedy: leaveOut},
	"c":    {bare: true, why: "a binary alone does nothing: it needs the command that drives it", remedy: leaveOut},
	"o":    {why: "a binary alone does nothing: it needs the command that drives it", remedy: leaveOut},

	"cover": {bare: true, why: uncovered, remedy: withGoTest}, "covermode": {why: uncovered, remedy: withGoTest},
	"coverpkg": {why: uncovered, remedy: withGoTest}, "coverprofile": {why: uncovered, remedy: withGoTest},
	"bench": {why: unmeasured, remedy: withGoTest}, "benchtime": {why: unmeasured, remedy: withGoTest}, "benchmem": {bare: true, why: unmeasured, remedy: withGoTest},
	"cpu":      {why: "one goroutine runs at a time, with however many processors", remedy: leaveOut},
	"fuzz":     {why: "the fuzzer varies inputs, and racewindow varies orders", remedy: "leave it out; call the target from a test with one input, and explore that"},
	"fuzztime": {why: "nothing is fuzzed", remedy: leaveOut}, "fuzzminimizetime": {why: "nothing is fuzzed", remedy: leaveOut},
	"cpuprofile": {why: profiled, remedy: withGoTest}, "memprofile": {why: profiled, remedy: withGoTest}, "memprofilerate": {why: profiled, remedy: withGoTest},
	"blockprofile": {why: profiled, remedy: withGoTest}, "blockprofilerate": {why: profiled, remedy: withGoTest},
	"mutexprofile": {why: profiled, remedy: withGoTest}, "mutexprofilefraction": {why: profiled, remedy: withGoTest},
	"trace": {why: profiled, remedy: withGoTest}, "outputdir": {why: profiled, remedy: withGoTest},
	"list":      {why: "nothing would be explored", remedy: withGoTest},
	"failfast":  {bare: true, why: "each test gets its verdict", remedy: leaveOut},
	"fullpath":  {bare: true, why: "reports have places of their own", remedy: leaveOut},
	"artifacts": {bare: true, why: "thousands of executions would write into one folder", remedy: leaveOut},
	"json":      {bare: true, why: "the command itself reports on tests", remedy: leaveOut},
	"timeout":   {why: "no length of time decides a verdict", remedy: "set the length of the search with --budget"},
}

// GoFlag says whether go test has a flag, and whether it may be given without a value.
func GoFlag(name string) (known, bare bool) {
	f, known := goFlags[name]
	return known, f.bare
}

// noIntrinsics keeps the compiler from turning atomic operations of the code under test into instructions, which would not be points.
// In the standard library atomic operations are no points anyway, and some of its functions exist only as instructions.
const noIntrinsics = "-d=ssa/intrinsics/off"

// standard returns patterns that match every package of the standard library, one for each folder of GOROOT/src. The pattern "std"
// does not match in every release of Go 1.27.
func (t Toolchain) standard() (patterns []string, err error) {
	folders, err := os.ReadDir(filepath.Join(t.Root, "src"))
	if err != nil {
		return nil, fmt.Errorf("look at the standard library: %w", err)
	}
	for _, f := range folders {
		if f.IsDir() && f.Name() != "testdata" {
			patterns = append(patterns, f.Name()+"/...")
		}
	}
	return patterns, nil
}

// arguments returns the arguments of the go command. Of two flags with patterns the later one counts, so the user's flags come last,
// extended by what the runtime needs. No profile is used, or the standard library would be built again for each profile.
func (b Build) arguments(overlay string) ([]string, error) {
	compiler := noIntrinsics
	if b.Debug {
		compiler += " -N -l"
	}
	args := []string{"test", "-c", "-vet=off", "-pgo=off", "-o", b.Output, "-overlay=" + overlay, "-gcflags=all=" + compiler}
	standard, err := b.Toolchain.standard()
	if err != nil {
		return nil, err
	}
	for _, pattern := range standard {
		args = append(args, "-gcflags="+pattern+"=")
	}
	args = append(args, "-gcflags=sync/atomic="+noIntrinsics) // for its methods, if the user's flags forbid inlining
	tags := "netgo,osusergo"                                  // the threads of cgo could not be controlled
	flags, err := usedFlags(b.Toolchain.Flags, b.Flags)
	if err != nil {
		return nil, err
	}
	for _, f := range flags {
		switch {
		case f.name == "gcflags":
			args = append(args, "-gcflags="+f.value+" "+compiler)
		case f.name == "tags":
			tags += "," + f.value
		case goFlags[f.name].use == toBuild && f.setting == "": // the go command reads GOFLAGS itself
			args = append(args, "-"+f.name+"="+f.value)
		}
	}
	if b.Race {
		args = append(args, "-race")
	}
	if b.Race && b.Unraced != "" {
		args = append(args, "-gcflags="+b.Unraced+"=-race=false")
	}
	if b.Undriven {
		args = append(args, "-ldflags=-X=runtime.racewindowDriver=none")
	}
	return append(args, "-tags="+tags, b.Package), nil
}

// BuildFlags returns those of a user's flags that go to the go command, in this build and in any other of the same packages.
func BuildFlags(flags []string) (build []string) {
	for _, given := range flags {
		if f := parseFlag(given); goFlags[f.name].use == toBuild {
			build = append(build, given)
		}
	}
	return build
}

// Race says whether the user's flags, or GOFLAGS, ask for the race detector.
func (t Toolchain) Race(flags []string) (asked bool) {
	for _, given := range append(splitQuoted(t.Flags), flags...) {
		if f := parseFlag(given); f.name == "race" {
			asked = f.value != "false" && f.value != "0"
		}
	}
	return asked
}

// SettingsOf returns the flags of GOFLAGS that have one of these names, such as -tags=x. It leaves out a flag that the user's flags
// have too, because theirs counts then.
func (t Toolchain) SettingsOf(flags []string, names ...string) (all []string) {
	for _, given := range splitQuoted(t.Flags) {
		f := parseFlag(given)
		overruled := slices.ContainsFunc(flags, func(flag string) bool { return parseFlag(flag).name == f.name })
		if slices.Contains(names, f.name) && !overruled {
			all = append(all, given)
		}
	}
	return all
}

// GoTest returns the arguments that follow "go test", for packages and a user's flags.
func GoTest(flags, packages []string) (args []string) {
	var program []string
	for _, given := range flags {
		if f := parseFlag(given); goFlags[f.name].use == toProgram {
			program = append(program, f.value)
		} else {
			args = append(args, given)
		}
	}
	args = append(args, packages...)
	if len(program) > 0 {
		args = append(append(args, "-args"), program...)
	}
	return args
}

// The default arguments of the test binary. Fuzz targets and examples would run unexplored, so they are skipped. The number of tests
// that run at once after t.Parallel is the same on every machine; otherwise a schedule would fit only machines with as many processors.
const (
	notTests = "^(Fuzz|Example)"
	parallel = "-test.parallel=8"
)

// TestArguments returns the arguments of the test binary, including those from GOFLAGS and from the user's flags: first flags such as
// -test.short=true, then what follows -args. The error is a *FlagError.
func TestArguments(goflags string, flags []string) ([]string, error) {
	used, err := usedFlags(goflags, flags)
	if err != nil {
		return nil, err
	}
	if _, err := Skipped(goflags, flags); err != nil {
		return nil, err
	}
	args, skip := []string{parallel}, notTests
	var program []string
	for _, f := range used {
		switch use := goFlags[f.name].use; {
		case f.name == "skip":
			skip = notTests + "|" + f.value
		case use == toTest:
			args = append(args, "-test."+f.name+"="+f.value)
		case use == toProgram:
			program = append(program, f.value)
		}
	}
	return append(append(args, "-test.skip="+skip), program...), nil
}

// Skipped says which tests are skipped as a whole by the user's -skip or by that in GOFLAGS. The error is a *FlagError, also for an
// invalid regular expression.
func Skipped(goflags string, flags []string) (skip func(test string) bool, err error) {
	used, err := usedFlags(goflags, flags)
	if err != nil {
		return nil, err
	}
	skip = func(string) bool { return false }
	for _, f := range used {
		if f.name != "skip" || strings.Contains(f.value, "/") {
			continue
		}
		re, err := regexp.Compile(f.value)
		if err != nil {
			return nil, &FlagError{Flag: f.name, Why: err.Error(), Remedy: "mend the expression", Setting: f.setting}
		}
		skip = re.MatchString // the last one counts
	}
	return skip, nil
}

type flagValue struct{ name, value, setting string }

// usedFlags returns the flags of GOFLAGS that have a meaning here, then the user's. The error is a *FlagError.
func usedFlags(goflags string, flags []string) (all []flagValue, err error) {
	for _, given := range splitQuoted(goflags) {
		f := parseFlag(given)
		f.setting = "GOFLAGS"
		if goFlags[f.name].only == "" { // GOFLAGS is meant for go test too, where -count=3, for example, makes sense
			all = append(all, f)
		}
	}
	for _, given := range flags {
		all = append(all, parseFlag(given))
	}
	for i, f := range all {
		known, is := goFlags[f.name]
		switch {
		case !is && f.setting == "":
			return nil, &FlagError{Flag: f.name, Why: "go test has no such flag", Remedy: "flags of the test itself come after -args"}
		case !is, known.use != refused, f.value == "false" && known.bare:
		case known.only != "" && f.value == known.only:
			all[i].name = "v" // idle
		default:
			return nil, &FlagError{Flag: f.name, Why: known.why, Remedy: known.remedy, Setting: f.setting}
		}
	}
	return all, nil
}

// parseFlag reads a flag whose value is in the same word.
func parseFlag(given string) flagValue {
	name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(given, "-"), "-"), "=")
	if !has {
		value = "true"
	}
	return flagValue{name: name, value: value}
}

// splitQuoted splits s as the go command splits GOFLAGS: at spaces; ' or " may quote a whole entry.
func splitQuoted(s string) (words []string) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if q := s[0]; q == '\'' || q == '"' {
			if end := strings.IndexByte(s[1:], q); end >= 0 {
				words, s = append(words, s[1:1+end]), s[2+end:]
				continue
			}
		}
		word, rest, _ := strings.Cut(s, " ")
		words, s = append(words, word), rest
	}
	return words
}
