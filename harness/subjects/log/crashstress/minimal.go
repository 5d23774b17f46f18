package crashstress

import (
	"context"
	"time"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// Minimal searches for a smallest case in which a loss of power, or a fault, breaks a promise, by exploration. It prefers a case
// that breaks the promise with the given name. It returns nil if the budget ends first.
func Minimal(ctx context.Context, handover, promise string, model crash.Model, faults bool, budget time.Duration) (*report.Report, error) {
	var other *report.Report
	until := time.Now().Add(budget)
	for seed := uint64(1); time.Now().Before(until) && ctx.Err() == nil; seed++ {
		c := explore.Config{
			Subject: cases.Subject, Name: handover, Settle: cases.OnHandover(handover),
			Crash: &cases.Crash{Any: true, Model: model},
			Draw:  cases.Shape{Threads: 2, Operations: 3, Small: true, Torn: true}, PerProgram: 100,
			Search: sched.Options{Seed: seed, Budget: time.Until(until)},
		}
		c.Shrink.Budget = time.Until(until)
		if faults {
			c.DrawFaults = 1
		}
		s, err := explore.Run(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, f := range s.Findings {
			if f.Report.Promise == promise {
				return f.Report, nil
			}
			other = f.Report
		}
		if len(s.Findings) == 0 {
			break
		}
	}
	return other, nil
}
