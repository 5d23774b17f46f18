package spec

import (
	"errors"
	"fmt"
)

// errLimit ends a search that takes too long.
var errLimit = errors.New("too many sequential executions")

// ErrUnrepeatable is wrapped by the error of a sequential execution that did something else the second time.
var ErrUnrepeatable = errors.New("the sequential execution is not the same each time")

func errUnrepeatable(order []int, came int) error {
	return fmt.Errorf("%w: in the order %v only %d operations came to an end, and more did before", ErrUnrepeatable, order, came)
}
