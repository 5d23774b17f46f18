package strange

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/racewindow/racewindow/harness"
)

// A plain test that can lose power: it opens a folder, and says what must survive.
func TestSetSurvivesCompact(t *testing.T) {
	dir := t.TempDir()
	durable := harness.LosePower(t, dir, survives)
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.trusts = os.Getenv("RACEWINDOW_EXAMPLE_BUG") == "1"
	var both sync.WaitGroup
	both.Go(func() {
		if err := m.Set("a", 1); err == nil {
			durable("a")
		}
	})
	both.Go(func() {
		if err := m.Compact(); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

// survives opens what a loss of power has left, and looks for what must be there.
func survives(dir string, durable []string) error {
	m, err := Open(dir)
	if err != nil {
		return err
	}
	for _, key := range durable {
		if _, found := m.Get(key); !found {
			err = fmt.Errorf("%s is lost", key)
		}
	}
	if closed := m.Close(); err == nil {
		err = closed
	}
	return err
}
