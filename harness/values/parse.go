package values

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// maxLiteralMemory bounds the memory of a literal, because a short text can name many large arrays.
const maxLiteralMemory = 64 << 20

// Parse reads a Go literal as a value of type t. It reads the canonical form that Literal writes, and other forms that
// people write for the same value: conversions such as Key("a") or int64(5), qualified names, raw strings, runes,
// hexadecimal numbers, time.Second, time.Duration(5), 1+2i. For bad input it returns a *SyntaxError.
func Parse(text string, t reflect.Type) (reflect.Value, error) {
	r := reader{text: text}
	expression, err := r.expression()
	if err != nil {
		return reflect.Value{}, err
	}
	v := reflect.New(t).Elem()
	if err := r.value(expression, v); err != nil {
		return reflect.Value{}, err
	}
	return v, nil
}

// A reader turns the syntax tree of one literal into a value.
type reader struct {
	text   string
	memory uint64
}

func (r *reader) expression() (ast.Expr, error) {
	if len(r.text) > maxLiteralBytes {
		return nil, &SyntaxError{r.text, 0, fmt.Sprintf("the value has %d bytes, at most %d are read", len(r.text), maxLiteralBytes), "make it shorter"}
	}
	if pieces, err := Split(r.text, ""); err != nil { // bounds the depth of the parser's recursion
		return nil, err
	} else if len(pieces) == 0 {
		return nil, &SyntaxError{r.text, 0, "there is no value", `write one, such as "a" or 1`}
	}
	expression, err := parser.ParseExprFrom(token.NewFileSet(), "", r.text, parser.SkipObjectResolution)
	if err == nil {
		return expression, nil
	}
	problem, offset := err.Error(), 0
	if list := (scanner.ErrorList{}); errors.As(err, &list) && len(list) > 0 {
		problem, offset = list[0].Msg, list[0].Pos.Offset
	}
	return nil, &SyntaxError{r.text, offset, "this is no Go literal: " + problem, `write a literal of Go, such as "a", 5, []string{"x"} or &Point{X: 1}`}
}

func (r *reader) fail(at ast.Node, problem, remedy string, a ...any) error {
	return &SyntaxError{r.text, int(at.Pos()) - 1, problem, fmt.Sprintf(remedy, a...)}
}

// wrong says that an expression is not a value of type t, and gives an example.
func (r *reader) wrong(at ast.Node, t reflect.Type) error {
	from, to := int(at.Pos())-1, int(at.End())-1
	text := r.text[min(max(from, 0), len(r.text)):min(max(to, 0), len(r.text))]
	if len(text) > 24 {
		text = text[:24] + "..."
	}
	article := "no "
	if strings.HasPrefix(typeText(t), "[") || strings.HasPrefix(typeText(t), "*") {
		article = "not of type "
	}
	return r.fail(at, string(appendPlain(nil, text))+" is "+article+typeText(t), "write a value such as %s", example(t))
}

// appendPlain appends text in printable ASCII, without quotes around it.
func appendPlain(out []byte, text string) []byte {
	quoted := strconv.QuoteToASCII(text)
	return append(out, strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)...)
}

// example returns a literal of type t.
func example(t reflect.Type) string {
	switch {
	case t == durationType:
		return "5*time.Second"
	case t == timeType:
		return "time.Unix(5, 0).UTC()"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true"
	case reflect.String:
		return `"a"`
	case reflect.Float32, reflect.Float64:
		return "1.5"
	case reflect.Complex64, reflect.Complex128:
		return "complex(1, 2)"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return typeText(t) + `("a")`
		}
		return typeText(t) + "{} or nil"
	case reflect.Map:
		return typeText(t) + "{} or nil"
	case reflect.Array, reflect.Struct:
		return typeText(t) + "{}"
	case reflect.Pointer:
		switch t.Elem().Kind() {
		case reflect.Struct, reflect.Array, reflect.Map:
			return "&" + typeText(t.Elem()) + "{} or nil"
		}
		return "new(" + example(t.Elem()) + ") or nil"
	case reflect.Interface:
		return `1, "a" or int64(5)`
	}
	return "1"
}

// take counts the memory of count values of type t.
func (r *reader) take(at ast.Node, count int, t reflect.Type) error {
	if r.memory += uint64(count) * uint64(t.Size()); r.memory > maxLiteralMemory {
		return r.fail(at, fmt.Sprintf("the value takes more than %d MiB", maxLiteralMemory>>20), "make it smaller")
	}
	return nil
}

