// The transforms: what is done to the files of a package on their way into the build, in order.

package overlay

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// A transform changes the files of one package. It returns Problems for what the author can repair. A transform that
// changes the text that markers are searched in (a patch, for example) stands before those that splice.
type transform func(*packageFiles) error

func transforms(ctx context.Context, b *build, strip bool) ([]transform, error) {
	if strip {
		return []transform{b.refuseRewritten, b.strip}, nil
	}
	d, err := newDispatcher(ctx, b)
	if err != nil {
		return nil, err
	}
	return []transform{b.refuseRewritten, func(pf *packageFiles) error { return instrument(pf, d) }}, nil
}

// refuseRewritten refuses trees that pingcap's tool has rewritten in place: the markers in them are gone already.
func (b *build) refuseRewritten(pf *packageFiles) error {
	for _, f := range pf.files {
		if filepath.Base(f.path) == "binding__failpoint_binding__.go" {
			return Problems{{
				File: f.path, Line: 1, What: "failpoint-ctl has rewritten this package in place",
				Remedy: "restore the sources with failpoint-ctl disable first",
			}}
		}
	}
	return nil
}

// mentionsPingcap is a quick look that spares most files the parser.
func mentionsPingcap(content []byte) bool { return bytes.Contains(content, []byte(pingcapModule)) }

// instrument splices the markers of a package and adds the binding files that the spliced code calls.
func instrument(pf *packageFiles, d *dispatcher) error {
	var problems Problems
	for u := unitRegular; u <= unitExternalTest; u++ {
		bind := &binding{unit: u, own: d.own(pf.listed), enables: d.enables}
		for _, f := range pf.files {
			if f.unit != u || f.original == nil || !mentionsPingcap(f.content) {
				continue
			}
			points, others := len(bind.points), len(bind.others)
			content, err := spliceMarkers(f.path, f.content, bind)
			if err != nil {
				if !problems.collect(f.blame(err)) {
					return err
				}
				continue
			}
			f.place(bind.points[points:])
			f.place(bind.others[others:])
			f.content = content
		}
		if !bind.used {
			continue
		}
		if err := pf.addBinding(bind); err != nil {
			return err
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// strip removes the markers of a package.
func (b *build) strip(pf *packageFiles) error {
	var problems Problems
	for _, f := range pf.files {
		if f.original == nil || !mentionsPingcap(f.content) {
			continue
		}
		content, err := stripMarkers(f.path, f.content, f.unit == unitRegular, b.packageName)
		if err != nil {
			if !problems.collect(f.blame(err)) {
				return err
			}
			continue
		}
		f.content = content
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// packageName is the name under which a file refers to an imported package that it gives no name of its own.
func (b *build) packageName(importPath string) string {
	if name := b.names[importPath]; name != "" {
		return name
	}
	base := importPath[strings.LastIndexByte(importPath, '/')+1:]
	return base
}

// addBinding adds the binding file of a unit.
func (pf *packageFiles) addBinding(bind *binding) error {
	name := pf.listed.Name
	if bind.unit == unitExternalTest {
		name += "_test"
	}
	path := filepath.Join(pf.listed.Dir, bind.fileName())
	for _, f := range pf.files {
		if f.path == path {
			return fmt.Errorf("%s is the name of a file that the instrumented build adds: rename yours", path)
		}
	}
	pf.files = append(pf.files, &sourceFile{path: path, unit: bind.unit, content: bind.source(name)})
	return nil
}
