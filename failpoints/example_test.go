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
	window := failpoints.Lookup(failpoints.StoragePackage, "read/metadata-loaded")
	sync := failpoints.Lookup(failpoints.StoragePackage, "flush/sync-error")

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

func ExampleCatalogue() {
	for _, e := range failpoints.Catalogue() {
		if e.Name == "read/metadata-loaded" {
			fmt.Printf("%s: %v point, the code behind it does a %v of the %s\n", e.Name, e.Kind, e.Access, e.Resource)
		}
	}
	// Output: read/metadata-loaded: yield point, the code behind it does a read of the tail
}
