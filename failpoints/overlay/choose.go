// Which packages of a build are spliced, and by which dispatch.

package overlay

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/modfile"
)

const (
	pingcapModule = "github.com/pingcap/failpoint"
	ownModule     = "github.com/racewindow/racewindow"
	ownRuntime    = ownModule + "/failpoints"
)

// choose reads the packages to be spliced: those of the main modules, of modules replaced by a local folder, and of
// the included ones.
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

// local says whether a package belongs to the sources that the user works on.
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
	// The go command refuses an overlay beneath the module cache, so a package from there must move.
	if beneath(p.Dir, b.g.settings.GOMODCACHE) {
		if pf.moved, err = b.move(p); err != nil {
			return err
		}
	}
	b.chosen = append(b.chosen, pf)
	return nil
}

// A dispatcher knows which packages can call racewindow's own runtime.
type dispatcher struct {
	b         *build
	available bool            // the runtime package can be imported in this build
	beneath   map[string]bool // the runtime and what it imports, which cannot import it
	byModule  map[string]bool // module path -> the module is or requires racewindow
}

func newDispatcher(ctx context.Context, b *build) (*dispatcher, error) {
	d := &dispatcher{b: b, beneath: map[string]bool{}, byModule: map[string]bool{}}
	asked := false
	for _, pf := range b.chosen {
		asked = asked || d.requires(pf.listed.Module)
	}
	if !asked {
		return d, nil
	}
	args := append([]string{"list", "-e"}, b.g.inv.forList()...)
	if b.disk.file != "" {
		args = append(args, "-overlay="+b.disk.file)
	}
	out, err := b.g.output(ctx, append(args, "-json=Deps,Error", ownRuntime)...)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", ownRuntime, err)
	}
	var runtime listedPackage
	if err := json.Unmarshal(out, &runtime); err != nil {
		return nil, fmt.Errorf("understand go list %s: %w", ownRuntime, err)
	}
	d.available = runtime.Error == nil
	if !d.available {
		_, _ = fmt.Fprintf(b.g.stderr, "racewindow: all markers keep pingcap's runtime, for %s cannot be imported here: %s\n",
			ownRuntime, strings.TrimSpace(runtime.Error.Err))
	}
	for _, path := range append(runtime.Deps, ownRuntime) {
		d.beneath[path] = true
	}
	return d, nil
}

// own says whether the markers of a package get racewindow's own dispatch.
func (d *dispatcher) own(p *listedPackage) bool {
	return d.available && !d.beneath[p.ImportPath] && d.requires(p.Module)
}

// requires says whether a module is racewindow or requires it. A package of files named on the command line belongs to
// the main module. A module without a go.mod to read (a vendored one) does not.
func (d *dispatcher) requires(m *listedModule) bool {
	path, file := "", d.b.g.settings.GOMOD
	if m != nil {
		path, file = m.Path, m.GoMod
		if m.Replace != nil && m.Replace.GoMod != "" {
			file = m.Replace.GoMod
		}
		if alternative := d.b.g.inv.flags["modfile"]; m.Main && alternative != "" {
			file = absolute(d.b.g.dir, alternative)
		}
	}
	if path == ownModule {
		return true
	}
	known, ok := d.byModule[path]
	if !ok {
		known = d.requiresIn(file)
		d.byModule[path] = known
	}
	return known
}

func (d *dispatcher) requiresIn(file string) bool {
	text, err := d.b.disk.read(file)
	if err != nil {
		return false
	}
	parsed, err := modfile.ParseLax(file, text, nil)
	if err != nil {
		return false
	}
	if parsed.Module != nil && parsed.Module.Mod.Path == ownModule {
		return true
	}
	for _, r := range parsed.Require {
		if r.Mod.Path == ownModule {
			return true
		}
	}
	return false
}