// value sets v, which must be settable, to the value of an expression.
func (r *reader) value(e ast.Expr, v reflect.Value) error {
	e = ast.Unparen(e)
	t := v.Type()
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && names(call.Fun, t) {
		return r.value(call.Args[0], v)
	}
	if name, ok := e.(*ast.Ident); ok && name.Name == "nil" {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			v.SetZero()
			return nil
		}
		return r.wrong(e, t)
	}
	switch {
	case t == durationType:
		return r.duration(e, v)
	case t == timeType:
		return r.time(e, v)
	case isBasic(t.Kind()):
		return r.basic(e, v)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.pointer(e, v)
	case reflect.Interface:
		return r.dynamic(e, v)
	case reflect.Slice:
		if text, ok := stringLiteral(e); ok && t.Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(text))
			return nil
		}
	}
	return r.composite(e, v)
}

func stringLiteral(e ast.Expr) (text string, ok bool) {
	literal, ok := ast.Unparen(e).(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

// names says whether an expression names type t, with or without qualifier and type arguments.
func names(e ast.Expr, t reflect.Type) bool {
	switch x := ast.Unparen(e).(type) {
	case *ast.Ident:
		alias := map[string]string{"byte": "uint8", "rune": "int32", "any": "interface {}"}[x.Name]
		base, _, _ := strings.Cut(t.Name(), "[")
		return base != "" && (x.Name == base || alias == base) || alias == t.String()
	case *ast.SelectorExpr:
		qualifier, ok := x.X.(*ast.Ident)
		base, _, _ := strings.Cut(t.Name(), "[")
		return ok && base == x.Sel.Name && strings.HasPrefix(t.String(), qualifier.Name+"."+base)
	case *ast.IndexExpr:
		return t.Name() != "" && names(x.X, t)
	case *ast.IndexListExpr:
		return t.Name() != "" && names(x.X, t)
	}
	if t.Name() != "" {
		return false
	}
	switch x := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return t.Kind() == reflect.Pointer && names(x.X, t.Elem())
	case *ast.ArrayType:
		if x.Len == nil {
			return t.Kind() == reflect.Slice && names(x.Elt, t.Elem())
		}
		_, dots := x.Len.(*ast.Ellipsis)
		n, ok := arrayLength(x.Len)
		return t.Kind() == reflect.Array && (dots || ok && n == t.Len()) && names(x.Elt, t.Elem())
	case *ast.MapType:
		return t.Kind() == reflect.Map && names(x.Key, t.Key()) && names(x.Value, t.Elem())
	case *ast.InterfaceType:
		return t.Kind() == reflect.Interface && t.NumMethod() == 0 && len(x.Methods.List) == 0
	case *ast.StructType:
		return t.Kind() == reflect.Struct && namesFields(x, t)
	}
	return false
}

func namesFields(x *ast.StructType, t reflect.Type) bool {
	n := 0
	for _, f := range x.Fields.List {
		for _, name := range f.Names {
			if n == t.NumField() || t.Field(n).Name != name.Name || !names(f.Type, t.Field(n).Type) {
				return false
			}
			n++
		}
	}
	return n == t.NumField()
}

func arrayLength(e ast.Expr) (int, bool) {
	literal, ok := ast.Unparen(e).(*ast.BasicLit)
	if !ok || literal.Kind != token.INT {
		return 0, false
	}
	n, err := strconv.ParseUint(literal.Value, 0, 31)
	return int(n), err == nil
}

// pointer reads &T{}, new(x), and {} if the type precedes the elements.
func (r *reader) pointer(e ast.Expr, v reflect.Value) error {
	elem := v.Type().Elem()
	fresh := reflect.New(elem)
	set := func(inner ast.Expr) error {
		if err := r.take(e, 1, elem); err != nil {
			return err
		}
		if err := r.value(inner, fresh.Elem()); err != nil {
			return err
		}
		v.Set(fresh.Convert(v.Type()))
		return nil
	}
	switch x := e.(type) {
	case *ast.UnaryExpr:
		if literal, ok := ast.Unparen(x.X).(*ast.CompositeLit); ok && x.Op == token.AND && literal.Type != nil {
			return set(literal)
		}
	case *ast.CompositeLit:
		if x.Type == nil {
			return set(x)
		}
		if names(x.Type, elem) {
			return r.fail(e, typeText(elem)+"{...} is no pointer", "write &%s{...}", typeText(elem))
		}
	case *ast.CallExpr:
		if isIdent(x.Fun, "new") && len(x.Args) == 1 {
			if names(x.Args[0], elem) {
				v.Set(fresh.Convert(v.Type())) // new(int)
				return nil
			}
			return set(x.Args[0])
		}
	}
	return r.wrong(e, v.Type())
}

func isIdent(e ast.Expr, name string) bool {
	x, ok := ast.Unparen(e).(*ast.Ident)
	return ok && x.Name == name
}

// composite reads a composite literal of a slice, an array, a map or a struct.
func (r *reader) composite(e ast.Expr, v reflect.Value) error {
	t := v.Type()
	literal, ok := e.(*ast.CompositeLit)
	if !ok {
		return r.wrong(e, t)
	}
	if literal.Type != nil && !names(literal.Type, t) {
		return r.wrong(e, t)
	}
	switch t.Kind() {
	case reflect.Struct:
		return r.fields(literal, v)
	case reflect.Map:
		return r.entries(literal, v)
	}
	n := len(literal.Elts)
	if t.Kind() == reflect.Slice {
		if err := r.take(e, n, t.Elem()); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(t, n, n))
	} else if n > t.Len() {
		return r.fail(literal.Elts[t.Len()], fmt.Sprintf("%s has %d elements, not %d", typeText(t), t.Len(), n), "leave out the rest")
	}
	for i, element := range literal.Elts {
		if _, ok := element.(*ast.KeyValueExpr); ok {
			return r.fail(element, "an element has an index", "write all elements in their order, without indices")
		}
		if err := r.value(element, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) fields(literal *ast.CompositeLit, v reflect.Value) error {
	t := v.Type()
	seen := map[string]bool{}
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return r.fail(element, "a field of "+typeText(t)+" has no name", "write it as %s{%s: ...}", typeText(t), firstField(t))
		}
		name, ok := pair.Key.(*ast.Ident)
		if !ok {
			return r.fail(pair.Key, "this is no name of a field of "+typeText(t), "write it as %s{%s: ...}", typeText(t), firstField(t))
		}
		field, ok := t.FieldByName(name.Name)
		if !ok || len(field.Index) != 1 || !field.IsExported() {
			return r.fail(pair.Key, typeText(t)+" has no exported field "+name.Name, "its fields are %s", exportedFields(t))
		}
		if seen[name.Name] {
			return r.fail(pair.Key, "the field "+name.Name+" appears twice", "leave one out")
		}
		seen[name.Name] = true
		if err := r.value(pair.Value, v.FieldByIndex(field.Index)); err != nil {
			return err
		}
	}
	return nil
}

