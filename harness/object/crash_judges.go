package object

import (
	"context"
	"runtime"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// Opening and closing an object may take seconds. So that a run ends near its duration, a round leaves no more disks than can be judged in
// as much time as a round takes, and what is left at the end is judged for a while only.
const (
	// mostJudges is how many goroutines judge at most, or as many as there are lanes.
	mostJudges = 16
	// judgesLook is how often is looked whether there should be more of them.
	judgesLook = 100 * time.Millisecond
	// judgesLonger is for how long disks are judged after the duration, as a share of it, and judgesAtLeast after each round.
	judgesLonger  = 4
	judgesAtLeast = 2 * time.Second
	// mostAftermaths is the most that may wait to be judged: each holds a disk in memory.
	mostAftermaths = 4000
)

// judgeInTime judges what the round has left, and bounds what the next one leaves.
func (l *crashLoad) judgeInTime(ctx context.Context, began time.Time) error {
	now, judged := time.Now(), l.result.Judged
	if l.Duration > 0 {
		l.until = began.Add(l.Duration + l.Duration/judgesLonger)
		if least := now.Add(judgesAtLeast); l.until.Before(least) {
			l.until = least
		}
	}
	err := l.judge(ctx)
	left := lastRound
	if l.Duration > 0 {
		left = min(left, (l.Duration-time.Since(began))/2)
	}
	l.most = mostOfRound(l.result.Judged-judged, time.Since(now), left)
	return err
}

// mostOfRound is how many disks can be judged in the time that is left, if so many took so long.
func mostOfRound(judged uint64, took, left time.Duration) uint64 {
	most := float64(mostAftermaths)
	if took > 0 {
		most = min(most, float64(max(judged, 1))/took.Seconds()*max(left, 0).Seconds())
	}
	return uint64(most)
}

// mostJudges is how many goroutines judge at most.
func (l *crashLoad) mostJudges() int { return max(mostJudges, len(l.lanes)) }

// judgeAll judges groups of disks, several at once: as many as there are processors, or more if these have little to do, because an object
// sleeps while it is opened or closed; twice as many if no disk was judged for a while.
func (l *crashLoad) judgeAll(ctx context.Context, groups [][]*aftermath, judgeOne func(*aftermath)) {
	var taken, done, late raceoff.Number
	judge := func() {
		for n := taken.Add(1); n <= uint64(len(groups)); n = taken.Add(1) {
			for _, a := range groups[n-1] {
				switch {
				case ctx.Err() != nil || l.load.stopped() != nil || l.finding() != nil:
					return
				case !l.until.IsZero() && time.Now().After(l.until):
					late.Add(1)
				default:
					judgeOne(a)
					done.Add(1)
				}
			}
		}
	}
	ended := make(chan struct{})
	begin := func() {
		judge()
		ended <- struct{}{}
	}
	judges := runtime.GOMAXPROCS(0)
	for range judges {
		go begin()
	}
	look := time.NewTicker(judgesLook)
	defer look.Stop()
	for running, before := judges, uint64(0); running > 0; {
		select {
		case <-ended:
			running--
		case <-look.C:
			more := moreJudges(judges, done.Load()-before)
			for range min(more, l.mostJudges()-judges, len(groups)-int(taken.Load())) {
				judges, running = judges+1, running+1
				go begin()
			}
			before = done.Load()
		}
	}
	l.result.Late += late.Load()
}

// moreJudges is how many should begin, if so many have judged that many disks since the last look.
func moreJudges(judges int, judged uint64) int {
	switch {
	case judged == 0:
		return judges
	case judged < uint64(judges):
		return 1
	}
	return 0
}
