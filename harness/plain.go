package harness

import (
	"math/rand"
	"testing"
	"time"

	"github.com/racewindow/racewindow/harness/cases"
)

// The limits of free runs in a plain go test.
const (
	plainTime      = time.Second
	plainShortTime = 100 * time.Millisecond
	plainPrograms  = 2000
)

// plain runs programs on goroutines without any control, and logs the command that would explore them. What it finds is
// real; if it finds nothing, that means little.
func (c *checking) plain() {
	c.t.Helper()
	left := plainTime
	if testing.Short() {
		left = plainShortTime
	}
	random, until, ran := rand.New(rand.NewSource(1)), time.Now().Add(left), 0
	for ; ran < plainPrograms && time.Now().Before(until); ran++ {
		program, err := c.object.Draw(random, cases.Shape{Threads: 3, Operations: 3, Small: true})
		if err != nil {
			c.t.Fatalf("harness.Check: %v", err)
			return
		}
		if err := c.object.Free(program); err != nil {
			c.t.Errorf("harness.Check: %v\nprogram: %v\nThe Go scheduler chose the order, so it may take many tries to see it again. To have it smaller, and each time: %s",
				err, program, c.command("explore"))
			return
		}
	}
	if n := c.unplaced(); n > 0 {
		c.t.Logf("%d kept cases were not executed: they need %s", n, c.command("explore"))
	}
	c.t.Logf("ran %d programs freely; NOT explored: %s", ran, c.command("explore"))
}
