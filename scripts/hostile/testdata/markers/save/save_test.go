package save

import "testing"

// A test that only an armed failpoint makes pass.
func TestSaveFails(t *testing.T) {
	if Save() == nil {
		t.Fatal("the failpoint is dead")
	}
}
