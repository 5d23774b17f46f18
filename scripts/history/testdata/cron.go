package history

import (
	"sync"
	"testing"

	"github.com/robfig/cron/v3"
)

// An entry may be added while the cron stops.
func TestEntriesWhileStopping(t *testing.T) {
	c := cron.New()
	c.Start()
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); c.AddFunc("@hourly", func() {}) }()
	go func() { defer wg.Done(); c.Stop() }()
	wg.Wait()
	if n := len(c.Entries()); n != 1 {
		t.Fatalf("%d entries", n)
	}
}
