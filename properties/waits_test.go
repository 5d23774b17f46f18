package properties

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// Appends wait while the tail is over its limit, and while a transaction is open. Whoever waits can be called off.

// waitsAfter executes a script, and then has appends of the same log wait for a limit. The log's own limit is that many times as high.
func waitsAfter(h storage.Handover, s []uint8, times int64, tried *atomic.Int64) error {
	limit := int64(100 * (1 + len(s)%8))
	o := tiny(h, storage.MemoryDisk())
	o.FlushBytes, o.TailBytes = 1<<40, times*limit
	store, err := storage.Open(background, "memory", o)
	if err != nil {
		return err
	}
	for _, n := range s {
		if err := busyStep(store, n); err != nil {
			return fmt.Errorf("%s: %w", busyWords(n), err)
		}
	}
	l, err := store.Log(background, "log")
	if err != nil {
		return err
	}
	has, err := words.Waits(background, l, limit)
	if err != nil {
		return err
	}
	if has {
		tried.Add(1)
	}
	return store.Close(background)
}

func TestAppendsThatWaitCanBeCalledOff(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	var tried atomic.Int64
	t.Cleanup(func() { require.Positive(t, tried.Load(), "no flush could be held, so nothing waited") })
	sentence := check.TailLimit.Sentence + "; an append that is called off while it waits has appended nothing"
	checkScripts(t, sentence, busyWords, func(h storage.Handover, s []uint8) error { return waitsAfter(h, s, 1, &tried) })
}

// The canary of the property above: a tail that takes a hundred times its limit. (Frames are ten times as long as the small values in them, and only values are counted.)
func TestATailThatTakesMoreThanItsLimitIsFound(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for _, name := range holding() {
		h, err := storage.HandoverByName(name)
		require.NoError(t, err)
		var tried atomic.Int64
		for steps := range uint8(8) { // one script of each limit
			s := make([]uint8, steps)
			for i := range s {
				s[i] = uint8(i)
			}
			err := waitsAfter(h, s, 100, &tried)
			if err == nil && tried.Load() == 0 {
				continue // no flush could be held
			}
			v := words.Broken(err)
			require.NotNil(t, v, "%s after %d steps: %v", name, steps, err)
			require.Equal(t, check.TailLimit, v.Promise)
			tried.Store(-1)
		}
		require.EqualValues(t, -1, tried.Load(), "nothing was tried")
	}
}
