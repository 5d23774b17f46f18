package plain

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// readers are the names of functions that find what a folder has, in the standard library and in packages such as datadriven.
var readers = []string{"Walk", "WalkDir", "ReadDir", "Glob", "DirFS"}

// walks returns where a file of tests reads all of testdata, "" if it does not. Kept findings would become such a test's data, also under go
// test, and fail it.
func walks(files *token.FileSet, file *ast.File) (where string) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || where != "" {
			return where == ""
		}
		if slices.Contains(readers, called(call)) && slices.ContainsFunc(call.Args, isTestdata) {
			at := files.Position(call.Pos())
			where = fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)
		}
		return where == ""
	})
	return where
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// isTestdata says whether an argument names testdata, or everything in it.
func isTestdata(argument ast.Expr) bool {
	literal, is := argument.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING {
		return false
	}
	path := strings.TrimPrefix(strings.Trim(literal.Value, "\"`"), "./")
	return strings.TrimRight(path, "/*") == "testdata"
}
