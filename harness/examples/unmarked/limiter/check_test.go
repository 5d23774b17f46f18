package limiter

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

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

func (l timed) wait() time.Duration {
	l.Limiter.Wait()
	return time.Now().Sub(l.made)
}

func (l timed) allow() time.Duration {
	if !l.Limiter.Allow() {
		return -1
	}
	return time.Now().Sub(l.made)
}

func TestLimiter(t *testing.T) {
	harness.Check(t, harness.Subject[timed]{
		Open: func(_ context.Context, _ harness.Env) (timed, error) {
			made := time.Now()
			if os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1" {
				return timed{newBuggy(burst, interval), made}, nil
			}
			return timed{New(burst, interval), made}, nil
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
