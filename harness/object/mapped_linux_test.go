package object

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
)

// A chart maps a file and reads it there.
type chart struct{ mapped []byte }

func (c *chart) First() byte { return c.mapped[0] }

// openChart maps a page of a file that is empty.
func openChart(file string, reads bool) (*chart, error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &chart{}
	c.mapped, err = syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	if err == nil && reads && c.First() != 0 {
		err = errors.New("the file is not empty")
	}
	return c, err
}

// Reading a mapped file past its end raises a signal, which would end the process and the search.
func TestAMemoryFaultOfAnObjectIsAPanicOfIts(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{false, true} {
		file := filepath.Join(t.TempDir(), "chart")
		o, err := New(Config{
			Name: "TestChart", Type: reflect.TypeFor[*chart](),
			Open:       func(context.Context, *Env) (any, error) { return openChart(file, reads) },
			Operations: []Method{{Name: "first", Do: (*chart).First}},
		})
		require.NoError(t, err)
		c, err := cases.Parse("v1 test=TestChart; c0: first()", cases.Only(o))
		require.NoError(t, err)
		plan, err := o.Plan(c)
		if reads {
			require.ErrorContains(t, err, "panic in main")
			continue
		}
		require.NoError(t, err)
		failure := sched.NewRunner(plan.Scenario, sched.Options{}).Replay(nil, false).Failure
		require.Nil(t, failure, "it panics alone, too")
	}
}
