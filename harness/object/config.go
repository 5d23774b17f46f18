// Package object makes a subject of any Go object: its methods are the operations of cases, drawn, printed and read by package
// values, executed by the scheduler, and judged by package spec against what the same object does when its operations are
// executed one at a time.
//
// Users meet it as harness.Subject; this package is what stands behind that type parameter.
package object

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/leanovate/gopter"

	"github.com/racewindow/racewindow/harness/spec"
	"github.com/racewindow/racewindow/harness/values"
)

// When an operation is durable, besides the name of another operation.
const (
	// OnReturn: when it returns.
	OnReturn = "return"
	// AfterClose: when the object has been closed.
	AfterClose = "close"
)

// A Config says what an object is. Name, Type, Open and Operations must be set.
type Config struct {
	// Name is that of the test, as go test has it: TestCache/full.
	Name string
	// Type is that of the object.
	Type reflect.Type
	// Open makes the object of one execution. It is called again, with the same Env, when the object is opened again.
	Open func(ctx context.Context, e *Env) (any, error)
	// Operations are what clients may call.
	Operations []Method
	// Options are settings by name. A case has one value of each; the first is the default.
	Options []Option
	// Sentinels are errors that results are compared by.
	Sentinels []values.Sentinel
	// Indeterminate are errors after which an operation may have taken effect or not, at once or later.
	Indeterminate []error
	// Order is what an explaining order must respect.
	Order spec.Order
	// Prefix says that a crash loses only what came last.
	Prefix bool
	// GoesOn says that operations succeed again when a fault is over, without opening the object again.
	GoesOn bool
	// Scribbles overwrites what an operation's arguments refer to after it has returned, which finds an object that keeps a slice
	// of the caller's.
	Scribbles bool
	// TasksMayRemain says that tasks which still wait when the object is closed are no leak.
	TasksMayRemain bool
	// Holds, if it is set, judges the history of each execution instead of the object's sequential behaviour.
	Holds func(History) error
}

// A Method is one operation.
type Method struct {
	Name string
	// Do is a method expression or a function that takes the object first.
	Do any
	// Arguments draw them; nil draws by type.
	Arguments []gopter.Gen
	// Result, if it is set, is a function of the results, and its own results are compared instead.
	Result any
	// Durable says when the operation's effect survives a crash: OnReturn, AfterClose, or the name of an operation that makes
	// all durable that returned before it was invoked. "" says that it changes nothing that lasts.
	Durable string
}

// An Option is a setting and the values that are drawn for it.
type Option struct {
	Name   string
	Values []string
}

// ErrConfig is wrapped by every error about a Config.
var ErrConfig = errors.New("not a subject")

var optionName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func (c *Config) check() error {
	if c.Open == nil {
		return fmt.Errorf("%w: %s has no Open: give a function that makes the object", ErrConfig, c.Name)
	}
	if len(c.Operations) == 0 {
		return fmt.Errorf("%w: %s has no Ops: name the methods that clients call", ErrConfig, c.Name)
	}
	if c.Name == "" || strings.ContainsAny(c.Name, " \t\n;,'\"=") {
		return fmt.Errorf("%w: the name %q cannot stand in a case: it must have no blank, quote, comma, semicolon or '='", ErrConfig, c.Name)
	}
	for i, o := range c.Options {
		if !optionName.MatchString(o.Name) || o.Name == "test" || o.Name == "scenario" || o.Name == "seed" {
			return fmt.Errorf("%w: an option called %q: use small letters, digits, '-' and '_', and not test, scenario or seed", ErrConfig, o.Name)
		}
		if len(o.Values) == 0 || slices.ContainsFunc(c.Options[:i], func(other Option) bool { return other.Name == o.Name }) {
			return fmt.Errorf("%w: the option %s has no value, or stands twice", ErrConfig, o.Name)
		}
		if slices.ContainsFunc(o.Values, func(v string) bool { return v == "" || strings.ContainsAny(v, " \t\n;") }) {
			return fmt.Errorf("%w: the option %s has a value that cannot stand in a case: no blanks, no semicolons, not empty", ErrConfig, o.Name)
		}
	}
	return nil
}

// checkDurability holds Durable to the names of operations.
func (c *Config) checkDurability() (err error) {
	for _, m := range c.Operations {
		known := m.Durable == "" || m.Durable == OnReturn || m.Durable == AfterClose ||
			slices.ContainsFunc(c.Operations, func(other Method) bool { return other.Name == m.Durable })
		if !known {
			err = errors.Join(err, fmt.Errorf("%w: %s is durable after %q, and no operation is called that: name one, or %q or %q",
				ErrConfig, m.Name, m.Durable, OnReturn, AfterClose))
		}
	}
	return err
}
