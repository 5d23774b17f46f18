package selects

import "testing"

var made []int

func TestMakes(t *testing.T) { made = append(made, 1) }

// It passes after the other test, and fails alone.
func TestNeedsAnother(t *testing.T) {
	if len(made) == 0 {
		t.Error("nothing is made")
	}
}
