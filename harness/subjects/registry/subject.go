package registry

import (
	_ "embed"
	"fmt"
	"iter"
	"maps"
	"math/rand"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

// Subject is the registry as a subject of package cases. One of its cases:
//
//	v1 scenario=registry removal=filternil; setup: subscribe a, suspend a; p0: publish a+b, publish a; m0: remove a, subscribe a
//
// A thread called setup runs first, alone. In an operation, a shape means the thread's own newest subscription to it, or setup's
// newest one if the thread has none.
var Subject cases.Subject = subject{}

type subject struct{}

//go:embed gotest.txt
var goTest string

// GoTest implements report.Tested.
func (subject) GoTest() string { return goTest }

// Settings are the words of a case's head: removal=ORDER, default checked; concurrent=true; and promise=NAME to judge one promise
// alone, so that another broken one does not hide it. The default is to judge all promises that both fixes should keep. A crash
// always counts.
type Settings struct {
	Options
	Promise string
}

// String names the order, and other settings that are not the default.
func (s Settings) String() string {
	words := "removal=" + s.Order.String()
	if s.Concurrent {
		words += " concurrent=true"
	}
	if s.Promise != "" {
		words += " promise=" + s.Promise
	}
	return words
}

// Version implements cases.Versioned.
func (s Settings) Version() string { return "registry " + s.String() }

// Holds reports whether the promises that both fixes should keep hold.
func (s Settings) Holds() bool { return s.Order == Checked || s.Order == Reorder && !s.Concurrent }

// defaults are the settings of a case that names none.
var defaults = Settings{Options: Options{Order: Checked}}

func (subject) ParseSettings(words []cases.Setting) (cases.Settings, error) {
	s, names := defaults, []string{"removal", "concurrent", "promise"}
	values := map[string][]string{"removal": texts(Orders()), "concurrent": {"false", "true"}, "promise": texts(Promises())}
	for _, w := range words {
		known := values[w.Name]
		i := slices.Index(known, w.Value)
		switch {
		case known == nil:
			return nil, fmt.Errorf("no option is called %.40q%s: the registry has %s", w.Name, spelling.Meant(w.Name, names), strings.Join(names, ", "))
		case i < 0:
			return nil, fmt.Errorf("%s=%.40s%s: use one of %s", w.Name, w.Value, spelling.Meant(w.Value, known), strings.Join(known, ", "))
		case w.Name == "removal":
			s.Order = Order(i)
		case w.Name == "concurrent":
			s.Concurrent = i == 1
		default:
			s.Promise = w.Value
		}
	}
	return s, nil
}

func texts[T fmt.Stringer](all []T) (words []string) {
	for _, one := range all {
		words = append(words, one.String())
	}
	return words
}

func (subject) Head() string { return "scenario=registry" }

// Example implements cases.Exemplified.
func (subject) Example() string { return "setup: subscribe a; p0: publish a; m0: remove a" }

// Tasks implements cases.Subject. A consumer has the handle of its subscription as its name: the shape and a number.
func (subject) Tasks() []string { return []string{routerThread, "SHAPE.NUMBER, a consumer"} }

func (subject) IsTask(name string) bool {
	base, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], "#")
	shape, number, ok := strings.Cut(base, ".")
	return base == routerThread || ok && !notShape(shape) && number != "" && strings.Trim(number, "0123456789") == ""
}

// An Operation is one call of a Registry; one that publishes may name several shapes.
type Operation struct {
	Verb   string
	Shapes []string
}

// The verbs, and threads that have a meaning.
const (
	Publish   = "publish"
	Subscribe = "subscribe"
	Suspend   = "suspend"
	Remove    = "remove"

	setupThread, routerThread = "setup", "router"
)

// String is "publish a+b".
func (o Operation) String() string { return o.Verb + " " + strings.Join(o.Shapes, "+") }

// Word is the verb.
func (o Operation) Word() string { return o.Verb }

func (subject) ParseOperation(text string) (cases.Operation, error) {
	verbs := []string{Publish, Subscribe, Suspend, Remove}
	verb, rest, _ := strings.Cut(text, " ")
	o := Operation{verb, strings.Split(strings.TrimSpace(rest), "+")}
	if !slices.Contains(verbs, verb) || slices.ContainsFunc(o.Shapes, notShape) || o.Verb != Publish && len(o.Shapes) > 1 {
		return nil, fmt.Errorf("operation %.80q%s: write publish SHAPE+SHAPE, subscribe SHAPE, suspend SHAPE or remove SHAPE; a shape has 1 to 32 small letters and digits",
			text, spelling.Meant(verb, verbs))
	}
	return o, nil
}

