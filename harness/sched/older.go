package sched

// older is a replay in which the first candidate goes on once the threads' end has come.
type older struct{ *replay }

// ReplayOlder is Replay for a schedule of a version of racewindow that chose nothing after the end of the threads' part (Chooser.Finish):
// there the first thread that can go on did so. The outcome's schedule lists that as switches, so it is one for Replay.
func ReplayOlder(s Schedule) Strategy { return older{newReplay(s, false)} }

// Next is a replay's before the end. A schedule of such a version has no place after it.
func (o older) Next(c *Choice) int {
	if c.chooser.finished {
		return 0
	}
	return o.replay.Next(c)
}

// Pick takes the first way after the end.
func (o older) Pick(c *Choice) int {
	if c.chooser.finished {
		return 0
	}
	return o.replay.Pick(c)
}
