package limiter

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness"
)

const (
	burst    = 2
	interval = time.Millisecond
)

// A timed limiter's operations return how long after its making they were granted a token.
type timed struct {
	*Limiter
	made time.Time
}

func (l timed) wait(ctx context.Context) time.Duration {
	_ = l.Limiter.Wait(ctx)
	return failpoints.Now(ctx).Sub(l.made)
}

func (l timed) allow(ctx context.Context) time.Duration {
	if !l.Limiter.Allow(ctx) {
		return -1
	}
	return failpoints.Now(ctx).Sub(l.made)
}

func TestLimiter(t *testing.T) {
	harness.Check(t, harness.Subject[timed]{
		Open: func(ctx context.Context, _ harness.Env) (timed, error) {
			made := failpoints.Now(ctx)
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return timed{newBuggy(ctx, burst, interval), made}, nil
			}
			return timed{New(ctx, burst, interval), made}, nil
		},
		Ops: harness.Ops{"wait": timed.wait, "allow": timed.allow},
		Holds: func(h harness.History) error {
			var grants []time.Duration
			for _, e := range h {
				if e.Returned == 0 {
					return fmt.Errorf("%s of %s was never granted a token", e.Call, e.Client)
				}
				if at := e.Values[0].(time.Duration); at >= 0 {
					grants = append(grants, at)
				}
			}
			slices.Sort(grants)
			for i, at := range grants {
				if allowed := burst + int(at/interval); i+1 > allowed {
					return fmt.Errorf("%d tokens until %v, and %d are allowed", i+1, at, allowed)
				}
			}
			return nil
		},
	})
}