// notShape refuses shapes that cannot be part of the name of a log.
func notShape(s string) bool {
	return s == "" || len(s) > 32 || strings.ContainsFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

// Check requires that a thread besides setup has an operation, and that each subscription that is suspended or removed was
// made before.
func (subject) Check(c cases.Case) error {
	switch {
	case len(c.Delays) > 0 || len(c.Faults) > 0 || c.Crash != nil:
		return fmt.Errorf("%w: the registry takes no delays (~), faults (!) or crashes: leave them out, and hold an interleaving open with switches (@)", cases.ErrCase)
	case slices.ContainsFunc(c.Switches, func(s sched.Switch) bool { return s.To == setupThread || s.At.Thread == setupThread }):
		return fmt.Errorf("%w: a switch (@) names %s, which is over before the schedule begins: leave it out", cases.ErrCase, setupThread)
	case c.Thread(setupThread) > 0:
		return fmt.Errorf("%w: %s runs before the others: write it first", cases.ErrCase, setupThread)
	}
	operations, ready := 0, map[string]bool{}
	for _, t := range c.Threads {
		known := maps.Clone(ready)
		for _, operation := range t.Operations {
			switch o := operation.(Operation); {
			case o.Verb == Subscribe:
				known[o.Shapes[0]] = true
			case o.Verb != Publish && !known[o.Shapes[0]]:
				return fmt.Errorf("%w: thread %s: %v: let %s, or the thread itself, 'subscribe %s' before", cases.ErrCase, t.Name, o, setupThread, o.Shapes[0])
			}
		}
		if t.Name == setupThread {
			ready = known
		} else {
			operations += len(t.Operations)
		}
	}
	if operations == 0 {
		return fmt.Errorf("%w: no thread does anything after %s: add one such as 'p0: publish a'", cases.ErrCase, setupThread)
	}
	return nil
}

// Draw draws a program with one or two subscriptions, some of them asleep, and clients that mostly publish.
func (subject) Draw(random *rand.Rand, s cases.Shape) (cases.Case, error) {
	s = s.WithDefaults()
	shapes := []string{"a", "b"}[:1+random.Intn(2)]
	setup := cases.Thread{Name: setupThread}
	for _, shape := range shapes {
		setup.Operations = append(setup.Operations, Operation{Subscribe, []string{shape}})
		if random.Intn(3) == 0 {
			setup.Operations = append(setup.Operations, Operation{Suspend, []string{shape}})
		}
	}
	c := cases.Case{Subject: Subject, Settings: defaults, Threads: []cases.Thread{setup}}
	for i := range max(min(2, s.Threads), 1+random.Intn(s.Threads)) {
		t := cases.Thread{Name: fmt.Sprintf("c%d", i)}
		for range 1 + min(random.Intn(s.Operations), random.Intn(s.Operations)) {
			o := Operation{[]string{Publish, Publish, Publish, Remove, Remove, Subscribe, Suspend}[random.Intn(7)], []string{shapes[random.Intn(len(shapes))]}}
			if o.Verb == Publish && random.Intn(3) == 0 {
				o.Shapes = shapes
			}
			t.Operations = append(t.Operations, o)
		}
		c.Threads = append(c.Threads, t)
	}
	return c, nil
}

// DrawFaults implements cases.Subject. The registry takes no faults.
func (subject) DrawFaults(*rand.Rand, cases.Case, int) []cases.Fault { return nil }

// Smaller yields cases with fewer settings, and with publications to one shape fewer.
func (subject) Smaller(c cases.Case) iter.Seq[cases.Case] {
	return func(yield func(cases.Case) bool) {
		s := c.Settings.(Settings)
		for _, plainer := range []Settings{{Options: s.Options}, {Options{Order: s.Order}, s.Promise}} {
			next := c.Clone()
			if next.Settings = plainer; plainer.String() != s.String() && !yield(next) {
				return
			}
		}
		for i, t := range c.Threads {
			for j, operation := range t.Operations {
				o := operation.(Operation)
				for k := range o.Shapes {
					next := c.Clone()
					next.Threads[i].Operations[j] = Operation{o.Verb, slices.Delete(slices.Clone(o.Shapes), k, k+1)}
					if len(o.Shapes) > 1 && !yield(next) {
						return
					}
				}
			}
		}
	}
}

func (subject) Plan(c cases.Case) (*cases.Plan, error) {
	if err := failpoints.Require("the scheduler", "make build (it makes bin/racewindow), or run the test with: racewindow test"); err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	return &cases.Plan{Scenario: scenario(c.Clone())}, nil
}

// Canaries are the known bug.
func (subject) Canaries(cases.Case) ([]cases.Canary, error) {
	c := written(known + removalProgram)
	plan, err := Subject.Plan(c)
	return []cases.Canary{{What: "the known bug", Case: c, Plan: plan}}, err
}

// Cured implements cases.Cured, with the only order that keeps every promise.
func (subject) Cured(c cases.Case) (cured cases.Case, what string, ok bool) {
	s := c.Settings.(Settings)
	right := Options{Order: Reorder}
	if s.Options == right {
		return c, "", false
	}
	cured = c.Clone()
	cured.Settings = Settings{right, s.Promise}
	return cured, "removal=" + right.Order.String(), true
}
