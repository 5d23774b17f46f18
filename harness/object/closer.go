package object

import (
	"context"
	"reflect"
)

// A closer closes an object; it is nil if the object has no Close that can be called.
type closer func(ctx context.Context, of reflect.Value) error

// closerOf finds Close(), Close() error, Close(context.Context) or Close(context.Context) error.
func closerOf(t reflect.Type) closer {
	m, found := t.MethodByName("Close")
	if !found {
		return nil
	}
	takes, gives := m.Type.NumIn()-1, m.Type.NumOut()
	if takes > 1 || gives > 1 || takes == 1 && m.Type.In(1) != reflect.TypeFor[context.Context]() || gives == 1 && m.Type.Out(0) != reflect.TypeFor[error]() {
		return nil
	}
	return func(ctx context.Context, of reflect.Value) error {
		var arguments []reflect.Value
		if takes == 1 {
			arguments = []reflect.Value{reflect.ValueOf(ctx)}
		}
		results := of.MethodByName("Close").Call(arguments)
		if gives == 1 && !results[0].IsNil() {
			return results[0].Interface().(error)
		}
		return nil
	}
}
