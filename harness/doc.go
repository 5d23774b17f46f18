// Package harness finds out whether an object does what it must when many goroutines use it, lose power under it, or meet a bad
// disk. Name its operations; programs of several clients are drawn from them, every interleaving can be chosen, and what comes is
// held against the object's own behaviour when its operations are executed one at a time.
//
//	func TestCache(t *testing.T) {
//		harness.Check(t, harness.Subject[*Cache]{
//			Open: func(context.Context, harness.Env) (*Cache, error) { return New(2), nil },
//			Ops:  harness.Ops{"put": (*Cache).Put, "get": (*Cache).Get, "evict": (*Cache).Evict},
//		})
//	}
//
// In a plain go test, Check runs programs one client after the other, and then freely, for at most a second, and names the command
// that explores: racewindow explore. Under racewindow test it is a short exploration.
package harness
