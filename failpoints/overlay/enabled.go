// The failpoints that the environment enables. The runtimes of pingcap and gofail accept any name. A name that no marker has
// never fires, and the run would look as if the failpoint changed nothing.

package overlay

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// environments are the variables that the runtimes read when they start, to enable markers.
var environments = []struct {
	variable string
	gofail   bool
}{{"GO_FAILPOINTS", false}, {"GOFAIL_FAILPOINTS", true}}

// variable returns the value of a variable in the environment of the go command.
func (g *goCommand) variable(name string) string {
	for _, entry := range slices.Backward(g.env) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// keepFromCache makes the go command run tests whose failpoints the environment enables, instead of taking a cached result.
// The runtimes read the variables before package testing starts to record what a result depends on, so a cached result would
// count for any environment.
func (g *goCommand) keepFromCache() {
	if g.inv.verb != "test" || g.inv.flags["count"] != "" {
		return
	}
	for _, e := range environments {
		if g.variable(e.variable) != "" {
			g.inv.before = append([]string{"-count=1"}, g.inv.before...)
			return
		}
	}
}

// checkEnabled checks every name that the environment or the sources enable. A name that no marker of the build has is a
// usage error in the environment of a test or a run. It is only a warning in three cases: packages may evaluate failpoints
// without a marker, the name is in a source, or the command is a build, whose binary runs elsewhere.
func (b *build) checkEnabled() error {
	for _, e := range b.enables {
		if why, sure := b.unknownName(e.name, e.gofail); why != "" && sure {
			b.warn("%s:%d: %s enables %q, and %s", b.shown(e.file), e.line, e.call, e.name, why)
		}
	}
	for _, e := range environments {
		for _, name := range enabledNames(b.g.variable(e.variable)) {
			why, _ := b.unknownName(name, e.gofail)
			switch {
			case why == "":
			case b.g.inv.verb == "build" || b.tree || b.g.inv.flags["c"] == "true" || !e.gofail && b.wild():
				b.warn("%s enables %q, and %s", e.variable, name, why)
			default:
				return usage("%s enables %q, and %s", e.variable, name, why)
			}
		}
	}
	return nil
}

func (b *build) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(b.g.stderr, "racewindow: "+format+"\n", args...)
}

// enabledNames returns the names in a list such as a=return(1);b=panic, read as both runtimes read it.
func enabledNames(list string) (names []string) {
	for _, entry := range strings.Split(list, ";") {
		if name, _, ok := strings.Cut(entry, "="); ok && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// unknownName says why enabling a name does nothing in this build; why is empty if it may do something. sure is false if the
// name may belong to a package that evaluates failpoints without a marker.
func (b *build) unknownName(name string, gofail bool) (why string, sure bool) {
	var known []string
	for _, m := range b.markers {
		switch {
		case (m.Kind == KindGofail) != gofail:
		case m.Name == name:
			return "", false
		case m.Name != "":
			known = append(known, m.Name)
		case strings.HasPrefix(name, m.path+"/"):
			return "", false // a marker of that package computes its name
		}
	}
	near := nearNames(name, known)
	home := b.home(name)
	switch {
	case len(near) > 0:
		return "no marker of this build has that name; did you mean " + strings.Join(near, " or ") + "?", true
	case gofail || home == nil:
		return "no marker of this build has that name (racewindow failpoints " + b.scope() + " lists them)", gofail || !b.wild()
	case !slices.ContainsFunc(b.chosen, func(pf *packageFiles) bool { return pf.listed == home }) && home.Module != nil:
		return "the markers of " + home.Module.Path + " are not spliced: add --include " + home.Module.Path, !b.wild()
	}
	return "no marker of package " + home.ImportPath + " has that name", true
}

// home returns the package that a name belongs to.
func (b *build) home(name string) (home *listedPackage) {
	for _, p := range b.packages {
		if !p.Standard && strings.HasPrefix(name, p.ImportPath+"/") && (home == nil || len(home.ImportPath) < len(p.ImportPath)) {
			home = p
		}
	}
	return home
}

// wild says whether packages may evaluate names that no marker has: spliced packages that call Eval themselves, or other
// packages that import pingcap's.
func (b *build) wild() bool {
	if b.evaluates {
		return true
	}
	return slices.ContainsFunc(b.packages, func(p *listedPackage) bool {
		chosen := slices.ContainsFunc(b.chosen, func(pf *packageFiles) bool { return pf.listed == p })
		return !chosen && p.ImportPath != ownRuntime && slices.Contains(p.Imports, pingcapModule)
	})
}

// mostNear is the largest number of similar names that a message suggests.
const mostNear = 3

// nearNames returns the known names that the user may have meant: those that differ by a few letters, or only in the
// package.
func nearNames(name string, known []string) (near []string) {
	last := name[strings.LastIndexByte(name, '/')+1:]
	for _, k := range known {
		tail := k[strings.LastIndexByte(k, '/')+1:]
		if strings.HasSuffix(k, "/"+name) || tail == last || distance(name, k) <= min(3, max(1, min(len(last), len(tail))/2)) {
			near = append(near, k)
		}
	}
	slices.SortStableFunc(near, func(x, y string) int { return distance(name, x) - distance(name, y) })
	near = slices.Compact(near)
	return near[:min(len(near), mostNear)]
}

// distance returns how many letters must be added, removed or replaced to turn one name into the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// An enabling is a call in a source file that enables a failpoint whose name can be read from the file.
type enabling struct {
	call, name, file string
	line             int
	gofail           bool
}

var enablers = names("Enable EnableWith EnableCall")

// findEnablings returns the calls in the file that enable a failpoint, and whether the file evaluates any failpoint itself.
func (s *source) findEnablings() (found []enabling, evaluates bool) {
	gofail := map[string]bool{}
	for _, spec := range s.file.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); path == gofailRuntime {
			gofail["runtime"] = spec.Name == nil
			if spec.Name != nil {
				gofail[spec.Name.Name] = true
			}
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		selector, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, pingcap := imported(selector.X, s.aliases)
		if !pingcap {
			if pkg, ok = imported(selector.X, gofail); !ok {
				return true
			}
		}
		evaluates = evaluates || pingcap && (strings.HasPrefix(selector.Sel.Name, "Eval") || selector.Sel.Name == "Call")
		if name, ok := constant(call.Args[0]); ok && enablers[selector.Sel.Name] {
			found = append(found, enabling{
				call: pkg + "." + selector.Sel.Name, name: name, gofail: !pingcap,
				file: s.path, line: s.line(call.Pos()),
			})
		}
		return true
	})
	return found, evaluates
}