func exportedFields(t reflect.Type) string {
	var all []string
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			all = append(all, f.Name)
		}
	}
	return strings.Join(all, ", ")
}

func firstField(t reflect.Type) string {
	first, _, _ := strings.Cut(exportedFields(t), ",")
	return first
}

func (r *reader) entries(literal *ast.CompositeLit, v reflect.Value) error {
	t := v.Type()
	if err := errors.Join(r.take(literal, len(literal.Elts), t.Key()), r.take(literal, len(literal.Elts), t.Elem())); err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(t, len(literal.Elts)))
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return r.fail(element, "an element of "+typeText(t)+" has no key", "write it as key: value")
		}
		key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := r.value(pair.Key, key); err != nil {
			return err
		}
		if err := r.value(pair.Value, value); err != nil {
			return err
		}
		if !key.Comparable() {
			return r.fail(pair.Key, "this cannot be a key", "write a number or a string")
		}
		if v.MapIndex(key).IsValid() {
			return r.fail(pair.Key, "the key appears twice", "leave one out")
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// time reads time.Time{}, time.Unix(5, 0) and time.Unix(5, 0).UTC().
func (r *reader) time(e ast.Expr, v reflect.Value) error {
	if literal, ok := e.(*ast.CompositeLit); ok && len(literal.Elts) == 0 && (literal.Type == nil || names(literal.Type, timeType)) {
		v.SetZero()
		return nil
	}
	call, ok := e.(*ast.CallExpr)
	if ok && len(call.Args) == 0 {
		if method, isMethod := call.Fun.(*ast.SelectorExpr); isMethod && method.Sel.Name == "UTC" {
			call, ok = method.X.(*ast.CallExpr)
		}
	}
	if !ok || !isQualified(call.Fun, "time", "Unix") || len(call.Args) != 2 {
		return r.wrong(e, timeType)
	}
	var parts [2]int64
	for i, argument := range call.Args {
		if err := r.value(argument, reflect.ValueOf(&parts[i]).Elem()); err != nil {
			return err
		}
	}
	v.Set(reflect.ValueOf(time.Unix(parts[0], parts[1]).UTC()))
	return nil
}

func isQualified(e ast.Expr, qualifier, name string) bool {
	x, ok := e.(*ast.SelectorExpr)
	return ok && x.Sel.Name == name && isIdent(x.X, qualifier)
}
