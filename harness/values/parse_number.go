package values

import (
	"errors"
	"go/ast"
	"go/token"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A number is a numeric literal with its sign.
type number struct {
	negative bool
	literal  *ast.BasicLit
}

// numberOf reads an optional sign and a literal.
func numberOf(e ast.Expr) (n number, ok bool) {
	e = ast.Unparen(e)
	if sign, signed := e.(*ast.UnaryExpr); signed && (sign.Op == token.SUB || sign.Op == token.ADD) {
		n.negative, e = sign.Op == token.SUB, ast.Unparen(sign.X)
	}
	n.literal, ok = e.(*ast.BasicLit)
	return n, ok && n.literal.Kind != token.STRING
}

// digits returns the number as text with its sign; a rune becomes its number.
func (n number) digits() string {
	text := n.literal.Value
	if n.literal.Kind == token.CHAR {
		r, _, _, err := strconv.UnquoteChar(strings.TrimSuffix(text[1:], "'"), '\'')
		if err != nil {
			return text
		}
		text = strconv.Itoa(int(r))
	}
	if n.negative {
		return "-" + text
	}
	return text
}

// integer says whether the literal is an integer.
func (n number) integer() bool { return n.literal.Kind == token.INT || n.literal.Kind == token.CHAR }

func (n number) float(bits int) (float64, error) {
	text := n.digits()
	if n.integer() {
		if i, err := strconv.ParseInt(text, 0, 64); err == nil {
			return round(float64(i), bits)
		}
	}
	return strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), bits)
}

func round(f float64, bits int) (float64, error) {
	if bits == 32 {
		return float64(float32(f)), nil
	}
	return f, nil
}

// outOfRange reports that a number does not fit into type t.
func (r *reader) outOfRange(at ast.Expr, err error, t reflect.Type) error {
	if errors.Is(err, strconv.ErrRange) {
		return r.fail(at, "the number does not fit in "+typeText(t), "write one of at most %d bits", t.Bits())
	}
	return r.wrong(at, t)
}

func (r *reader) basic(e ast.Expr, v reflect.Value) error {
	t := v.Type()
	switch {
	case v.Kind() == reflect.Bool:
		if !isIdent(e, "true") && !isIdent(e, "false") {
			return r.wrong(e, t)
		}
		v.SetBool(isIdent(e, "true"))
	case v.Kind() == reflect.String:
		text, ok := stringLiteral(e)
		if !ok {
			return r.wrong(e, t)
		}
		v.SetString(text)
	case v.CanFloat():
		f, err := r.float(e, t, t.Bits())
		if err != nil {
			return err
		}
		v.SetFloat(f)
	case v.CanComplex():
		c, err := r.complex(e, t)
		if err != nil {
			return err
		}
		v.SetComplex(c)
	default:
		return r.integer(e, v)
	}
	return nil
}

func (r *reader) integer(e ast.Expr, v reflect.Value) error {
	n, ok := numberOf(e)
	if !ok || !n.integer() {
		return r.wrong(e, v.Type())
	}
	if v.CanInt() {
		i, err := strconv.ParseInt(n.digits(), 0, v.Type().Bits())
		if err != nil {
			return r.outOfRange(e, err, v.Type())
		}
		v.SetInt(i)
		return nil
	}
	if n.negative && strings.Trim(n.digits(), "-0") != "" {
		return r.fail(e, "the number does not fit in "+typeText(v.Type()), "write one that is not negative")
	}
	u, err := strconv.ParseUint(strings.TrimPrefix(n.digits(), "-"), 0, v.Type().Bits())
	if err != nil {
		return r.outOfRange(e, err, v.Type())
	}
	v.SetUint(u)
	return nil
}

