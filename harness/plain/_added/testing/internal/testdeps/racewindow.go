package testdeps

import (
	"internal/racewindow/bubble"
	"internal/racewindow/driver"
	"os"
	"testing"
)

// Every test binary has this package, so the driver needs no file in the package under test.
func init() {
	driver.Start()
	driver.RemoveLeft = os.RacewindowLeft
	driver.Listen = func(told func(string)) {
		os.RacewindowPrints(told)
		testing.RacewindowTells(told)
	}
	testing.RacewindowOffer(bubble.Offered())
	testing.RacewindowHook(func(t *testing.T, fn func(*testing.T)) bool {
		if testing.RacewindowLevel(t) != 1 {
			return false
		}
		return driver.Test(t.Name(), func(only string) driver.Run { return testing.RacewindowPrepare(t, fn, only) })
	})
}
