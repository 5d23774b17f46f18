package weaken

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/packages"
)

// A Search says where to look for places.
type Search struct {
	Dir      string   // the folder of the call
	Env      []string // of the go command
	Flags    []string // of go list: -tags and the like
	Patterns []string // packages
}

// A Found is the outcome of a search.
type Found struct {
	Places   []*Place
	Changed  map[string][]byte // by file: its text with the switches; lines keep their numbers
	Added    map[string][]byte // by file: the switch of each package that has a place
	Packages []string          // the import paths of the packages that have a place
	Left     []string          // places that cannot be weakened, each with the reason
}

// ErrLoad is the error of packages that cannot be loaded or compiled.
var ErrLoad = errors.New("the packages cannot be loaded")

// Find finds the places of the packages that match the patterns. It leaves out test files, the standard library and the
// module cache.
func Find(ctx context.Context, s Search) (*Found, error) {
	loaded, err := packages.Load(&packages.Config{
		Context: ctx, Dir: s.Dir, Env: s.Env, BuildFlags: s.Flags,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedSyntax | packages.NeedTypes |
			packages.NeedTypesInfo | packages.NeedImports | packages.NeedModule,
	}, s.Patterns...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLoad, err)
	}
	for _, p := range loaded {
		for _, e := range p.Errors {
			err = errors.Join(err, fmt.Errorf("%w: %w", ErrLoad, e))
		}
	}
	if err != nil {
		return nil, err
	}
	loaded = slices.DeleteFunc(loaded, func(p *packages.Package) bool {
		return p.Module == nil || !p.Module.Main && (p.Module.Replace == nil || p.Module.Replace.Version != "")
	})
	slices.SortFunc(loaded, func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	f := &finder{found: &Found{Changed: map[string][]byte{}, Added: map[string][]byte{}}, passing: passing(loaded)}
	for _, p := range loaded {
		f.search(p)
	}
	number(f.found.Places)
	return f.found, f.splice()
}

// A finder collects the places of packages.
type finder struct {
	found   *Found
	passing map[string]bool
	wraps   []wrap
}

// A wrap says how the code of a place gets its switch.
type wrap struct {
	place         *Place
	path          string
	from, to      int
	before, after string // %s stands for the switch
}

// A sight is one file of a package, as the rules see it.
type sight struct {
	*finder
	p     *packages.Package
	file  *ast.File
	path  string
	text  []byte
	where string // the file, relative to the module's root
}

func (f *finder) search(p *packages.Package) {
	before := len(f.found.Places)
	for _, file := range p.Syntax {
		path := p.Fset.Position(file.Package).Filename
		if !slices.Contains(p.GoFiles, path) { // made by cgo, for example
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it was parsed a moment ago, and the build reports it
		}
		where := path
		if rel, err := filepath.Rel(p.Module.Dir, path); err == nil {
			where = filepath.ToSlash(rel)
		}
		s := &sight{finder: f, p: p, file: file, path: path, text: text, where: where}
		for _, declared := range file.Decls {
			if function, is := declared.(*ast.FuncDecl); is && function.Body != nil {
				s.function(functionName(function), function)
			} else {
				s.function("package", declared)
			}
		}
	}
	if len(f.found.Places) > before {
		f.found.Packages = append(f.found.Packages, p.PkgPath)
		f.found.Added[filepath.Join(filepath.Dir(p.GoFiles[0]), switchFile)] = switchSource(p.Name)
	}
}

// functionName returns what a report calls a function: flush, (*Log).flush.
func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.IndexExpr:
			receiver = t.X
			continue
		case *ast.IndexListExpr:
			receiver = t.X
			continue
		case *ast.StarExpr:
			if generic, is := t.X.(*ast.IndexExpr); is {
				return fmt.Sprintf("(*%s).%s", types.ExprString(generic.X), f.Name.Name)
			}
			return fmt.Sprintf("(%s).%s", types.ExprString(receiver), f.Name.Name)
		}
		return fmt.Sprintf("(%s).%s", types.ExprString(receiver), f.Name.Name)
	}
}

