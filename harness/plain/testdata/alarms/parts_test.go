package alarms

import (
	"crypto/rand"
	"testing"
)

// The second part needs what the first one has left.
func TestPartsInOrderRight(t *testing.T) {
	made := 0
	t.Run("makes", func(*testing.T) { made++ })
	t.Run("uses", func(t *testing.T) {
		overtaken()
		if made == 0 {
			t.Error("there is nothing")
		}
	})
}

// Alone, no part has the name any more.
func TestPartsWithoutNamesRight(t *testing.T) {
	t.Run(rand.Text(), func(t *testing.T) { overtaken() })
}
