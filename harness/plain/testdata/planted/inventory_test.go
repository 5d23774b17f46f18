package planted

import (
	"sync"
	"testing"
)

func TestInventory(t *testing.T) {
	var inv Inventory
	inv.Put("north", 3)
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); inv.Put("south", 4) }()
	go func() {
		defer wg.Done()
		if n := inv.Total(); n != 3 && n != 7 {
			t.Errorf("total %d", n)
		}
	}()
	wg.Wait()
}