// float reads a number, math.NaN(), math.Inf(1) or math.Copysign(0, -1), with the given number of bits; t is the type for
// error messages.
func (r *reader) float(e ast.Expr, t reflect.Type, bits int) (float64, error) {
	e = ast.Unparen(e)
	if call, ok := e.(*ast.CallExpr); ok {
		var arguments []float64
		for _, argument := range call.Args {
			f, err := r.plainFloat(argument, t, 64)
			if err != nil {
				return 0, err
			}
			arguments = append(arguments, f)
		}
		switch {
		case isQualified(call.Fun, "math", "NaN") && len(arguments) == 0:
			return math.NaN(), nil
		case isQualified(call.Fun, "math", "Inf") && len(arguments) == 1:
			return math.Inf(int(arguments[0])), nil
		case isQualified(call.Fun, "math", "Copysign") && len(arguments) == 2:
			return math.Copysign(arguments[0], arguments[1]), nil
		}
		return 0, r.wrong(e, t)
	}
	return r.plainFloat(e, t, bits)
}

func (r *reader) plainFloat(e ast.Expr, t reflect.Type, bits int) (float64, error) {
	n, ok := numberOf(e)
	if !ok || n.literal.Kind == token.IMAG {
		return 0, r.wrong(e, t)
	}
	f, err := n.float(bits)
	if err != nil {
		return 0, r.outOfRange(e, err, t)
	}
	if f == 0 {
		f = 0 // -0.0 is 0 in Go
	}
	return f, nil
}

// complex reads complex(1, 2), 1+2i, 2i and 1.
func (r *reader) complex(e ast.Expr, t reflect.Type) (complex128, error) {
	bits := t.Bits() / 2
	e = ast.Unparen(e)
	if call, ok := e.(*ast.CallExpr); ok && isIdent(call.Fun, "complex") && len(call.Args) == 2 {
		x, err := r.float(call.Args[0], t, bits)
		if err != nil {
			return 0, err
		}
		y, err := r.float(call.Args[1], t, bits)
		return complex(x, y), err
	}
	if sum, ok := e.(*ast.BinaryExpr); ok && (sum.Op == token.ADD || sum.Op == token.SUB) {
		x, err := r.float(sum.X, t, bits)
		if err != nil {
			return 0, err
		}
		y, err := r.imaginary(sum.Y, t, bits)
		if sum.Op == token.SUB {
			y = -y
		}
		return complex(x, y), err
	}
	if n, ok := numberOf(e); ok && n.literal.Kind == token.IMAG {
		y, err := r.imaginary(e, t, bits)
		return complex(0, y), err
	}
	x, err := r.float(e, t, bits)
	return complex(x, 0), err
}

func (r *reader) imaginary(e ast.Expr, t reflect.Type, bits int) (float64, error) {
	n, ok := numberOf(e)
	if !ok || n.literal.Kind != token.IMAG {
		return 0, r.wrong(e, t)
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSuffix(n.digits(), "i"), "_", ""), bits)
	if err != nil {
		return 0, r.outOfRange(e, err, t)
	}
	return f, nil
}

// duration reads 5*time.Second, time.Second and a number of nanoseconds.
func (r *reader) duration(e ast.Expr, v reflect.Value) error {
	count, unit := int64(1), time.Duration(1)
	switch x := e.(type) {
	case *ast.BinaryExpr:
		var ok bool
		if unit, ok = unitOf(x.Y); !ok || x.Op != token.MUL {
			return r.wrong(e, durationType)
		}
		if err := r.integer(x.X, reflect.ValueOf(&count).Elem()); err != nil {
			return err
		}
	case *ast.SelectorExpr:
		var ok bool
		if unit, ok = unitOf(x); !ok {
			return r.wrong(e, durationType)
		}
	default:
		return r.integer(e, v)
	}
	if d := time.Duration(count) * unit; d/unit == time.Duration(count) && (count >= 0) == (d >= 0) {
		v.SetInt(int64(d))
		return nil
	}
	return r.fail(e, "the number does not fit in time.Duration", "write at most 292 years")
}

func unitOf(e ast.Expr) (time.Duration, bool) {
	for _, u := range units {
		if isQualified(e, "time", strings.TrimPrefix(u.name, "time.")) {
			return u.unit, true
		}
	}
	return 0, false
}
