// Package object makes a subject of any Go object: its methods are the operations of cases. Package values draws, prints and
// reads them, the scheduler executes them, and package spec compares their results with those of the same object when its
// operations are executed one at a time.
//
// Users know it as harness.Subject; this package implements that type.
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

// When an operation is durable, if not after another operation, which Durable then names.
const (
	// OnReturn: as soon as it returns.
	OnReturn = "return"
	// AfterClose: once the object has been closed.
	AfterClose = "close"
)

// A Config says what an object is. Name, Type, Open and Operations must be set.
type Config struct {
	// Name is the name of the test, as go test has it: TestCache/full.
	Name string
	// Type is the type of the object.
	Type reflect.Type
	// Open makes the object of one execution. It is called again, with the same Env, to open the object again.
	Open func(ctx context.Context, e *Env) (any, error)
	// Operations are what clients may call.
	Operations []Method
	// Options are settings by name. A case has one value of each; the first value is the default.
	Options []Option
	// Sentinels are the errors by which results are compared: two results that wrap the same one are equal, whatever text they
	// add.
	Sentinels []values.Sentinel
	// Indeterminate are errors after which it is open whether an operation has taken effect, now or later.
	Indeterminate []error
	// Order is what an order that explains the history must respect.
	Order spec.Order
	// Prefix says that a crash loses only the last operations.
	Prefix bool
	// GoesOn says that operations succeed again once a fault is over, without opening the object again.
	GoesOn bool
	// Scribbles overwrites the memory that an operation's arguments refer to, after the operation has returned. This finds an
	// object that keeps a slice of its caller.
	Scribbles bool
	// TasksMayRemain says that a task which still waits when the object is closed is no leak.
	TasksMayRemain bool
	// Holds, if set, judges the history of each execution in place of the object's sequential behaviour.
	Holds func(History) error
}

// A Method is one operation.
type Method struct {
	Name string
	// Do is a method expression or a function that takes the object first.
	Do any
	// Arguments draw the arguments; nil draws them by their types.
	Arguments []gopter.Gen
	// Result, if set, is a function of the results; what it returns is compared in their place.
	Result any
	// Durable says when the operation's effect survives a crash: OnReturn, AfterClose, or the name of an operation that makes
	// durable all operations which returned before it was invoked. "" says that the operation changes nothing that lasts.
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
		if !optionName.MatchString(o.Name) || o.Name == "test" || o.Name == "scenario" || o.Name == "seed" || o.Name == "earlier" {
			return fmt.Errorf("%w: an option called %q: use small letters, digits, '-' and '_', and not test, scenario, seed or earlier", ErrConfig, o.Name)
		}
		if len(o.Values) == 0 || slices.ContainsFunc(c.Options[:i], func(other Option) bool { return other.Name == o.Name }) {
			return fmt.Errorf("%w: the option %s has no value, or appears twice", ErrConfig, o.Name)
		}
		if slices.ContainsFunc(o.Values, func(v string) bool { return v == "" || strings.ContainsAny(v, " \t\n;") }) {
			return fmt.Errorf("%w: the option %s has a value that cannot stand in a case: no blanks, no semicolons, not empty", ErrConfig, o.Name)
		}
	}
	return nil
}

// checkDurability requires that Durable names an operation, or one of the constants.
func (c *Config) checkDurability() (err error) {
	for _, m := range c.Operations {
		known := m.Durable == "" || m.Durable == OnReturn || m.Durable == AfterClose ||
			slices.ContainsFunc(c.Operations, func(other Method) bool { return other.Name == m.Durable })
		if !known {
			err = errors.Join(err, fmt.Errorf("%w: %s is durable after %q, but no operation is called that: name one, or use %q or %q",
				ErrConfig, m.Name, m.Durable, OnReturn, AfterClose))
		}
	}
	return err
}
