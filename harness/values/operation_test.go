package values

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/stretchr/testify/require"
)

func TestAnOperationListsItsArgumentsAndResults(t *testing.T) {
	t.Parallel()
	put := must(t, "put", (*cache).Put)
	require.True(t, put.TakesContext())
	require.False(t, put.Variadic())
	require.Equal(t, []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[int]()}, put.Arguments())
	require.Equal(t, []reflect.Type{reflect.TypeFor[error]()}, put.Results())
	require.Equal(t, "put(string, int)", put.String())
	remove := must(t, "delete", (*cache).Delete)
	require.True(t, remove.Variadic())
	require.Equal(t, "delete(...string)", remove.String())
	require.Equal(t, []reflect.Type{reflect.TypeFor[string]()}, remove.Arguments())
	require.Equal(t, "len()", must(t, "len", func(c *cache) int { return len(c.data) }).String())
	_, err := New("get", func(c interface{ Get(string) (int, bool) }, k string) (int, bool) { return c.Get(k) }, reflect.TypeFor[*cache](), Options{})
	require.NoError(t, err, "a receiver may be an interface that the object has")
}

// A turnstile is like a sync.Mutex, whose zero value works, and which vet lets pass by value.
type turnstile struct{ state, waiting int32 }

var _ = []any{opaque{id: 1}, guarded{index: nil}, settings{gate: turnstile{state: 1, waiting: 1}}, lockable{inner: turnstile{}}, badlySet{index: nil}, session{done: nil}}

type (
	opaque   struct{ id int }
	guarded  struct{ index map[string]int }
	settings struct {
		Name string
		Done chan int
		gate turnstile
	}
	lockable struct {
		Name  string
		Gate  turnstile
		inner turnstile
	}
	badlySet struct {
		Name  string
		index map[string]int
	}
	session struct {
		ID   int
		done chan struct{}
	}
	reading struct{ Body io.Reader }
)

// What cannot be an operation is refused, with its name and the remedy.
func TestRefusals(t *testing.T) {
	t.Parallel()
	object := newCache()
	for _, c := range []struct {
		function any
		want     string // in the order of the message, separated by ...
	}{
		{nil, "is nil, not a function...(*cache).Method"},
		{"put", "is of type string, not a function"},
		{(func(*cache))(nil), "is a nil function"},
		{func() {}, "takes no receiver"},
		{object.Get, "takes string first, not the receiver *cache...bound to one object already"},
		{func(cache) {}, "takes cache first, not the receiver *cache"},
		{func(...*cache) {}, "takes its receiver as a variadic parameter"},
		{func(context.Context, *cache) {}, "takes its context first...func(object *cache, ctx context.Context, ...)"},
		{func(*cache, int, context.Context) {}, "argument 2 (Context) is an interface...directly after the receiver"},
		{func(*cache, chan int) {}, "argument 1 (chan int) is a channel...wrap the operation in a func that makes the channel itself"},
		{func(*cache, func()) {}, "argument 1 (func()) is a function...by a number or a bool"},
		{func(*cache, ...func(int)) {}, "argument 1 (func(int)) is a function"},
		{func(*cache, io.Reader) {}, "argument 1 (Reader) is an interface...bytes.NewReader"},
		{func(*cache, io.ReadCloser) {}, "argument 1 (ReadCloser) is an interface...bytes.NewReader"},
		{func(*cache, io.Writer) {}, "argument 1 (Writer) is an interface...bytes.Buffer"},
		{func(*cache, fmt.Stringer) {}, "argument 1 (Stringer) is an interface...takes plain values and makes the Stringer"},
		{func(*cache, error) {}, "argument 1 (error) is an interface...errors.New"},
		{func(*cache, []error) {}, "argument 1 ([]error), what it holds (error) is an interface"},
		{func(*cache, unsafe.Pointer) {}, "argument 1 (Pointer) is an address"},
		{func(*cache, map[*int]int) {}, "argument 1 (map[*int]int) has keys that are equal only to themselves"},
		{func(*cache, map[string]chan int) {}, "its elements (chan int) is a channel"},
		{func(*cache, [1 << 21]byte) {}, "has 2097152 bytes, at most 1048576"},
		{func(*cache, settings) {}, "argument 1 (settings).Done (chan int) is a channel"},
		{func(*cache, badlySet) {}, "argument 1 (badlySet).index (map[string]int) is unexported and would stay nil...makes the badlySet"},
		{func(*cache, *guarded) {}, "what it holds (guarded).index (map[string]int) is unexported"},
		{func(*cache, opaque) {}, "argument 1 (opaque) has no exported field, so all calls would be equal"},
		{func(*cache, *testing.T) {}, "what it holds (T)...is unexported"},
		{func(*cache) chan int { return nil }, "result 1 (chan int) is a channel...receives from it"},
		{func(*cache) func() { return nil }, "result 1 (func()) is a function, which cannot be compared"},
		{func(*cache) func() (int, bool) { return nil }, "result 1 (func() (int, bool)) is a function"},
		{func(*cache) (int, io.ReadCloser) { return 0, nil }, "result 2 (ReadCloser) is a reader...io.ReadAll"},
		{func(*cache) *strings.Reader { return nil }, "result 1 (*Reader) is a reader"},
		{func(*cache) reading { return reading{} }, "result 1 (reading).Body (Reader) is a reader"},
		{func(*cache) []chan int { return nil }, "what it holds (chan int) is a channel"},
		{func(*cache) iter.Seq[func()] { return nil }, "an element of it is a function"},
		{func(*cache) unsafe.Pointer { return nil }, "result 1 (Pointer) is an address"},
	} {
		_, err := New("name", c.function, reflect.TypeFor[*cache](), Options{})
		require.Error(t, err, c.want)
		refusal := (*Refusal)(nil)
		require.ErrorAs(t, err, &refusal)
		require.NotEmpty(t, refusal.Remedy)
		message := err.Error()
		require.True(t, strings.HasPrefix(message, "name"), message)
		for part := range strings.SplitSeq(c.want, "...") {
			at := strings.Index(message, part)
			require.GreaterOrEqual(t, at, 0, "%q in %q", part, err)
			message = message[at:]
		}
	}
}

func TestAllRefusalsOfAnOperationAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New("subscribe", func(*cache, chan int, func()) chan int { return nil }, reflect.TypeFor[*cache](), Options{})
	for _, part := range []string{"argument 1 (chan int)", "argument 2 (func())", "result 1 (chan int)"} {
		require.ErrorContains(t, err, part)
	}
}

func TestWhatIsNoReasonToRefuse(t *testing.T) {
	t.Parallel()
	must(t, "lockable", func(*cache, lockable) {})
	must(t, "recursive", func(*cache, *node) {})
	must(t, "session", func(*cache) (*session, error) { return nil, nil })
	must(t, "itself", func(c *cache) *cache { return c })
	must(t, "context", func(*cache, context.Context) any { return nil })
}

func TestANameIsWhatACallCanCarry(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"put", "Put", "put_all", "put-all", "Cache.Put", "p2", strings.Repeat("a", 64)} {
		_, err := New(good, (*cache).Get, reflect.TypeFor[*cache](), Options{})
		require.NoError(t, err)
	}
	for _, bad := range []string{"", "2p", "-", "put all", "put(", "p\u00fct", "put;", strings.Repeat("a", 65)} {
		_, err := New(bad, (*cache).Get, reflect.TypeFor[*cache](), Options{})
		require.ErrorContains(t, err, "is no name of an operation: begin with a letter")
	}
	_, err := New("get", (*cache).Get, nil, Options{})
	require.ErrorContains(t, err, "has no receiver")
	_, err = New("get", (*cache).Get, reflect.TypeFor[cache](), Options{})
	require.ErrorContains(t, err, "let Open return a pointer")
}

