// Stripping: the reverse of splicing, for production builds. Importing pingcap's package is enough to link net/http, to let
// a bad GO_FAILPOINTS end the process, and to let GO_FAILPOINTS_HTTP open a port, even if no marker was ever rewritten. A
// stripped file has neither markers nor the import.
//
// The arguments of a marker are removed with it, effects included: a failpoint must not do the program's work. Local
// variables that only a marker used stay used, through a blank assignment in its place. Imports that only a marker used
// become blank imports, so that their initialisation still runs.

package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// stripMarkers returns the text of a file without its markers. nameOf returns the package name of an import without a name.
// A regular file may use nothing of pingcap's package but Value, unless the API is kept: the import would have to stay.
func stripMarkers(path string, text []byte, regular, keepAPI bool, nameOf func(string) string) ([]byte, error) {
	src, err := parseSource(path, text)
	if err != nil {
		return nil, err
	}
	s := &splicer{source: src, bind: &binding{}}
	outer := s.outermost()
	for _, m := range outer {
		s.remove(m)
	}
	within, without := s.qualifiers(outer)
	s.stripImports(s.stripUses(outer, regular, keepAPI))
	s.blankImports(within, without, nameOf)
	if len(s.problems) > 0 {
		return nil, s.problems
	}
	return s.result()
}

// outermost returns the markers that are not inside other markers; the inner ones go with the outer.
func (s *splicer) outermost() []marker {
	var outer []marker
	end := token.NoPos
	sort.Slice(s.markers, func(i, j int) bool { return s.markers[i].call.Pos() < s.markers[j].call.Pos() })
	for _, m := range s.markers {
		if m.call.Pos() < end {
			continue
		}
		outer, end = append(outer, m), m.call.End()
	}
	return outer
}

// remove replaces the marker by blank assignments of the local variables that it mentions.
func (s *splicer) remove(m marker) {
	var used []string
	seen := map[string]bool{}
	ast.Inspect(m.call, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !seen[id.Name] && s.localOutside(id, m.call) {
			seen[id.Name] = true
			used = append(used, "_ = "+id.Name)
		}
		return true
	})
	text := strings.Join(used, "; ")
	if m.labeled {
		text = "{ " + text + " }"
	}
	s.replace(m.call.Pos(), m.call.End(), text, "")
}

// localOutside says whether id is a local variable that is declared outside of the marker.
func (s *splicer) localOutside(id *ast.Ident, call *ast.CallExpr) bool {
	o := object(id)
	if o == nil || o.Kind != ast.Var || id.Name == "_" {
		return false
	}
	if s.file.Scope != nil && s.file.Scope.Lookup(id.Name) == o {
		return false
	}
	at := o.Pos()
	return at.IsValid() && (at < call.Pos() || at >= call.End())
}

// qualifiers returns the names before a dot that the file does not declare: those in markers, and those elsewhere.
func (s *splicer) qualifiers(outer []marker) (within, without map[string]token.Pos) {
	within, without = map[string]token.Pos{}, map[string]token.Pos{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := selector.X.(*ast.Ident)
		if !ok || object(id) != nil || s.aliases[id.Name] && markerNames[selector.Sel.Name] {
			return true
		}
		into := without
		for _, m := range outer {
			if m.call.Pos() <= id.Pos() && id.Pos() < m.call.End() {
				into = within
			}
		}
		if _, known := into[id.Name]; !known {
			into[id.Name] = id.Pos()
		}
		return true
	})
	return within, without
}

// stripImports removes the imports of pingcap's package.
func (s *splicer) stripImports(needed map[string]bool) {
	for _, decl := range s.file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.IMPORT {
			continue
		}
		for _, spec := range group.Specs {
			if spec := spec.(*ast.ImportSpec); spec.Path.Value == strconv.Quote(pingcapModule) ||
				spec.Path.Value == "`"+pingcapModule+"`" {
				s.stripImport(group, spec, needed)
			}
		}
	}
}

func (s *splicer) stripImport(group *ast.GenDecl, spec *ast.ImportSpec, needed map[string]bool) {
	name := "failpoint"
	if spec.Name != nil {
		name = spec.Name.Name
	}
	if needed[name] {
		return
	}
	from, to := spec.Pos(), spec.End()
	if !group.Lparen.IsValid() {
		s.replace(group.Pos(), to, "import ()", "")
		return
	}
	if at := s.find(to, group.Rparen, token.SEMICOLON); at.IsValid() && s.line(at) == s.line(to) {
		to = at + 1
	}
	s.replace(from, to, "", "")
}

// blankImports turns imports that only markers used into blank imports.
func (s *splicer) blankImports(within, without map[string]token.Pos, nameOf func(string) string) {
	for _, spec := range s.file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || path == pingcapModule || path == "C" {
			continue
		}
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		} else {
			name = nameOf(path)
		}
		_, inMarkers := within[name]
		_, elsewhere := without[name]
		switch {
		case !inMarkers || elsewhere:
		case spec.Name != nil:
			s.replace(spec.Name.Pos(), spec.Name.End(), "_", "")
		default:
			s.insert(spec.Path.Pos(), "_ ")
		}
	}
}

// verifyStripped asks go list whether the stripped build is free of pingcap's package. Dependencies are stripped only if
// they are included, and one that imports the package brings everything back.
func (b *build) verifyStripped(ctx context.Context, s *stage) error {
	if b.names[pingcapModule] == "" {
		return nil
	}
	args := append([]string{"list", "-e", "-deps", "-json=ImportPath,Imports,Module"}, b.g.inv.forList()...)
	if s.file != "" {
		args = append(args, "-overlay="+s.file)
	}
	out, err := b.g.output(ctx, append(append(args, "--"), b.g.inv.listed()...)...)
	if err != nil {
		return fmt.Errorf("check that the build is stripped: %w", err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Imports    []string
			Module     *listedModule
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("understand go list: %w", err)
		}
		if !slices.Contains(p.Imports, pingcapModule) {
			continue
		}
		remedy := "remove the import"
		if p.Module != nil && !p.Module.Main {
			remedy = "add --include " + p.Module.Path + ", or --strip-keep-api"
		}
		return fmt.Errorf("%s still imports %s, so the binary would link it: %s", p.ImportPath, pingcapModule, remedy)
	}
}
