// Package save has comment markers.
package save

import "errors"

func Save() error {
	// gofail: var saveError string
	// return errors.New(saveError)
	return nil
}

var _ = errors.New

func Count(n int) (sum int) {
	// gofail: outer:
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			// gofail: var skipRow struct{}
			// continue outer
			sum++
		}
	}
	return sum
}

func Where() {
	// gofail: var beforeWhere struct{}
	// x := []int{}
	// _ = x[len(x)]
	panic("save.go, line 30")
}
