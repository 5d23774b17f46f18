package values

import (
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
)

// dynamic reads the content of an any. The text shows the type: an untyped constant has Go's default type; anything else
// begins with a type that is predeclared, from package time, or composed of these.
func (r *reader) dynamic(e ast.Expr, v reflect.Value) error {
	t := r.dynamicType(e)
	if t == nil || t.Kind() == reflect.Interface {
		return r.fail(e, "the text does not show the type of this value, or an any cannot hold it", "write a value such as %s", example(v.Type()))
	}
	if t.Size() > maxTypeBytes {
		return r.fail(e, fmt.Sprintf("an array of %d bytes is too large", t.Size()), "write at most %d", maxTypeBytes)
	}
	if err := r.take(e, 1, t); err != nil {
		return err
	}
	fresh := reflect.New(t).Elem()
	if err := r.value(e, fresh); err != nil {
		return err
	}
	v.Set(fresh)
	return nil
}

// dynamicType returns the type of an expression, or nil.
func (r *reader) dynamicType(e ast.Expr) reflect.Type {
	e = ast.Unparen(e)
	if n, ok := numberOf(e); ok {
		return map[token.Token]reflect.Type{
			token.INT: predeclared[reflect.Int], token.FLOAT: predeclared[reflect.Float64],
			token.CHAR: predeclared[reflect.Int32], token.IMAG: predeclared[reflect.Complex128],
		}[n.literal.Kind]
	}
	switch x := e.(type) {
	case *ast.BasicLit:
		return predeclared[reflect.String]
	case *ast.Ident:
		if x.Name == "true" || x.Name == "false" {
			return predeclared[reflect.Bool]
		}
	case *ast.SelectorExpr:
		return durationType
	case *ast.BinaryExpr:
		if x.Op == token.MUL {
			return durationType
		}
		return predeclared[reflect.Complex128]
	case *ast.UnaryExpr:
		if literal, ok := ast.Unparen(x.X).(*ast.CompositeLit); ok && x.Op == token.AND {
			return pointerTo(typeOf(literal.Type))
		}
	case *ast.CompositeLit:
		return typeOf(x.Type)
	case *ast.CallExpr:
		return r.callType(x)
	}
	return nil
}

func (r *reader) callType(call *ast.CallExpr) reflect.Type {
	switch {
	case isIdent(call.Fun, "complex"):
		return predeclared[reflect.Complex128]
	case isIdent(call.Fun, "new") && len(call.Args) == 1:
		if t := typeOf(call.Args[0]); t != nil {
			return pointerTo(t)
		}
		return pointerTo(r.dynamicType(call.Args[0]))
	}
	if method, ok := call.Fun.(*ast.SelectorExpr); ok {
		switch method.Sel.Name {
		case "NaN", "Inf", "Copysign":
			return predeclared[reflect.Float64]
		case "UTC", "Unix":
			return timeType
		}
	}
	return typeOf(call.Fun)
}

func pointerTo(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	return reflect.PointerTo(t)
}

// typeOf returns the type that an expression names, or nil.
func typeOf(e ast.Expr) reflect.Type {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		if names(x, anyType) {
			return anyType
		}
		for _, t := range predeclared {
			if t != nil && names(x, t) {
				return t
			}
		}
	case *ast.SelectorExpr:
		for _, t := range []reflect.Type{durationType, timeType} {
			if names(x, t) {
				return t
			}
		}
	case *ast.InterfaceType:
		if names(x, anyType) {
			return anyType
		}
	case *ast.StarExpr:
		return pointerTo(typeOf(x.X))
	case *ast.ArrayType:
		return arrayType(x)
	case *ast.MapType:
		key, element := typeOf(x.Key), typeOf(x.Value)
		if key != nil && element != nil && key.Comparable() && comparesByContent(key) {
			return reflect.MapOf(key, element)
		}
	}
	return nil
}

var anyType = reflect.TypeFor[any]()

func arrayType(x *ast.ArrayType) reflect.Type {
	element := typeOf(x.Elt)
	if element == nil {
		return nil
	}
	if x.Len == nil {
		return reflect.SliceOf(element)
	}
	n, ok := arrayLength(x.Len)
	if !ok || n > maxTypeBytes || uint64(n)*uint64(element.Size()) > maxTypeBytes {
		return nil
	}
	return reflect.ArrayOf(n, element)
}
