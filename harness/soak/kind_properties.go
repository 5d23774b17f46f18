package soak

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Properties runs one property of the test binary of the package properties, over cases that follow from the seed.
type Properties struct {
	// Binary is the test binary. Folder is the package's source folder, in which tests read files; "" if there are no sources.
	Binary, Folder string
	// Tests are the properties; each round draws one of them. Bad is the canary: a value of -test.run for a test which requires
	// that the search finds a known bug.
	Tests []string
	Bad   string
	// PerSecond is how many cases are executed for each second of a round; default 60.
	PerSecond float64
	// Scratch and Logs are like those of Isolated.
	Scratch, Logs string
}

// NewProperties lists the tests of the binary. properties matches those that hold for any seed and number of cases.
func NewProperties(binary string, properties *regexp.Regexp) (*Properties, error) {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	output, err := exec.Command(binary, "-test.list", ".").Output()
	if err != nil {
		return nil, fmt.Errorf("list the properties of %s: %w", binary, err)
	}
	p := &Properties{Binary: binary}
	for _, name := range strings.Fields(string(output)) {
		if properties.MatchString(name) {
			p.Tests = append(p.Tests, name)
		}
	}
	if len(p.Tests) == 0 {
		return nil, fmt.Errorf("%s has no property", binary)
	}
	return p, nil
}

// Name is properties.
func (*Properties) Name() string { return "properties" }

// Variants has one word: each round draws its property.
func (*Properties) Variants() []string { return []string{"drawn"} }

// Run checks one property.
func (p *Properties) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	scratch, err := scratchFor(p.Scratch)
	if err != nil {
		return RoundResult{}, err
	}
	defer os.RemoveAll(scratch)
	e, test, number, err := p.check(ctx, spec, scratch)
	if err != nil {
		return RoundResult{}, err
	}
	keepLog(p.Logs, fmt.Sprintf("properties-%d.log", spec.Number), e.output)
	r := RoundResult{Counts: Counts{"properties": 1}, Peak: e.peak, Behaviour: []string{"property " + test}}
	passed := strings.Count(e.output, "--- PASS")
	switch {
	case e.code == 0 && passed > 0:
		r.Counts[CountCases] = uint64(number)
	case e.code == 0:
		r.Inconclusive = test + " checked nothing: " + e.why(200)
	case ctx.Err() != nil:
		r.Inconclusive = fmt.Sprintf("ended early: %v: %s", ctx.Err(), e.why(200))
	default:
		r.Found, err = p.failures(test, filepath.Join(scratch, "reports"), e)
	}
	return r, err
}

// VariantBad is the canary (Properties.Bad). It is not among the variants, but Run takes it.
const VariantBad = "bad"

// PropertiesCanary is a preparation: the test which requires that a known bug is found must pass.
func PropertiesCanary(p *Properties, budget time.Duration) []Preparation {
	return []Preparation{{CheckCanary, p.Name() + "/" + VariantBad, func(ctx context.Context, seed uint64) (Check, error) {
		limit := max(budget, time.Minute)
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		r, err := p.Run(ctx, RoundSpec{Kind: p.Name(), Variant: VariantBad, Seed: SeedOf(seed, 0), For: time.Second})
		switch {
		case err != nil:
			return Check{}, err
		case len(r.Found) > 0:
			return Check{Detail: "the search did not find the known bug: " + tail(r.Found[0].Detail, 300)}, nil
		}
		return Check{Passed: r.Inconclusive == "", Detail: cmp.Or(r.Inconclusive, "found, and shrunk") + lastResort(ctx.Err() != nil, limit)}, nil
	}}}
}

// check runs the binary on one property. number is how many cases it was told to execute.
func (p *Properties) check(ctx context.Context, spec RoundSpec, scratch string) (e ended, test string, number int, err error) {
	test = p.Tests[spec.Seed%uint64(len(p.Tests))]
	run := "^" + test + "$"
	if spec.Variant == VariantBad {
		test, run = p.Bad, p.Bad
	}
	perSecond := p.PerSecond
	if perSecond == 0 {
		perSecond = 60
	}
	if number = max(20, int(perSecond*spec.For.Seconds())); spec.Count > 0 {
		number = int(spec.Count)
	}
	folder := p.Folder
	if folder == "" {
		folder = scratch
	}
	e, err = child{
		name: p.Binary, folder: folder,
		arguments: []string{
			"-test.v", "-test.run", run, "-test.timeout", (4*spec.For + 100e9).String(), "-racewindow.progress",
			"-racewindow.cases", fmt.Sprint(number), "-racewindow.seed", fmt.Sprint(spec.Seed >> 1),
		},
		environment: []string{"RACEWINDOW_REQUIRE_INSTRUMENTED=1", "RACEWINDOW_OUT=" + filepath.Join(scratch, "reports"), "TMPDIR=" + scratch, "GORACE=atexit_sleep_ms=0"},
	}.run(ctx)
	return e, test, number, err
}

// replayLine matches the shrunk case in a property's report, failLine the promise that it breaks.
var (
	replayLine = regexp.MustCompile(`racewindow replay '(v1 [^']*)'`)
	failLine   = regexp.MustCompile(`(?m)^FAIL (\w+)`)
)

// failures makes findings of the reports that the property wrote, or of its output if it wrote none.
func (p *Properties) failures(test, reports string, e ended) (all []Found, err error) {
	files, err := filepath.Glob(filepath.Join(reports, "shrunk-*.txt"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, failed := os.ReadFile(file)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		f := Found{Class: "property " + test, Shape: test, Detail: test + " does not hold", Text: string(content), Count: 1}
		if m := failLine.FindSubmatch(content); m != nil {
			f.Class = string(m[1])
		}
		if m := replayLine.FindSubmatch(content); m != nil {
			f.Case = string(m[1])
		}
		all = append(all, f)
	}
	all = append(all, e.races()...)
	if len(all) == 0 {
		f := e.death(test)
		if !e.died() { // no panic: the test failed and said why
			f.Class, f.Detail = "property "+test, tail(e.output, 400)
		}
		all = append(all, f)
	}
	return all, err
}
