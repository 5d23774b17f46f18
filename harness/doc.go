// Package harness finds bugs that an object shows when many goroutines use it, when power is lost, or when a disk fails. You
// name the object's operations. The harness draws programs of several clients from them, explores their schedules, and
// compares the results with the object's own behaviour when its operations are executed one at a time.
//
//	func TestCache(t *testing.T) {
//		harness.Check(t, harness.Subject[*Cache]{
//			Open: func(context.Context, harness.Env) (*Cache, error) { return New(2), nil },
//			Ops:  harness.Ops{"put": (*Cache).Put, "get": (*Cache).Get, "evict": (*Cache).Evict},
//		})
//	}
//
// In a plain go test, Check runs programs one client after the other, and then freely, for at most a second, and names the
// command that explores: racewindow explore. Under racewindow test, Check is a short exploration.
package harness
