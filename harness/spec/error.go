package spec

import (
	"errors"
	"fmt"
)

// errLimit ends a search that takes too many executions.
var errLimit = errors.New("too many sequential executions")

// ErrUnrepeatable is wrapped by the error for a sequential execution whose repetition did something else.
var ErrUnrepeatable = errors.New("the sequential execution is not the same each time")

func errUnrepeatable(order []int, came int) error {
	return fmt.Errorf("%w: in the order %v only %d operations returned, and more did the first time", ErrUnrepeatable, order, came)
}
