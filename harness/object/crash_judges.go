package object

import (
	"context"
	"runtime"
	"time"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

const (
	// mostJudges is how many goroutines judge at most.
	mostJudges = 16
	// judgesLook is how often is looked whether there should be more of them.
	judgesLook = 100 * time.Millisecond
	// judgesLonger is for how long disks are judged after twice the duration.
	judgesLonger = 5 * time.Second
)

// judgeAll judges groups of disks, several at once: as many as there are processors, or more if these have little to do, because an object
// sleeps while it is opened or closed.
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
			if taken.Load() < uint64(len(groups)) && done.Load()-before < uint64(judges) && judges < mostJudges {
				judges, running = judges+1, running+1
				go begin()
			}
			before = done.Load()
		}
	}
	l.result.Late += late.Load()
}
