// Package mixed has markers of both tools.
package mixed

import "github.com/pingcap/failpoint"

func Both() (n int) {
	failpoint.Inject("ping", func(v failpoint.Value) { n += v.(int) })
	// gofail: var comment int
	// n += comment
	return n
}
