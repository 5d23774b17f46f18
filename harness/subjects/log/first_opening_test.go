package log

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// Clients begin after the log was opened, so no crash of a case comes before that.
func TestWhatALossOfPowerLeavesOfTheFirstOpeningOpensAndHoldsNothing(t *testing.T) {
	requireInstrumented(t)
	if raceoff.Enabled {
		t.Skip("a disk is looked at between two threads: not under -race")
	}
	t.Parallel()
	for _, model := range crash.Models {
		for _, options := range []string{"", " segment=200", " chunk=100"} {
			c, err := Parse("v1 scenario=log handover=snapshot" + options + "; w0: append 1, flush")
			require.NoError(t, err)
			p, err := c.plan()
			require.NoError(t, err)
			d, left := crash.New(), map[[32]byte]*crash.Image{}
			d.After(func(o crash.Operation) {
				if o.Kind.Changes() {
					for _, image := range (aftermath{disk: d, model: model, salt: uint64(len(left))}).some() {
						left[image.Hash()] = image
					}
				}
			})
			l, err := p.recover(d)
			require.NoError(t, err)
			d.After(nil)
			require.Nil(t, l.end(nil))
			require.Greater(t, len(left), 5)
			for _, image := range left {
				for range 2 {
					again, err := p.recover(crash.Crash(image))
					require.NoError(t, err, "%v%s: %v", model, options, image)
					complete, v := again.check(p, check.Expected{
						Owner:   func(uint64) (check.Identity, bool) { return check.Identity{}, false },
						Invoked: func(uint32) uint32 { return 0 },
					})
					require.Nil(t, v)
					require.Zero(t, complete)
					require.Nil(t, again.end(nil))
				}
			}
		}
	}
}
