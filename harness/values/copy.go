package values

import (
	"reflect"
	"sync"
	"time"
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

// traits are the answers to questions that are asked about a type again and again.
type traits struct {
	flat    bool // no value of the type holds a reference that Copy would follow
	isError bool
}

var knownTraits sync.Map // of reflect.Type to traits

func traitsOf(t reflect.Type) traits {
	if known, ok := knownTraits.Load(t); ok {
		return known.(traits)
	}
	found := traits{flat: isFlat(t), isError: t.Implements(errorType)}
	knownTraits.Store(t, found)
	return found
}

func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		return false
	case reflect.Array:
		return t.Len() == 0 || isFlat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && !isFlat(f.Type) {
				return false
			}
		}
	}
	return true
}

// Copy copies v and everything that its slices, maps, pointers and interfaces refer to. Sharing and cycles in v are the same
// in the copy. Unexported fields, channels and functions are copied as they are, and share what they refer to, because only
// their own package knows what it means.
//
// The capacity of a copied slice is its length, so an append to it always moves.
func Copy(v reflect.Value) reflect.Value {
	if !v.IsValid() || traitsOf(v.Type()).flat && !v.CanAddr() {
		return v
	}
	c := copier{}
	return c.copy(v)
}

// A reference identifies what a pointer, slice or map refers to. Two slices are the same reference only if address and
// length are equal.
type reference struct {
	address uintptr
	length  int
	kind    reflect.Type
}

func referenceOf(v reflect.Value) reference {
	r := reference{address: v.Pointer(), kind: v.Type()}
	if v.Kind() == reflect.Slice {
		r.length = v.Len()
	}
	return r
}

type copier struct {
	known map[reference]reflect.Value
}

func (c *copier) copy(v reflect.Value) reflect.Value {
	into := reflect.New(v.Type()).Elem()
	c.into(into, v)
	return into
}

// into sets a settable value to a copy of v.
func (c *copier) into(into, v reflect.Value) {
	into.Set(v)
	if traitsOf(v.Type()).flat {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			inner := reflect.New(v.Elem().Type()).Elem()
			c.into(inner, v.Elem())
			into.Set(inner)
		}
	case reflect.Array:
		for i := range v.Len() {
			c.into(into.Index(i), v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.into(into.Field(i), v.Field(i))
			}
		}
	case reflect.Slice, reflect.Map, reflect.Pointer:
		if !v.IsNil() {
			c.reference(into, v)
		}
	}
}

func (c *copier) reference(into, v reflect.Value) {
	key := referenceOf(v)
	if known, ok := c.known[key]; ok {
		into.Set(known)
		return
	}
	if c.known == nil {
		c.known = map[reference]reflect.Value{}
	}
	var fresh reflect.Value
	switch v.Kind() {
	case reflect.Pointer:
		fresh = reflect.New(v.Type().Elem())
		if fresh.Type() != v.Type() {
			fresh = fresh.Convert(v.Type()) // a named pointer type
		}
		c.known[key] = fresh
		c.into(fresh.Elem(), v.Elem())
	case reflect.Slice:
		fresh = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		c.known[key] = fresh
		if traitsOf(v.Type().Elem()).flat {
			reflect.Copy(fresh, v)
			break
		}
		for i := range v.Len() {
			c.into(fresh.Index(i), v.Index(i))
		}
	case reflect.Map:
		fresh = reflect.MakeMapWithSize(v.Type(), v.Len())
		c.known[key] = fresh
		for entry := v.MapRange(); entry.Next(); {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			c.into(k, entry.Key())
			c.into(e, entry.Value())
			fresh.SetMapIndex(k, e)
		}
	}
	into.Set(fresh)
}
