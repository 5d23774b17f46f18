package object

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/values"
)

// An Object is a subject. It implements cases.Subject.
type Object struct {
	Config
	methods  []*method // by name
	renderer values.Renderer
	closer   closer
	holds    sync.Mutex     // guards the user's judge: one history at a time
	inFolder raceoff.Number // 1: the object keeps its data in Env.Dir
	// makesFiles is 1 if Open asks for Env.Dir or Env.Disk.
	makesFiles raceoff.Number
	// firstOpenings says, by plan.ofOpening, whether the object held when power was lost during its first opening.
	firstOpenings sync.Map
}

// A method is an operation that was checked.
type method struct {
	Method
	*values.Operation
	result reflect.Value // the projection, or invalid
}

// New checks a Config. It reports all that is wrong in one error, which wraps ErrConfig.
func New(c Config) (*Object, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	o := &Object{Config: c, renderer: values.Renderer{Sentinels: c.Sentinels}}
	err := c.checkDurability()
	for _, m := range c.Operations {
		checked, wrong := newMethod(m, c.Type)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", ErrConfig, wrong))
			continue
		}
		o.methods = append(o.methods, checked)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(o.methods, func(a, b *method) int { return strings.Compare(a.Method.Name, b.Method.Name) })
	for i, m := range o.methods[1:] {
		if m.Method.Name == o.methods[i].Method.Name {
			return nil, fmt.Errorf("%w: two operations are called %s", ErrConfig, m.Method.Name)
		}
	}
	o.closer = closerOf(c.Type)
	return o, nil
}

func newMethod(m Method, receiver reflect.Type) (*method, error) {
	checked, err := values.New(m.Name, m.Do, receiver, values.Options{Generators: m.Arguments, Passes: isEnding})
	if err != nil {
		return nil, err
	}
	found := &method{Method: m, Operation: checked}
	if m.Result == nil {
		return found, nil
	}
	found.result = reflect.ValueOf(m.Result)
	t := found.result.Type()
	if t.Kind() != reflect.Func || t.IsVariadic() || !slices.Equal(slices.Collect(t.Ins()), checked.Results()) || t.NumOut() == 0 {
		return nil, fmt.Errorf("%s: Result must be a function of what the operation returns, %v, that returns something", m.Name, checked.Results())
	}
	return found, nil
}

// method returns the operation of that name, nil for none.
func (o *Object) method(name string) *method {
	i, found := slices.BinarySearchFunc(o.methods, name, func(m *method, name string) int { return strings.Compare(m.Method.Name, name) })
	if !found {
		return nil
	}
	return o.methods[i]
}

func (o *Object) names() string {
	var names []string
	for _, m := range o.methods {
		names = append(names, m.Method.Name)
	}
	return strings.Join(names, ", ")
}

// A Call is an operation with its arguments. It implements cases.Operation.
type Call struct {
	method    *method
	arguments []reflect.Value
	text      string
}

func newCall(m *method, arguments []reflect.Value) *Call {
	return &Call{m, arguments, m.Text(arguments)}
}

// String is the call as a case prints it.
func (c *Call) String() string { return c.text }

// Word is the operation's name.
func (c *Call) Word() string { return c.method.Method.Name }

// Head implements cases.Subject.
func (o *Object) Head() string { return "test=" + o.Name }

// ParseOperation implements cases.Subject.
func (o *Object) ParseOperation(text string) (cases.Operation, error) {
	call, err := values.ParseCall(text)
	if err != nil {
		return nil, err
	}
	m := o.method(call.Name)
	if m == nil {
		return nil, fmt.Errorf("no operation is called %q: use %s", call.Name, o.names())
	}
	arguments, err := m.Parse(call)
	if err != nil {
		return nil, err
	}
	return newCall(m, arguments), nil
}

// Tasks implements cases.Subject. It returns nil: the names of the object's tasks are unknown.
func (o *Object) Tasks() []string { return nil }

// IsTask says whether a thread of that name may be a task of the object: any name that is not a client's.
func (o *Object) IsTask(name string) bool { return !isClient(name) }

// isClient says whether a name is the letter c and a number.
func isClient(name string) bool {
	return len(name) > 1 && name[0] == 'c' && strings.Trim(name[1:], "0123456789") == ""
}

// Check implements cases.Subject.
func (o *Object) Check(c cases.Case) error {
	for _, t := range c.Threads {
		for _, operation := range t.Operations {
			if call, ok := operation.(*Call); !ok || o.method(call.Word()) != call.method {
				return fmt.Errorf("%w: %v is no operation of %s", cases.ErrCase, operation, o.Name)
			}
		}
	}
	if len(c.Delays) > 0 {
		return fmt.Errorf("%w: delays (~) are not for %s: hold an interleaving open with switches (@)", cases.ErrCase, o.Name)
	}
	if c.Crash != nil && !o.keeps() {
		return fmt.Errorf("%w: a crash, and no operation of %s says when it is durable: set Op.Durable", cases.ErrCase, o.Name)
	}
	return nil
}

// Lasts says whether some operation is durable at some time.
func (o *Object) Lasts() bool { return o.keeps() }

// keeps says whether some operation is durable at some time.
func (o *Object) keeps() bool {
	return slices.ContainsFunc(o.methods, func(m *method) bool { return m.Durable != "" })
}