func TestACallReturnsPanicsOrExits(t *testing.T) {
	t.Parallel()
	object := reflect.ValueOf(newCache())
	var outcome Outcome
	get := must(t, "get", func(_ *cache, way int) (int, error) {
		switch way {
		case 1:
			panic("boom")
		case 2:
			panic(nil) //nolint:govet // a panic like any other
		case 3:
			var none []int
			return none[3], nil
		case 4:
			panic(errFull)
		case 5:
			panic(&point{1, 2})
		case 6:
			panic("goroutine 17 at 0xc000123456, not 0xbeef")
		case 7:
			runtime.Goexit()
		}
		return way, nil
	})
	r := &Renderer{Sentinels: []Sentinel{{"ErrFull", errFull}}}
	for way, want := range []string{
		"0, nil", `panic("boom")`, "panic(panic called with nil argument)",
		"panic(runtime error: index out of range [3] with length 0)", "panic(ErrFull)", "panic(&values.point{X: 1, Y: 2})",
		`panic("goroutine N at 0x..., not 0xbeef")`,
	} {
		get.Call(object, nil, []reflect.Value{reflect.ValueOf(way)}, &outcome)
		require.Equal(t, want, r.Text(&outcome))
		if way > 0 {
			require.Equal(t, Panicked, outcome.Ended)
			require.Contains(t, string(outcome.Stack), "operation_test.go")
			require.Nil(t, outcome.Results)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		get.Call(object, nil, []reflect.Value{reflect.ValueOf(7)}, &outcome)
		t.Error("Goexit ends the goroutine")
	}()
	<-done
	require.Equal(t, Exited, outcome.Ended)
	require.Equal(t, "exited", r.Text(&outcome))
	require.Equal(t, "unfinished", r.Text(&Outcome{}))
}

// A scheduler ends threads by its own panics, which are not panics of the operation.
func TestAPanicThatPassesGoesOn(t *testing.T) {
	t.Parallel()
	type unwinding struct{}
	o, err := New("wait", func(*cache) { panic(unwinding{}) }, reflect.TypeFor[*cache](), Options{Passes: func(recovered any) bool {
		_, ours := recovered.(unwinding)
		return ours
	}})
	require.NoError(t, err)
	var outcome Outcome
	require.PanicsWithValue(t, unwinding{}, func() { o.Call(reflect.ValueOf(newCache()), nil, nil, &outcome) })
	require.Equal(t, Passed, outcome.Ended)
}

func TestACallHandsOnItsContextAndVariadicArguments(t *testing.T) {
	t.Parallel()
	type name struct{}
	seen := must(t, "seen", func(_ *cache, ctx context.Context, first int, rest ...string) (any, int, []string) {
		return ctx.Value(name{}), first, rest
	})
	var outcome Outcome
	arguments, err := seen.ParseText(`seen(1, "a", "b")`)
	require.NoError(t, err)
	seen.Call(reflect.ValueOf(newCache()), context.WithValue(context.Background(), name{}, "here"), arguments, &outcome)
	require.Equal(t, `"here", 1, []string{"a", "b"}`, new(Renderer).Text(&outcome))
	arguments, err = seen.ParseText(`seen(1)`)
	require.NoError(t, err)
	seen.Call(reflect.ValueOf(newCache()), nil, arguments, &outcome)
	require.Equal(t, `nil, 1, []string{}`, new(Renderer).Text(&outcome))
	require.Panics(t, func() { seen.Call(reflect.ValueOf(newCache()), nil, nil, &outcome) }, "a mistake of the caller is no panic of the operation")
	require.Panics(t, func() { seen.Call(reflect.ValueOf(newCache()), nil, []reflect.Value{reflect.ValueOf("a")}, &outcome) })
	require.Panics(t, func() { seen.Call(reflect.ValueOf(1), nil, arguments, &outcome) })
}

func TestIteratorsAreDrainedInsideOfTheOperation(t *testing.T) {
	t.Parallel()
	object := newCache()
	object.data["a"], object.data["c"] = 1, 3
	counting := func(n int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		}
	}
	reused := func(*cache) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			buffer := []byte{0}
			for c := byte('a'); c < 'd'; c++ {
				if buffer[0] = c; !yield(buffer) {
					return
				}
			}
		}
	}
	for want, function := range map[string]any{
		`seq("a": 1, "c": 3)`: (*cache).All,
		`seq(0, 1, 2)`:        func(*cache) iter.Seq[int] { return counting(3) },
		`seq(0, 1, 2, ...)`:   func(*cache) iter.Seq[int] { return counting(4) },
		`seq()`:               func(*cache) iter.Seq[int] { return counting(0) },
		`nil, 1`:              func(*cache) (iter.Seq[int], int) { return nil, 1 },
		`panic("halfway")`:    func(*cache) iter.Seq[int] { return func(yield func(int) bool) { yield(1); panic("halfway") } },
		`seq([]byte("a"), []byte("b"), []byte("c"))`: reused,
	} {
		o, err := New("all", function, reflect.TypeFor[*cache](), Options{Elements: 3})
		require.NoError(t, err)
		var outcome Outcome
		o.Call(reflect.ValueOf(object), nil, nil, &outcome)
		require.Equal(t, want, new(Renderer).Text(&outcome))
	}
	endless := must(t, "endless", func(*cache) iter.Seq[int] {
		return func(yield func(int) bool) {
			for yield(1) {
			}
		}
	})
	var outcome Outcome
	endless.Call(reflect.ValueOf(object), nil, nil, &outcome)
	require.Len(t, outcome.Results[0].Interface().(Sequence).Elements, DefaultElements)
	// If an iterator goes on after it was told to stop, the runtime panics.
	deaf := must(t, "deaf", func(*cache) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range 2 * DefaultElements {
				yield(i)
			}
		}
	})
	deaf.Call(reflect.ValueOf(object), nil, nil, &outcome)
	require.Equal(t, Panicked, outcome.Ended)
}

