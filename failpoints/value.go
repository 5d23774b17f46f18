package failpoints

import (
	"errors"
	"strconv"
)

// AsError turns the value that a fault point delivers into an error. An error is returned as it is, a string becomes an
// error with that text, and anything else becomes usual.
func AsError(value any, usual error) error {
	switch v := value.(type) {
	case error:
		return v
	case string:
		return errors.New(v)
	}
	return usual
}

// AsLength turns the value that a fault point delivers into the length of a torn transfer of length bytes. An int, or a
// string that holds one, is limited to the range 0 to length; anything else becomes half of length.
func AsLength(value any, length int) int {
	n := length / 2
	switch v := value.(type) {
	case int:
		n = v
	case string:
		if parsed, err := strconv.Atoi(v); err == nil {
			n = parsed
		}
	}
	return max(0, min(n, length))
}
