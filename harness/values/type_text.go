package values

import (
	"reflect"
	"strconv"
	"strings"
)

// predeclared holds the predeclared basic types, by kind.
var predeclared = [reflect.UnsafePointer + 1]reflect.Type{
	reflect.Bool: reflect.TypeFor[bool](), reflect.String: reflect.TypeFor[string](),
	reflect.Int: reflect.TypeFor[int](), reflect.Int8: reflect.TypeFor[int8](), reflect.Int16: reflect.TypeFor[int16](),
	reflect.Int32: reflect.TypeFor[int32](), reflect.Int64: reflect.TypeFor[int64](),
	reflect.Uint: reflect.TypeFor[uint](), reflect.Uint8: reflect.TypeFor[uint8](), reflect.Uint16: reflect.TypeFor[uint16](),
	reflect.Uint32: reflect.TypeFor[uint32](), reflect.Uint64: reflect.TypeFor[uint64](), reflect.Uintptr: reflect.TypeFor[uintptr](),
	reflect.Float32: reflect.TypeFor[float32](), reflect.Float64: reflect.TypeFor[float64](),
	reflect.Complex64: reflect.TypeFor[complex64](), reflect.Complex128: reflect.TypeFor[complex128](),
}

func isPredeclared(t reflect.Type) bool { return predeclared[t.Kind()] == t }

// isDefault says whether t is the default type of an untyped constant.
func isDefault(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Float64, reflect.String:
		return isPredeclared(t)
	}
	return false
}

func isBasic(k reflect.Kind) bool {
	return reflect.Bool <= k && k <= reflect.Complex128 || k == reflect.String
}

// typeText returns a type as literals name it: without type arguments, and without qualifiers except for package time.
func typeText(t reflect.Type) string {
	if t == bytesType {
		return "[]byte"
	}
	if t.Name() != "" {
		name, _, _ := strings.Cut(t.Name(), "[")
		if t.PkgPath() == "time" {
			name = "time." + name
		}
		return name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeText(t.Elem())
	case reflect.Slice:
		return "[]" + typeText(t.Elem())
	case reflect.Array:
		return "[" + strconv.Itoa(t.Len()) + "]" + typeText(t.Elem())
	case reflect.Map:
		return "map[" + typeText(t.Key()) + "]" + typeText(t.Elem())
	case reflect.Struct:
		var fields []string
		for i := range t.NumField() {
			fields = append(fields, t.Field(i).Name+" "+typeText(t.Field(i).Type))
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return "any"
		}
	}
	return t.String()
}

// canName says whether the type of an any's content can be read back from its name.
func canName(t reflect.Type) bool {
	if t == durationType || t == timeType {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return t.Name() == "" && canName(t.Elem())
	case reflect.Map:
		return t.Name() == "" && canName(t.Key()) && canName(t.Elem())
	case reflect.Interface:
		return t.NumMethod() == 0 && t.Name() == ""
	}
	return isBasic(t.Kind()) && t.PkgPath() == ""
}
