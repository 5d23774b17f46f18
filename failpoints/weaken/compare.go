package weaken

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// sumNames are the names of functions that compute a checksum, where the package does not tell.
var sumNames = regexp.MustCompile(`(?i)crc|checksum|xxh|murmur|^sum(32|64|128|256)?$`)

// sumPackages are the packages whose functions compute checksums, by a part of their paths.
var sumPackages = regexp.MustCompile(`^hash/(crc|adler|fnv)|^crypto/(md5|sha|hmac)|(^|/)(xxhash|xxh3|murmur|crc|highway|blake|siphash|farm|city|wyhash)`)

// compares says whether a comparison checks a checksum or the error of an operation on files. text names a checked operation.
func (s *sight) compares(node *ast.BinaryExpr, f *flow) (kind Kind, text string, is bool) {
	if node.Op != token.EQL && node.Op != token.NEQ {
		return "", "", false
	}
	info := s.p.TypesInfo
	checked, other := node.X, node.Y
	if info.Types[checked].IsNil() {
		checked, other = other, checked
	}
	if info.Types[other].IsNil() {
		if t := info.TypeOf(checked); t == nil || !types.Identical(t, errorType) {
			return "", "", false
		}
		operation := s.operation(checked, f)
		if operation == nil {
			return "", "", false
		}
		return Check, s.code(operation), true
	}
	if s.sum(node.X, f, 0) || s.sum(node.Y, f, 0) {
		return Checksum, s.code(node), true
	}
	return "", "", false
}

// operation returns the file operation whose error an expression is: the call itself, or the call last assigned to the
// variable.
func (s *sight) operation(checked ast.Expr, f *flow) (operation *ast.CallExpr) {
	value := ast.Unparen(checked)
	if name, is := value.(*ast.Ident); is {
		if value = f.last(name, checked.Pos()); value == nil {
			return nil
		}
	}
	calls(value, func(c *ast.CallExpr) bool {
		if operates(s.p.TypesInfo, c, s.passing) {
			operation = c
		}
		return operation != nil
	})
	return operation
}

// sum says whether the value of an expression comes from a checksum: the expression computes one, or is a variable to
// which one was last assigned, or combines one with other values without a call.
func (s *sight) sum(e ast.Expr, f *flow, depth int) bool {
	const deepest = 4
	if e == nil || depth > deepest {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if s.p.TypesInfo.Types[e.Fun].IsType() { // a conversion
			return len(e.Args) == 1 && s.sum(e.Args[0], f, depth+1)
		}
		return s.sums(e)
	case *ast.BinaryExpr:
		return e.Op != token.EQL && e.Op != token.NEQ && e.Op != token.LAND && e.Op != token.LOR && (s.sum(e.X, f, depth+1) || s.sum(e.Y, f, depth+1))
	case *ast.SliceExpr:
		return s.sum(e.X, f, depth+1)
	case *ast.Ident:
		value := f.last(e, e.Pos())
		if call, is := value.(*ast.CallExpr); is && !s.p.TypesInfo.Types[call.Fun].IsType() {
			t := s.p.TypesInfo.TypeOf(e)
			return t != nil && holdsSum(t) && s.sums(call)
		}
		return s.sum(value, f, depth+1)
	}
	return false
}

// holdsSum says whether a type can hold a checksum: an integer, an array or a slice of bytes.
func holdsSum(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Info()&types.IsInteger != 0
	case *types.Array:
		return types.Identical(t.Elem().Underlying(), types.Typ[types.Uint8])
	case *types.Slice:
		return types.Identical(t.Elem().Underlying(), types.Typ[types.Uint8])
	}
	return false
}

// sums says whether a call computes a checksum, by its package, by the methods of its receiver, or else by its name.
func (s *sight) sums(call *ast.CallExpr) bool {
	name, signature, receiver := callee(s.p.TypesInfo, call)
	if signature == nil || signature.Results().Len() == 0 || !holdsSum(signature.Results().At(0).Type()) {
		return false
	}
	if receiver != nil && strings.HasPrefix(name, "Sum") && has(receiver, "Write") && has(receiver, "Reset") {
		return true
	}
	if function := typeutil.Callee(s.p.TypesInfo, call); function != nil && function.Pkg() != nil && sumPackages.MatchString(function.Pkg().Path()) {
		return name != "Size" && name != "BlockSize"
	}
	return sumNames.MatchString(name)
}

// equalSums says whether a call compares checksums as bytes.
func (s *sight) equalSums(call *ast.CallExpr, f *flow) bool {
	function := typeutil.StaticCallee(s.p.TypesInfo, call)
	if function == nil || len(call.Args) != 2 {
		return false
	}
	switch function.FullName() {
	case "bytes.Equal", "crypto/hmac.Equal":
		return s.sum(call.Args[0], f, 0) || s.sum(call.Args[1], f, 0)
	}
	return false
}
