// Which packages of a build are spliced, and which dispatch their markers get.

package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	pingcapModule = "github.com/pingcap/failpoint"
	ownModule     = "github.com/racewindow/racewindow"
	ownRuntime    = ownModule + "/failpoints"
)

// choose reads the packages to splice: those of the main modules, of modules that a local folder replaces, and of the
// included modules.
func (b *build) choose(include []string) error {
	wanted := map[string]bool{}
	for _, module := range include {
		wanted[module] = true
	}
	found := map[string]bool{}
	for _, p := range b.packages {
		if p.Standard || p.Dir == "" || p.Module != nil && p.Module.Path == pingcapModule {
			continue
		}
		included := p.Module != nil && wanted[p.Module.Path]
		if included {
			found[p.Module.Path] = true
		}
		if !included && !b.local(p) {
			continue
		}
		if err := b.add(p); err != nil {
			return err
		}
	}
	for _, module := range include {
		if !found[module] {
			return usage("--include %s: no package of that module is part of this build (go list -deps %s)",
				module, b.scope())
		}
	}
	return nil
}

// includedForNothing refuses an --include of a module without a marker to splice: a user who asks for its markers believes
// that they fire.
func (b *build) includedForNothing(include []string) error {
	for _, module := range include {
		packages, edited := 0, false
		for _, pf := range b.chosen {
			if pf.listed.Module != nil && pf.listed.Module.Path == module {
				packages++
				edited = edited || pf.edited
			}
		}
		if !edited {
			return usage("--include %s: there is no failpoint marker in the packages of that module that this build "+
				"contains (%d of them): leave it out, or include the module that has the markers", module, packages)
		}
	}
	return nil
}

// local says whether a package belongs to the sources that the user is working on.
func (b *build) local(p *listedPackage) bool {
	m := p.Module
	switch {
	case m == nil, m.Main: // files named on the command line have no module
		return !beneath(p.Dir, b.g.settings.GOMODCACHE)
	case m.Replace == nil:
		return false
	}
	return m.Replace.Version == "" && !beneath(p.Dir, b.g.settings.GOMODCACHE)
}

func (b *build) add(p *listedPackage) error {
	pf, err := b.read(p)
	if err != nil {
		return err
	}
	// The go command refuses an overlay below the module cache, so a package from there must move.
	if beneath(p.Dir, b.g.settings.GOMODCACHE) {
		if pf.moved, err = b.move(p); err != nil {
			return err
		}
	}
	b.chosen = append(b.chosen, pf)
	return nil
}

// A dispatcher knows which packages can call racewindow's runtime.
type dispatcher struct {
	available bool            // the runtime package can be imported in this build
	beneath   map[string]bool // the runtime and its imports, which cannot import it
	enables   bool            // code of this build can enable failpoints of pingcap's runtime
}

func newDispatcher(ctx context.Context, b *build) (*dispatcher, error) {
	d := &dispatcher{beneath: map[string]bool{}, enables: b.mayEnable()}
	if !b.importsRacewindow() {
		return d, nil
	}
	runtime, err := b.lookFor(ctx, ownRuntime, "Deps,Error")
	if err != nil {
		return nil, err
	}
	d.available = runtime.Error == nil
	if !d.available {
		_, _ = fmt.Fprintf(b.g.stderr, "racewindow: all markers keep pingcap's runtime, because %s cannot be imported here: %s\n",
			ownRuntime, strings.TrimSpace(runtime.Error.Err))
	}
	for _, path := range append(runtime.Deps, ownRuntime) {
		d.beneath[path] = true
	}
	return d, nil
}

// lookFor asks go list for a package that the build does not name. It never changes the user's go.mod, whatever -mod is.
func (b *build) lookFor(ctx context.Context, importPath, fields string) (p listedPackage, err error) {
	args := append([]string{"list", "-e"}, b.g.inv.forList()...)
	if b.g.inv.flags["mod"] == "mod" {
		args = append(args, "-mod=readonly")
	}
	if b.disk.file != "" {
		args = append(args, "-overlay="+b.disk.file)
	}
	out, err := b.g.output(ctx, append(args, "-json="+fields, importPath)...)
	if err != nil {
		return p, fmt.Errorf("look for %s: %w", importPath, err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		return p, fmt.Errorf("understand go list %s: %w", importPath, err)
	}
	return p, nil
}

// own says whether the markers of a package get racewindow's own dispatch.
func (d *dispatcher) own(p *listedPackage) bool {
	return d.available && !d.beneath[p.ImportPath]
}

// importsRacewindow says whether code of this build imports a package of racewindow; only then can a context carry a
// controller. A go.mod that requires racewindow proves nothing, because a tool line adds such a requirement. Tests can lie
// in another module than the code that they control, so one import counts for every spliced module.
func (b *build) importsRacewindow() bool {
	return slices.ContainsFunc(b.chosen, func(pf *packageFiles) bool {
		p := pf.listed
		imports := p.Imports
		if b.g.inv.verb == "test" && !p.DepOnly {
			imports = slices.Concat(imports, p.TestImports, p.XTestImports)
		}
		return p.Module != nil && p.Module.Path == ownModule || slices.ContainsFunc(imports, ofRacewindow)
	})
}

func ofRacewindow(importPath string) bool {
	return importPath == ownModule || strings.HasPrefix(importPath, ownModule+"/")
}

// mayEnable says whether code of this build may enable failpoints of pingcap's runtime. A package that imports that runtime
// and is not read for splicing may do anything with it.
func (b *build) mayEnable() bool {
	chosen := map[*listedPackage]bool{}
	for _, pf := range b.chosen {
		chosen[pf.listed] = true
		for _, f := range pf.files {
			if mentionsPingcap(f.content) && bytes.Contains(f.content, []byte("Enable")) {
				return true
			}
		}
	}
	return slices.ContainsFunc(b.packages, func(p *listedPackage) bool {
		return !chosen[p] && (p.Module == nil || p.Module.Path != pingcapModule) && slices.Contains(p.Imports, pingcapModule)
	})
}
