package failpoints

import (
	"context"
	"time"
)

// Go starts f as a task, like a go statement. If the controller of ctx is a Spawner, it learns of the task. name tells the
// task from its siblings in schedules and reports.
func Go(ctx context.Context, name string, f func(context.Context)) {
	if instrumented {
		if c := from(ctx); c != nil && c.spawner != nil {
			if task := c.spawner.Spawn(ctx, name, f); task != nil {
				go task()
			}
			return
		}
	}
	go f(ctx)
}

// Now returns the time on the clock of ctx: the controller's if it is a Clock, else the wall clock.
func Now(ctx context.Context) time.Time {
	if instrumented {
		if c := from(ctx); c != nil && c.clock != nil {
			return c.clock.Now()
		}
	}
	return time.Now()
}
