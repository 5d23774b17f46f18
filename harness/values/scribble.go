package values

import (
	"math"
	"reflect"
	"time"
)

// The content of overwritten memory: easy to see in a report, and different from every drawn value.
const (
	scribbledText   = "scribbled"
	scribbledNumber = 0x5c
)

// Scribble overwrites everything that v refers to through slices (up to their capacity), maps, pointers and interfaces, but
// not v itself. A subject that kept a part of its argument then holds a value that nobody gave it. v must be a Copy that
// nothing else refers to. Unexported fields, channels and functions stay as they are. Pointers stay too, so that the subject
// finds a wrong value and not a nil.
func Scribble(v reflect.Value) {
	if !traitsOf(v.Type()).flat {
		s := scribbler{}
		s.follow(v)
	}
}

type scribbler struct {
	done map[reference]bool
}

// first says whether this is the first visit to what v refers to.
func (s *scribbler) first(v reflect.Value) bool {
	key := referenceOf(v)
	if s.done[key] {
		return false
	}
	if s.done == nil {
		s.done = map[reference]bool{}
	}
	s.done[key] = true
	return true
}

// follow overwrites what v refers to.
func (s *scribbler) follow(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			s.follow(v.Elem())
		}
	case reflect.Pointer:
		if !v.IsNil() && s.first(v) {
			s.overwrite(v.Elem())
		}
	case reflect.Slice:
		if !v.IsNil() && s.first(v) {
			all := v.Slice(0, v.Cap())
			for i := range all.Len() {
				s.overwrite(all.Index(i))
			}
		}
	case reflect.Map:
		if !v.IsNil() && s.first(v) {
			s.overwriteMap(v)
		}
	case reflect.Array:
		for i := range v.Len() {
			s.follow(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.follow(v.Field(i))
			}
		}
	}
}

// overwriteMap empties the map and adds one entry that nobody put there.
func (s *scribbler) overwriteMap(v reflect.Value) {
	for entry := v.MapRange(); entry.Next(); {
		s.follow(entry.Value())
	}
	v.Clear()
	key, element := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	s.overwrite(key)
	s.overwrite(element)
	v.SetMapIndex(key, element)
}

// overwrite changes a settable value, and follows its references.
func (s *scribbler) overwrite(v reflect.Value) {
	switch {
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(time.Unix(scribbledNumber, 0).UTC()))
	case v.CanInt():
		v.SetInt(scribbledNumber)
	case v.CanUint():
		v.SetUint(scribbledNumber)
	case v.CanFloat():
		v.SetFloat(math.NaN())
	case v.CanComplex():
		v.SetComplex(complex(math.NaN(), 0))
	default:
		s.overwriteRest(v)
	}
}

func (s *scribbler) overwriteRest(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(scribbledText)
	case reflect.Array:
		for i := range v.Len() {
			s.overwrite(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.overwrite(v.Field(i))
			}
		}
	case reflect.Interface:
		s.follow(v)
		if text := reflect.ValueOf(scribbledText); v.NumMethod() == 0 {
			v.Set(text)
		}
	default:
		s.follow(v)
	}
}