// function finds the places of one declaration, in the order of the source.
func (s *sight) function(name string, declared ast.Node) {
	flow := newFlow(s.p.TypesInfo, declared)
	root := inspector.New([]*ast.File{{Name: ast.NewIdent("_"), Decls: []ast.Decl{declared.(ast.Decl)}}}).Root()
	for cursor := range root.Preorder((*ast.CallExpr)(nil), (*ast.BinaryExpr)(nil)) {
		switch node := cursor.Node().(type) {
		case *ast.CallExpr:
			if kind, is := s.syncs(node, flow); is {
				s.sync(cursor, node, name, kind)
			} else if s.equalSums(node, flow) {
				s.add(node, name, Checksum, s.code(node), "("+"", " || %s)")
			}
		case *ast.BinaryExpr:
			if kind, text, is := s.compares(node, flow); is {
				s.compare(node, name, kind, text)
			}
		}
	}
}

// sync gives a sync its switch, in the form that its place allows.
func (s *sight) sync(cursor inspector.Cursor, call *ast.CallExpr, function string, kind Kind) {
	text := s.code(call)
	statement := cursor.Parent()
	switch node := statement.Node().(type) {
	case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt:
		switch statement.Parent().Node().(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			s.add(node, function, kind, text, "if !%s { ", " }")
			return
		}
		if _, plain := node.(*ast.ExprStmt); !plain {
			s.leave(node, "a label stands before it")
			return
		}
	}
	if s.p.TypesInfo.Types[call].IsVoid() {
		s.add(call, function, kind, text, "func() { if !%s { ", " } }()")
		return
	}
	s.add(call, function, kind, text, "func() error { if %s { return nil }; return ", " }()")
}

// compare gives a comparison its switch. The comparison is always made, so that the functions in it are called. The switch is read
// only if something is wrong. So a test reaches an error check only if it makes the error happen.
func (s *sight) compare(node *ast.BinaryExpr, function string, kind Kind, text string) {
	if basic, is := s.p.TypesInfo.TypeOf(node).(*types.Basic); !is || basic.Info()&types.IsBoolean == 0 {
		s.leave(node, "its result has a type of its own, "+s.p.TypesInfo.TypeOf(node).String())
		return
	}
	if node.Op == token.EQL {
		s.add(node, function, kind, text, "(", " || %s)")
		return
	}
	s.add(node, function, kind, text, "(", " && !%s)")
}

func (s *sight) add(node ast.Node, function string, kind Kind, text, before, after string) {
	p := &Place{
		File: s.where, Line: s.p.Fset.PositionFor(node.Pos(), false).Line, Function: function, Kind: kind, Text: oneLine(text),
		Package: s.p.PkgPath,
	}
	s.found.Places = append(s.found.Places, p)
	s.wraps = append(s.wraps, wrap{p, s.path, s.offset(node.Pos()), s.offset(node.End()), before, after})
}

func (s *sight) leave(node ast.Node, why string) {
	s.found.Left = append(s.found.Left, fmt.Sprintf("%s:%d: %s: %s", s.where, s.p.Fset.PositionFor(node.Pos(), false).Line, oneLine(s.code(node)), why))
}

func (s *sight) offset(at token.Pos) int { return s.p.Fset.PositionFor(at, false).Offset }

func (s *sight) code(node ast.Node) string {
	return string(s.text[s.offset(node.Pos()):s.offset(node.End())])
}

// splice makes the texts with the switches, after the places have their numbers.
func (f *finder) splice() error {
	edits := map[string][]edit{}
	for _, w := range f.wraps {
		put := func(text string) string { return strings.ReplaceAll(text, "%s", off(w.place.Number)) }
		edits[w.path] = append(edits[w.path], surround(w.from, w.to, put(w.before), put(w.after))...)
	}
	for path, these := range edits {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f.found.Changed[path] = insert(text, these)
	}
	return nil
}
