package soak

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fuzz runs a fuzz target of the module in each round. Corpus and findings are in the campaign's folder; nothing is written to
// the sources.
type Fuzz struct {
	// Go is the go command, Module the module's root, Folder the folder for binaries, inputs and findings.
	Go, Module, Folder string
	// Targets are the fuzz targets as PACKAGE.FuzzName, with the package as a path below the root.
	Targets []string
	Logs    string

	canary string // the target that fails on purpose, "" if there is none
	mu     sync.Mutex
	built  map[string]error
}

// NewFuzz finds the fuzz targets in the module's tests.
func NewFuzz(goCommand, module, folder, logs string) (*Fuzz, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	f := &Fuzz{Go: goCommand, Module: module, Folder: folder, Logs: logs, built: map[string]error{}}
	err = filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if name := entry.Name(); path != module && (strings.HasPrefix(name, ".") || name == "testdata" || name == "out" || name == "bin" || nested(path)) {
				return filepath.SkipDir
			}
			return nil
		case strings.HasSuffix(path, "_test.go"):
			return f.addTargets(path)
		}
		return nil
	})
	if err == nil && len(f.Targets) == 0 {
		err = fmt.Errorf("no fuzz target lies in %s", module)
	}
	slices.Sort(f.Targets)
	return f, err
}

func nested(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func (f *Fuzz) addTargets(path string) error {
	below, err := filepath.Rel(f.Module, filepath.Dir(path))
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		declared, is := d.(*ast.FuncDecl)
		if !is || declared.Recv != nil || !isFuzz(declared) {
			continue
		}
		switch target := filepath.ToSlash(below) + "." + declared.Name.Name; declared.Name.Name {
		case "FuzzCanary":
			f.canary = target
		default:
			f.Targets = append(f.Targets, target)
		}
	}
	return nil
}

// isFuzz says whether a function is a fuzz target: FuzzXxx(*testing.F).
func isFuzz(f *ast.FuncDecl) bool {
	if !strings.HasPrefix(f.Name.Name, "Fuzz") || len(f.Type.Params.List) != 1 {
		return false
	}
	pointer, is := f.Type.Params.List[0].Type.(*ast.StarExpr)
	if !is {
		return false
	}
	of, is := pointer.X.(*ast.SelectorExpr)
	return is && of.Sel.Name == "F"
}

// Name is fuzz.
func (*Fuzz) Name() string { return "fuzz" }

// Variants has one word: each round draws its target.
func (*Fuzz) Variants() []string { return []string{"drawn"} }

var (
	fuzzExecs = regexp.MustCompile(`execs: (\d+)`)
	fuzzNew   = regexp.MustCompile(`new interesting: (\d+)`)
)

// countInputs is the name of the count of inputs. canaryInputs is how many inputs may be tried to find the canary, which takes
// a few thousand.
const (
	countInputs  = "fuzz inputs"
	canaryInputs = 2_000_000
)

// length is the value of -test.fuzztime for a round. The canary counts inputs, so that a busy machine tries as many as an idle
// one.
func (f *Fuzz) length(spec RoundSpec) string {
	switch {
	case spec.Variant == VariantFails:
		return fmt.Sprintf("%dx", canaryInputs)
	case spec.Count > 0:
		return fmt.Sprintf("%dx", spec.Count)
	}
	return spec.For.Round(time.Millisecond).String()
}

// Run fuzzes one target. The seed chooses the target, but not the inputs, which Go's fuzzing draws; an input that fails is a
// file that can run again.
func (f *Fuzz) Run(ctx context.Context, spec RoundSpec) (RoundResult, error) {
	target := f.canary
	if spec.Variant != VariantFails {
		target = f.Targets[spec.Seed%uint64(len(f.Targets))]
	}
	name := target[strings.LastIndexByte(target, '.')+1:]
	work, binary, err := f.build(ctx, target)
	if err != nil {
		return RoundResult{Inconclusive: err.Error()}, nil
	}
	arguments := []string{
		"-test.run", "^$", "-test.fuzz", "^" + name + "$", "-test.fuzztime", f.length(spec), "-test.fuzzminimizetime", "5s",
		"-test.fuzzcachedir", filepath.Join(work, "cache"), "-test.parallel", "2",
	}
	e, err := child{name: binary, folder: work, arguments: arguments, heard: func(output string) {
		if n := lastNumber(fuzzExecs, output); n > 0 && spec.Progress != nil {
			spec.Progress(Counts{countInputs: n})
		}
	}}.run(ctx)
	if err != nil {
		return RoundResult{}, err
	}
	keepLog(f.Logs, fmt.Sprintf("fuzz-%d.log", spec.Number), e.output)
	r := RoundResult{Counts: Counts{countInputs: lastNumber(fuzzExecs, e.output)}, Unnamed: lastNumber(fuzzNew, e.output), Peak: e.peak, Behaviour: []string{"fuzz target " + target}}
	switch {
	case e.code == 0 && r.Counts[countInputs] == 0:
		r.Inconclusive = target + " tried nothing: " + e.why(200)
	case e.code == 0:
	case ctx.Err() != nil:
		r.Inconclusive = fmt.Sprintf("%s was ended after %d inputs: %v: %s", target, r.Counts[countInputs], ctx.Err(), e.why(300))
	default:
		r.Found = []Found{f.failure(work, target, name, e)}
	}
	return r, nil
}

