package failpoints_test

import (
	"context"
	"fmt"

	"github.com/racewindow/racewindow/failpoints"
)

// stopwatch is a Controller that says which points its goroutine passes.
type stopwatch struct{}

func (stopwatch) Yield(_ context.Context, p *failpoints.Point) { fmt.Println("passing", p.Name()) }

func (stopwatch) Fault(_ context.Context, p *failpoints.Point) (any, bool) {
	return "the disk is on fire", p.Name() == "flush/sync-error"
}

// A controller travels in the context. In code that the instrumented build made, the markers make these calls.
func ExampleWith() {
	ctx := failpoints.With(context.Background(), stopwatch{})
	window := failpoints.Lookup("example.com/log", "read/metadata-loaded")
	sync := failpoints.Lookup("example.com/log", "flush/sync-error")

	failpoints.Yield(ctx, window)
	failpoints.Yield(context.Background(), window) // nobody listens

	value, fires := failpoints.Fault(ctx, sync)
	fmt.Println(failpoints.AsError(value, nil), fires)
	// Output:
	// passing read/metadata-loaded
	// the disk is on fire true
}

func ExampleDelays_Check() {
	fmt.Println(failpoints.Delays{Probability: 2}.Check())
	// Output: delay probability 2: must lie between 0 and 1
}

func ExampleDeclare() {
	failpoints.Declare("example.com/cache", []failpoints.Declaration{
		{Name: "get/looked", Kind: failpoints.KindYield, Resource: "values", Access: failpoints.Writes, Reason: "another client may have put the value"},
	})
	looked := failpoints.Lookup("example.com/cache", "get/looked")
	resource, access := looked.Resource()
	fmt.Printf("%s: %v point, the code after it does a %v of the %s\n", looked.Name(), looked.Kind(), access, resource)
	// Output: get/looked: yield point, the code after it does a write of the values
}
