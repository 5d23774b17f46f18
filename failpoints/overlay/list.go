// The markers of a build: the spliced ones, for the summary, for the list, and for checking the names that somebody enables.

package overlay

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// The kinds of markers that can be enabled by name.
const (
	KindInject        = "Inject"
	KindInjectContext = "InjectContext"
	KindInjectCall    = "InjectCall"
	KindGofail        = "gofail"
)

// A Marker is one failpoint of a build, as its author wrote it.
type Marker struct {
	Name    string `json:"name"` // what enables it; empty when the program computes it
	Kind    string `json:"kind"` // Inject, InjectContext, InjectCall, gofail
	Tool    string `json:"tool"` // pingcap or gofail: whose runtime and terms
	Package string `json:"package"`
	File    string `json:"file"`
	Line    int    `json:"line"`

	path string // the path of its package in the binary
}

// found records a pingcap marker, with its name but without its package.
func (s *splicer) found(m marker) {
	at := 0
	if m.name == KindInjectContext {
		at = 1
	}
	name := ""
	if at < len(m.call.Args) {
		name, _ = constant(m.call.Args[at])
	}
	s.bind.all = append(s.bind.all, Marker{Name: name, Kind: m.name, File: s.path, Line: s.line(m.call.Pos())})
}

// record adds the markers of a file to the build, with their full names and the places where they were written.
func (b *build) record(pf *packageFiles, f *sourceFile, markers []Marker) {
	for _, m := range markers {
		m.File, m.Line = f.written(m.Line)
		m.Package, m.Tool = pf.listed.ImportPath, "pingcap"
		if f.unit == unitExternalTest {
			m.Package += "_test"
		}
		m.path = b.binaryPath(pf, f.unit)
		switch {
		case m.Kind == KindGofail:
			m.Tool, pf.gofail = "gofail", true
		case m.Name != "":
			m.Name = m.path + "/" + m.Name
		}
		b.markers = append(b.markers, m)
	}
}

// binaryPath returns the path of a package in the built binary; the names of its markers begin with it.
func (b *build) binaryPath(pf *packageFiles, u unit) string {
	switch {
	case u == unitExternalTest:
		return pf.listed.ImportPath + "_test"
	case pf.listed.Name == "main" && (b.g.inv.verb != "test" || b.asBinary):
		return "main"
	}
	return pf.listed.ImportPath
}

// Summary says in one line what was spliced: how many markers of which kind, in how many files.
func Summary(markers []Marker) string {
	kinds, files := map[string]int{}, map[string]bool{}
	for _, m := range markers {
		kinds[m.Kind]++
		files[m.File] = true
	}
	if len(markers) == 0 {
		return "No marker was spliced."
	}
	var parts []string
	for _, kind := range sortedKeys(kinds) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[kind], kind))
	}
	return fmt.Sprintf("Spliced %s in %s: %s.", counted(len(markers), "marker"), counted(len(files), "file"), strings.Join(parts, ", "))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// refuseTwins refuses comment markers with equal names in one binary: gofail's names do not contain the package, and its
// runtime ends the process at the second one.
func (b *build) refuseTwins(ctx context.Context) error {
	first := map[string]Marker{}
	var problems Problems
	for _, m := range b.markers {
		if m.Kind != KindGofail {
			continue
		}
		twin, known := first[m.Name]
		if !known {
			first[m.Name] = m
			continue
		}
		linked, err := b.linkedTogether(ctx, twin.Package, m.Package)
		if err != nil {
			return err
		}
		if linked {
			problems = append(problems, Problem{
				File: m.File, Line: m.Line,
				What:   fmt.Sprintf("the gofail marker %s has the name of the one at %s:%d", m.Name, b.shown(twin.File), twin.Line),
				Remedy: "a binary can hold a name once only: rename one of the two",
			})
		}
	}
	return problems.orNil(b.g.dir)
}

// shown returns the name of a file for messages: relative to the folder of the call if it lies in that folder.
func (b *build) shown(path string) string {
	if rel, err := filepath.Rel(b.g.dir, path); err == nil && beneath(path, b.g.dir) {
		return rel
	}
	return path
}

// linkedTogether says whether some package of the build contains or needs both packages.
func (b *build) linkedTogether(ctx context.Context, one, two string) (bool, error) {
	one, two = strings.TrimSuffix(one, "_test"), strings.TrimSuffix(two, "_test")
	if one == two {
		return true, nil
	}
	if b.deps == nil {
		deps, err := b.listDeps(ctx)
		if err != nil {
			return false, err
		}
		b.deps = deps
	}
	for _, needed := range b.deps {
		if slices.Contains(needed, one) && slices.Contains(needed, two) {
			return true, nil
		}
	}
	return false, nil
}

// List returns the markers of the packages that a command names, tests included, sorted by position. It builds nothing.
// Names are those in a binary: a marker of a main package is main/name.
func List(ctx context.Context, c Command) ([]Marker, error) {
	b, err := loadSources(ctx, &c)
	if err != nil {
		return nil, err
	}
	b.asBinary = true
	if err := b.choose(c.Include); err != nil {
		return nil, err
	}
	if err := b.plant(c.Plant); err != nil {
		return nil, err
	}
	steps, err := transforms(ctx, b, false)
	if err != nil {
		return nil, err
	}
	if _, err := b.apply(steps); err != nil {
		return nil, err
	}
	for i := range b.markers {
		b.markers[i].File = b.shown(b.markers[i].File)
	}
	sort.SliceStable(b.markers, func(i, j int) bool {
		x, y := b.markers[i], b.markers[j]
		return x.File < y.File || x.File == y.File && x.Line < y.Line
	})
	return b.markers, nil
}

// loadSources lists the packages of a command that runs nothing. Test files are included; without a pattern, all packages of
// the module are listed.
func loadSources(ctx context.Context, c *Command) (*build, error) {
	c.Verb = "test"
	inv, err := parseInvocation(c.Verb, c.Args)
	if err != nil {
		return nil, err
	}
	if err := inv.sourcesOnly(); err != nil {
		return nil, err
	}
	g, err := newGoCommand(*c, inv)
	if err != nil {
		return nil, err
	}
	if err := g.configure(ctx, len(c.Plant) > 0); err != nil {
		return nil, err
	}
	b, err := g.load(ctx)
	if err != nil {
		return nil, err
	}
	return b, b.broken()
}

// sourcesOnly refuses flags that have no meaning without a go command to run.
func (inv *invocation) sourcesOnly() error {
	if len(inv.packages) == 0 {
		inv.packages = []string{"./..."}
	}
	for _, arg := range append(slices.Clone(inv.before), inv.after...) {
		if name, _, _, ok := flagName(arg); ok && !listFlags[name] && name != "trimpath" {
			return usage("-%s does not change which sources belong to a build: leave it out", name)
		}
	}
	return nil
}

// broken returns an error if a named package cannot be listed. For a build, the go command reports that; for a list, nothing
// else would.
func (b *build) broken() error {
	for _, p := range b.packages {
		if !p.DepOnly && p.Error != nil {
			return usage("cannot list %s: %s", p.ImportPath, strings.TrimSpace(p.Error.Err))
		}
	}
	if !slices.ContainsFunc(b.packages, func(p *listedPackage) bool { return !p.DepOnly }) {
		return usage("no package matches %s", b.scope())
	}
	return nil
}