// VariantFails is the canary: a target FuzzCanary, which fails on inputs that only the fuzzer's guidance leads to. It is not
// among the variants, but Run takes it.
const VariantFails = "fails"

// FuzzingCanary is a preparation: fuzzing must find the failure of the target that fails on purpose. limit is a last resort.
func FuzzingCanary(f *Fuzz, limit time.Duration) []Preparation {
	if f.canary == "" {
		return []Preparation{{CheckCanary, "fuzz/" + VariantFails, func(context.Context, uint64) (Check, error) {
			return Check{Skipped: true, Detail: "not tried: the sources have no target FuzzCanary, which fails on purpose"}, nil
		}}}
	}
	return []Preparation{{CheckCanary, "fuzz/" + VariantFails, func(ctx context.Context, seed uint64) (Check, error) {
		if _, _, err := f.build(ctx, f.canary); err != nil { // building does not count towards the limit
			return Check{Detail: err.Error()}, ctx.Err()
		}
		bounded, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		r, err := f.Run(bounded, RoundSpec{Kind: f.Name(), Variant: VariantFails, Seed: seed, For: limit, Progress: hearer(ctx)})
		switch {
		case err != nil || ctx.Err() != nil:
			return Check{}, errors.Join(err, ctx.Err())
		case len(r.Found) > 0:
			return Check{Passed: true, Detail: fmt.Sprintf("%s in %d inputs", r.Found[0].Class, r.Counts[countInputs])}, nil
		case r.Inconclusive != "":
			return Check{Detail: fmt.Sprintf("no verdict%s: %s", lastResort(bounded.Err() != nil, limit), Clip(r.Inconclusive, 700))}, nil
		}
		return Check{Detail: fmt.Sprintf("nothing was found in %d inputs%s", r.Counts[countInputs], lastResort(bounded.Err() != nil, limit))}, nil
	}}}
}

// build builds the binary of a target's package, once in a process's life. work is the folder in which it must run.
func (f *Fuzz) build(ctx context.Context, target string) (work, binary string, err error) {
	pkg := target[:strings.LastIndexByte(target, '.')]
	work = filepath.Join(f.Folder, strings.ReplaceAll(pkg, "/", "-"))
	binary = filepath.Join(work, "fuzz.test")
	if err = f.buildOnce(ctx, pkg, work, binary); err != nil {
		err = fmt.Errorf("build the fuzz targets of %s: %w", pkg, err)
	}
	return work, binary, err
}

func (f *Fuzz) buildOnce(ctx context.Context, pkg, work, binary string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err, done := f.built[pkg]; done {
		return err
	}
	if err := os.MkdirAll(work, 0o777); err != nil {
		return err
	}
	e, err := child{name: f.Go, folder: f.Module, arguments: []string{"test", "-c", "-fuzz=Fuzz", "-o", binary, "./" + pkg}}.run(ctx)
	if err == nil && e.code != 0 {
		err = errors.New(e.why(500))
	}
	if ctx.Err() == nil {
		f.built[pkg] = err
	}
	return err
}

// failure makes a finding of the output and of the inputs that fail.
func (f *Fuzz) failure(work, target, name string, e ended) Found {
	found := Found{Class: "fuzz " + target, Detail: tail(e.output, 400), Text: e.output, Count: 1}
	found.Shape = e.death(target).Shape
	for line := range strings.Lines(e.output) {
		if text := strings.TrimSpace(line); strings.Contains(text, "_test.go:") {
			found.Detail = text
			found.Shape = target + ": " + WithoutNumbers(text)
			break
		}
	}
	inputs, _ := filepath.Glob(filepath.Join(work, "testdata", "fuzz", name, "*"))
	for _, input := range inputs {
		content, err := os.ReadFile(input)
		if err != nil {
			continue
		}
		sum := sha256.Sum256(content)
		called := hex.EncodeToString(sum[:8])
		found.Text += fmt.Sprintf("\ninput, for testdata/fuzz/%s/%s (input-%s of this folder):\n%s", name, called, called, Clip(string(content), 1<<10))
		if found.Inputs == nil {
			found.Inputs = map[string][]byte{}
		}
		found.Inputs[called] = content
		_ = os.Remove(input) // otherwise each later round would fail on it at once
	}
	return found
}

func lastNumber(pattern *regexp.Regexp, text string) uint64 {
	all := pattern.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(all[len(all)-1][1], 10, 64) // the pattern matches digits only
	return n
}
