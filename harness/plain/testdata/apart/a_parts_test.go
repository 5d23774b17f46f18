package apart

import "testing"

// TestParts comes before those that need other processes: each of these begins with it, when nothing of it is left to be done.
func TestParts(t *testing.T) {
	t.Run("oneRight", func(*testing.T) { overtaken() })
}