func TestGeneratorsDrawInThePlaceOfTypes(t *testing.T) {
	t.Parallel()
	build := func(g ...gopter.Gen) (*Operation, error) {
		return New("put", (*cache).Put, reflect.TypeFor[*cache](), Options{Generators: g})
	}
	o, err := build(gen.OneConstOf("red", "green"), gen.IntRange(100, 200))
	require.NoError(t, err)
	for seed := range int64(20) {
		d := drawing(seed, true)
		for range 5 {
			arguments, err := d.Draw(o)
			require.NoError(t, err)
			require.Contains(t, []string{"red", "green"}, arguments[0].String())
			require.True(t, 100 <= arguments[1].Int() && arguments[1].Int() <= 200)
			for smaller := range o.Smaller(arguments) {
				require.Contains(t, []string{"red", "green"}, smaller[0].String(), "what is smaller stays in the domain")
				require.True(t, 100 <= smaller[1].Int() && smaller[1].Int() <= 200, "%v", smaller[1])
				require.True(t, SizeOfAll(smaller).Less(SizeOfAll(arguments)))
			}
		}
	}
	for want, g := range map[string][]gopter.Gen{
		"the generator of argument 1 (string) draws values of type int": {gen.Int()},
		"has 3 generators for 2 arguments":                              {nil, nil, nil},
		"panics: broken":                                                {func(*gopter.GenParameters) *gopter.GenResult { panic("broken") }},
		"gives nil":                                                     {func(*gopter.GenParameters) *gopter.GenResult { return nil }},
	} {
		_, err := build(g...)
		require.ErrorContains(t, err, want)
	}
	never, err := build(nil, gen.Int().SuchThat(func(int) bool { return false }))
	require.NoError(t, err)
	_, err = drawing(1, false).Draw(never)
	require.EqualError(t, err, "put: the generator of argument 2 (int) gave nothing in 100 tries: loosen its SuchThat")
}

// What a text cannot express would be another value in a replay.
func TestAGeneratorMayNotDrawWhatNoTextCanTell(t *testing.T) {
	t.Parallel()
	o, err := New("put", func(*cache, any) {}, reflect.TypeFor[*cache](), Options{Generators: []gopter.Gen{gen.Const(point{1, 2})}})
	require.NoError(t, err)
	_, err = drawing(1, false).Draw(o)
	require.ErrorContains(t, err, "an any that holds a point cannot be read back: wrap the operation in a func")
}

func TestAContextsErrorIsRecognised(t *testing.T) {
	t.Parallel()
	require.True(t, IsContextError(fmt.Errorf("put: %w", context.Canceled)))
	require.True(t, IsContextError(context.DeadlineExceeded))
	require.False(t, IsContextError(nil))
	require.False(t, IsContextError(errors.New("context canceled")))
	o := must(t, "wait", func(_ *cache, ctx context.Context) (int, any, error) { return 0, 1, fmt.Errorf("wait: %w", ctx.Err()) })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var outcome Outcome
	o.Call(reflect.ValueOf(newCache()), ctx, nil, &outcome)
	require.True(t, outcome.ContextError())
	require.Equal(t, "0, 1, context.Canceled", new(Renderer).Text(&outcome))
	get := must(t, "get", (*cache).Get)
	get.Call(reflect.ValueOf(newCache()), nil, []reflect.Value{reflect.ValueOf("a")}, &outcome)
	require.False(t, outcome.ContextError())
}

func TestGeneratorsAreAskedAgainForUniqueArguments(t *testing.T) {
	t.Parallel()
	o, err := New("put", (*cache).Put, reflect.TypeFor[*cache](), Options{Generators: []gopter.Gen{nil, gen.IntRange(1, 20)}})
	require.NoError(t, err)
	for seed := range int64(20) {
		d, seen := drawing(seed, true), map[int64]bool{}
		for range 4 {
			arguments, err := d.Draw(o)
			require.NoError(t, err)
			require.False(t, seen[arguments[1].Int()])
			seen[arguments[1].Int()] = true
		}
		for range 40 { // more than there are: they come again
			_, err := d.Draw(o)
			require.NoError(t, err)
		}
	}
}
