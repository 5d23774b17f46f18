package values

import (
	"errors"
	"fmt"
	"io"
	"reflect"
)

// maxTypeBytes bounds the size of an argument's type, because an argument is copied for each execution.
const maxTypeBytes = 1 << 20

// A Refusal says why something cannot be an operation, and what to do about it.
type Refusal struct {
	Operation string // its name
	Place     string // "argument 2 (Options).Done (chan int)"; empty for the operation as a whole
	Reason    string
	Remedy    string
}

// Error returns the reason and the remedy.
func (r *Refusal) Error() string {
	place := r.Operation
	if r.Place != "" {
		place += ": " + r.Place
	}
	return place + " " + r.Reason + ": " + r.Remedy
}

// checkReceiver checks the function's first parameter against the receiver.
func (o *Operation) checkReceiver(receiver reflect.Type) error {
	refuse := func(reason, remedy string) error { return &Refusal{Operation: o.name, Reason: reason, Remedy: remedy} }
	if receiver == nil {
		return refuse("has no receiver", "give the type of the object that it is called on")
	}
	example := fmt.Sprintf("give a method expression such as (%s).Method, or a func whose first parameter is %[1]s", typeText(receiver))
	if !o.function.IsValid() {
		return refuse("is nil, not a function", example)
	}
	t := o.function.Type()
	switch {
	case t.Kind() != reflect.Func:
		return refuse("is of type "+typeText(t)+", not a function", example)
	case o.function.IsNil():
		return refuse("is a nil function", example)
	case t.NumIn() == 0:
		return refuse("takes no receiver", example)
	case t.IsVariadic() && t.NumIn() == 1:
		return refuse("takes its receiver as a variadic parameter", example)
	case receiver.AssignableTo(t.In(0)):
		return nil
	case t.In(0) == contextType:
		return refuse("takes its context first", "put the receiver first: func(object "+typeText(receiver)+", ctx context.Context, ...)")
	case t.In(0) == reflect.PointerTo(receiver):
		return refuse("is called on "+typeText(t.In(0))+" while Open returns "+typeText(receiver), "let Open return a pointer")
	}
	return refuse("takes "+typeText(t.In(0))+" first, not the receiver "+typeText(receiver),
		example+" (a method value such as object.Method is bound to one object already)")
}

func (o *Operation) checkArguments() error {
	var all []error
	for i, a := range o.arguments {
		c := typeCheck{operation: o.name, visited: map[reflect.Type]bool{}}
		c.argument(a.kind, fmt.Sprintf("argument %d (%s)", i+1, typeText(a.kind)))
		all = append(all, c.refusals...)
	}
	return errors.Join(all...)
}

func (o *Operation) checkResults() error {
	var all []error
	for i, t := range o.results {
		c := typeCheck{operation: o.name, visited: map[reflect.Type]bool{}}
		place := fmt.Sprintf("result %d (%s)", i+1, typeText(t))
		if isIterator(t) {
			for in := range t.In(0).Ins() {
				c.result(in, place+", an element of it")
			}
		} else {
			c.result(t, place)
		}
		all = append(all, c.refusals...)
	}
	return errors.Join(all...)
}

// isIterator says whether t is an iter.Seq or iter.Seq2.
func isIterator(t reflect.Type) bool { return t.Kind() == reflect.Func && (t.CanSeq() || t.CanSeq2()) }

// A typeCheck walks through one type and collects the refusals.
type typeCheck struct {
	operation string
	visited   map[reflect.Type]bool
	refusals  []error
}

func (c *typeCheck) refuse(place, reason, remedy string) {
	c.refusals = append(c.refusals, &Refusal{Operation: c.operation, Place: place, Reason: reason, Remedy: remedy})
}

func (c *typeCheck) argument(t reflect.Type, place string) {
	if c.visited[t] {
		return
	}
	c.visited[t] = true
	if t == timeType {
		return
	}
	if t.Size() > maxTypeBytes {
		c.refuse(place, fmt.Sprintf("has %d bytes, at most %d are copied for each execution", t.Size(), maxTypeBytes),
			"wrap the operation in a func that takes less and makes the rest")
		return
	}
	switch t.Kind() {
	case reflect.Chan:
		c.refuse(place, "is a channel, which no text can express", "wrap the operation in a func that makes the channel itself")
	case reflect.Func:
		c.refuse(place, "is a function, which no text can express", "wrap the operation in a func that chooses the function itself, by a number or a bool that it takes")
	case reflect.UnsafePointer:
		c.refuse(place, "is an address", "wrap the operation in a func that makes the pointer itself")
	case reflect.Interface:
		c.argumentInterface(t, place)
	case reflect.Slice, reflect.Array, reflect.Pointer:
		c.argument(t.Elem(), place+", what it holds ("+typeText(t.Elem())+")")
	case reflect.Map:
		if !comparesByContent(t.Key()) {
			c.refuse(place, "has keys that are equal only to themselves", "wrap the operation in a func that takes pairs of plain values and makes the map")
			return
		}
		c.argument(t.Key(), place+", its keys ("+typeText(t.Key())+")")
		c.argument(t.Elem(), place+", its elements ("+typeText(t.Elem())+")")
	case reflect.Struct:
		c.argumentStruct(t, place)
	}
}

