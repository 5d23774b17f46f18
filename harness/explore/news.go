package explore

import (
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// fewNew is the share of a stage's schedules, one in so many, below which those that show something new are not worth the next stage: another
// program shows more.
const fewNew = 4

// repeats says between two stages of a program's search whether the program repeats itself: too few schedules of the last stage showed
// a partial order, or left a disk, that no schedule of the program had.
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
