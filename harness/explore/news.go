package explore

import (
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// fewNew: if less than one in fewNew schedules of a stage shows something new, the next stage of the program is not worth
// its time, because another program shows more.
const fewNew = 4

// repeats returns a function that says, between two stages of a program's search, whether the program repeats itself: too
// few schedules of the last stage showed a partial order, or left a disk, that was new for the program.
func repeats(crashes *cases.Crashes) func(sched.Statistics) bool {
	var executed, known uint64
	return func(now sched.Statistics) bool {
		orders := now.PartialOrders
		if crashes != nil {
			orders += uint64(crashes.Distinct())
		}
		ran, fresh := now.Executions-executed, orders-known
		executed, known = now.Executions, orders
		return fresh*fewNew < ran
	}
}
