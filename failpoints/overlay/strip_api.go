// What a stripped build does with other uses of pingcap's package than markers. The type Value is interface{} by another
// name, and becomes that. Any other use keeps the import alive: it is an error, or, with KeepAPI, an inert package with the
// same names replaces pingcap's.

package overlay

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"
	"slices"

	"golang.org/x/tools/txtar"
)

//go:embed inert.txtar
var inertArchive []byte

// An apiUse is a use of pingcap's package that is no marker.
type apiUse struct {
	pkg, name string
	pos, end  token.Pos
}

// apiUses returns the uses of pingcap's package outside of markers.
func (s *splicer) apiUses(outer []marker) (uses []apiUse) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := imported(selector.X, s.aliases)
		inside := slices.ContainsFunc(outer, func(m marker) bool {
			return m.call.Pos() <= selector.Pos() && selector.Pos() < m.call.End()
		})
		if ok && !inside && !markerNames[selector.Sel.Name] {
			uses = append(uses, apiUse{pkg, selector.Sel.Name, selector.Pos(), selector.End()})
		}
		return true
	})
	return uses
}

// stripUses replaces Value, and returns the import names of pingcap's package that are still needed. Unless the API is kept,
// a regular file may need none.
func (s *splicer) stripUses(outer []marker, regular, keepAPI bool) (needed map[string]bool) {
	needed = map[string]bool{}
	uses := s.apiUses(outer)
	for _, use := range uses {
		switch {
		case use.name == "Value" && !keepAPI:
			s.replace(use.pos, use.end, "interface{}", "")
			continue
		case regular && !keepAPI:
			s.problem(use.pos, fmt.Sprintf("%s.%s is no marker, so the import of %s cannot be stripped", use.pkg, use.name, pingcapModule),
				"strip with --strip-keep-api, which puts a package that does nothing in its place, "+
					"or move this to a file that the build leaves out (//go:build)")
		}
		needed[use.pkg] = true
	}
	return needed
}

// replaceAPI puts an inert package in place of pingcap's, wherever the build finds that.
func (b *build) replaceAPI() error {
	at := slices.IndexFunc(b.packages, func(p *listedPackage) bool { return p.ImportPath == pingcapModule })
	if at < 0 {
		return nil
	}
	handles := b.importedElsewhere()
	for _, pf := range b.chosen {
		for _, f := range pf.files {
			handles = handles || bytes.Contains(f.content, []byte("HttpHandler"))
		}
	}
	if err := b.add(b.packages[at]); err != nil {
		return err
	}
	pf := b.chosen[len(b.chosen)-1]
	for _, f := range pf.files {
		f.content = []byte("package failpoint\n")
	}
	if len(pf.files) < 2 {
		return fmt.Errorf("put a package in the place of %s: it has %d files", pingcapModule, len(pf.files))
	}
	for i, f := range txtar.Parse(inertArchive).Files {
		if f.Name == "http.go" && !handles {
			continue // it would link net/http needlessly
		}
		pf.files[i].content = f.Data
	}
	return nil
}

// importedElsewhere says whether a package that is not stripped imports pingcap's.
func (b *build) importedElsewhere() bool {
	return slices.ContainsFunc(b.packages, func(p *listedPackage) bool {
		chosen := slices.ContainsFunc(b.chosen, func(pf *packageFiles) bool { return pf.listed == p })
		return !chosen && slices.Contains(p.Imports, pingcapModule)
	})
}