func (c *typeCheck) argumentInterface(t reflect.Type, place string) {
	remedy := "wrap the operation in a func that takes plain values and makes the " + typeText(t)
	switch {
	case t.NumMethod() == 0:
		return
	case t == contextType:
		remedy = "take one context, directly after the receiver"
	case t == errorType:
		remedy = "wrap the operation in a func that takes a string and makes the error with errors.New, or chooses one by a number"
	case t.Implements(reflect.TypeFor[io.Reader]()):
		remedy = "wrap the operation in a func that takes a []byte and passes on bytes.NewReader of it"
	case t.Implements(reflect.TypeFor[io.Writer]()):
		remedy = "wrap the operation in a func that passes on a bytes.Buffer and returns what it then holds"
	}
	c.refuse(place, "is an interface, and no type says which values it may have", remedy)
}

// argumentStruct lets unexported fields stay zero if a zero value works. It refuses an argument whose struct has only such
// fields, because every call would be the same.
func (c *typeCheck) argumentStruct(t reflect.Type, place string) {
	exported := 0
	for i := range t.NumField() {
		f := t.Field(i)
		switch inner := fmt.Sprintf("%s.%s (%s)", place, f.Name, typeText(f.Type)); {
		case !f.IsExported():
			if !zeroWorks(f.Type) {
				c.refuse(inner, "is unexported and would stay nil", "wrap the operation in a func that takes plain values and makes the "+typeText(t))
			}
		case f.Type.Kind() == reflect.Struct && exportsNothing(f.Type) && zeroWorks(f.Type):
			exported++ // such as a sync.Mutex, whose zero value works
		default:
			exported++
			c.argument(f.Type, inner)
		}
	}
	if exported == 0 && t.NumField() > 0 && len(c.refusals) == 0 {
		c.refuse(place, "has no exported field, so all calls would be equal", "wrap the operation in a func that takes plain values and makes the "+typeText(t))
	}
}

func exportsNothing(t reflect.Type) bool {
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			return false
		}
	}
	return t != timeType
}

// zeroWorks says whether the zero value of t holds no nil that a method could fail on. A nil slice is fine.
func zeroWorks(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Interface, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return zeroWorks(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !zeroWorks(t.Field(i).Type) {
				return t == timeType
			}
		}
	}
	return true
}

// comparesByContent says whether two keys of type t with the same text are the same key.
func comparesByContent(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Chan, reflect.UnsafePointer:
		return false
	case reflect.Array:
		return comparesByContent(t.Elem())
	case reflect.Struct:
		if t == timeType {
			return true
		}
		for i := range t.NumField() {
			if !comparesByContent(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

func (c *typeCheck) result(t reflect.Type, place string) {
	if c.visited[t] {
		return
	}
	c.visited[t] = true
	reader := reflect.TypeFor[io.Reader]()
	switch {
	case t.Kind() == reflect.Chan:
		c.refuse(place, "is a channel, whose content is not there yet", "wrap the operation in a func that receives from it and returns what came")
	case t.Kind() == reflect.Func:
		c.refuse(place, "is a function, which cannot be compared", "wrap the operation in a func that calls it and returns what it gave, or leaves it out")
	case t.Kind() == reflect.UnsafePointer:
		c.refuse(place, "is an address, another in each execution", "wrap the operation in a func that returns what lies there")
	case t.Implements(reader), t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(reader):
		c.refuse(place, "is a reader, whose content has not been read yet",
			"wrap the operation in a func that reads it with io.ReadAll, closes it, and returns the bytes and the error")
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array, t.Kind() == reflect.Pointer:
		c.result(t.Elem(), place+", what it holds ("+typeText(t.Elem())+")")
	case t.Kind() == reflect.Map:
		c.result(t.Key(), place+", its keys ("+typeText(t.Key())+")")
		c.result(t.Elem(), place+", its elements ("+typeText(t.Elem())+")")
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				c.result(f.Type, fmt.Sprintf("%s.%s (%s)", place, f.Name, typeText(f.Type)))
			}
		}
	}
}
