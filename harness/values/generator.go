package values

import (
	"fmt"
	"iter"
	"math/rand"
	"reflect"

	"github.com/leanovate/gopter"
)

const (
	// generatorTries bounds how often a generator is asked again if its sieve rejects the value.
	generatorTries = 100
	// uniqueTries bounds how often a generator is asked for a value that is new in the program.
	uniqueTries = 8
	// generatedSize bounds the slices and strings that gopter's generators draw, because people read programs.
	generatedSize = 8
	// shrunkValues bounds how many values are taken from a generator's own shrinker, and how many small values are drawn.
	shrunkValues = 64
)

// takeGenerators checks that each generator draws values that its argument can have.
func (o *Operation) takeGenerators(generators []gopter.Gen) error {
	if len(generators) > len(o.arguments) {
		return &Refusal{
			Operation: o.name, Reason: fmt.Sprintf("has %d generators for %d arguments", len(generators), len(o.arguments)),
			Remedy: "give one for each argument after the receiver and the context, nil for one that is drawn by type",
		}
	}
	for i, generator := range generators {
		if generator == nil {
			continue
		}
		kind := o.arguments[i].kind
		place := fmt.Sprintf("the generator of argument %d (%s)", i+1, typeText(kind))
		result, err := generate(generator, rand.New(rand.NewSource(1)), generatedSize)
		if err != nil {
			return &Refusal{Operation: o.name, Place: place, Reason: err.Error(), Remedy: "mend the generator, or draw by type with nil in its place"}
		}
		if drawn := result.ResultType; drawn == nil || !drawn.AssignableTo(kind) {
			return &Refusal{
				Operation: o.name, Place: place, Reason: fmt.Sprintf("draws values of type %v", drawn),
				Remedy: "make them with Map(func(x ...) " + typeText(kind) + " { ... })",
			}
		}
		o.arguments[i].generator = generator
	}
	return nil
}

// generate asks a generator once. A generator is unknown code, so it may panic.
func generate(generator gopter.Gen, random *rand.Rand, size int) (result *gopter.GenResult, err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			result, err = nil, fmt.Errorf("panics: %v", recovered)
		}
	}()
	parameters := &gopter.GenParameters{MaxSize: size, MaxShrinkCount: shrunkValues, Rng: random}
	if result = generator(parameters); result == nil {
		return nil, fmt.Errorf("gives nil")
	}
	return result, nil
}

// taken converts what a generator drew to the type of the argument. It writes the value and reads it again, so that a replay
// gets the same value. ok is false if the generator's sieve rejects the value.
func taken(result *gopter.GenResult, kind reflect.Type) (v reflect.Value, text string, ok bool, err error) {
	drawn, ok := result.RetrieveAsValue()
	if !ok {
		return v, "", false, nil
	}
	v, text, err = reread(drawn, kind)
	return v, text, true, err
}

func reread(drawn reflect.Value, kind reflect.Type) (v reflect.Value, text string, err error) {
	v = reflect.New(kind).Elem()
	v.Set(drawn)
	if text, err = Literal(v); err != nil {
		return v, text, err
	}
	if v, err = Parse(text, kind); err != nil {
		return v, text, fmt.Errorf("draws what cannot be read back: %w", err)
	}
	return v, text, nil
}

// generate draws the i-th argument with the user's generator.
func (d *Drawing) generate(o *Operation, i int, distinct bool) (v reflect.Value, err error) {
	a, found := o.argument(i), false
	refuse := func(reason, remedy string) error {
		return &Refusal{Operation: o.name, Place: fmt.Sprintf("the generator of argument %d (%s)", i+1, typeText(a.kind)), Reason: reason, Remedy: remedy}
	}
	for tries, repeated := 0, 0; tries < generatorTries && repeated < uniqueTries; tries++ {
		result, err := generate(a.generator, d.Random, generatedSize)
		if err != nil {
			return v, refuse(err.Error(), "mend the generator")
		}
		next, text, ok, err := taken(result, a.kind)
		if err != nil {
			return v, refuse(err.Error(), "wrap the operation in a func that takes plain values and makes the "+typeText(a.kind))
		}
		if !ok {
			continue
		}
		v, found = next, true
		key := a.kind.String() + " " + text
		if !distinct || !d.seen[key] {
			if d.seen == nil {
				d.seen = map[string]bool{}
			}
			d.seen[key] = true
			return v, nil
		}
		repeated++
	}
	if found {
		return v, nil // it has few values, so they repeat
	}
	return v, refuse(fmt.Sprintf("gave nothing in %d tries", generatorTries), "loosen its SuchThat")
}

// smallerDraws yields values that are smaller than v and that the generator allows: those of its own shrinker, then small
// draws.
func smallerDraws(generator gopter.Gen, kind reflect.Type, v reflect.Value) iter.Seq[reflect.Value] {
	return func(yield func(reflect.Value) bool) {
		size, seen := SizeOf(v), map[string]bool{}
		offer := func(drawn reflect.Value) bool {
			candidate, text, err := reread(drawn, kind)
			if err != nil || seen[text] || !SizeOf(candidate).Less(size) {
				return true
			}
			seen[text] = true
			return yield(candidate)
		}
		random := rand.New(rand.NewSource(1))
		result, err := generate(generator, random, generatedSize)
		if err != nil {
			return
		}
		for _, smaller := range shrunk(result, v) {
			if !offer(smaller) {
				return
			}
		}
		for i := range shrunkValues {
			result, err := generate(generator, random, i*generatedSize/shrunkValues)
			if err != nil {
				return
			}
			if drawn, ok := result.RetrieveAsValue(); ok && !offer(drawn) {
				return
			}
		}
	}
}

// shrunk returns the values that the generator's shrinker makes from v and its sieve accepts. Both are unknown code, and may
// panic.
func shrunk(result *gopter.GenResult, v reflect.Value) (all []reflect.Value) {
	defer func() { _ = recover() }()
	if result.Shrinker == nil {
		return nil
	}
	next := result.Shrinker(v.Interface())
	for range shrunkValues {
		value, ok := next()
		if !ok {
			break
		}
		if result.Sieve == nil || result.Sieve(value) {
			all = append(all, reflect.ValueOf(value))
		}
	}
	return all
}
