package cases

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// repeated returns a slice of n equal elements.
func repeated[T any](n int, one T) []T { return slices.Repeat([]T{one}, n) }

func threads(n int) (all []Thread) {
	for i := range n {
		all = append(all, Thread{Name: fmt.Sprintf("c%d", i)})
	}
	return all
}

// Each limit is tested at its edge: the largest allowed case is one, and one more is not.
func TestALimitHoldsAtItsEdge(t *testing.T) {
	t.Parallel()
	one := ofShelf(t, `c0: put("a"); c1:`)
	delay, fault := Delay{At: place("c0", "x", 1), For: time.Millisecond}, Fault{At: place("c0", "x", 1), Value: "EIO"}
	for name, l := range map[string]struct {
		most   int
		set    func(c *Case, n int)
		remedy string
	}{
		"threads":    {MaxThreads, func(c *Case, n int) { c.Threads = threads(n) }, "65 threads: write 1 to 64"},
		"operations": {MaxOperations - 1, func(c *Case, n int) { c.Threads[1].Operations = repeated[Operation](n, call{"get", ""}) }, "16385 operations: at most 16384"},
		"delays":     {MaxDelays, func(c *Case, n int) { c.Delays = repeated(n, delay) }, "257 delays: at most 256"},
		"faults":     {MaxFaults, func(c *Case, n int) { c.Faults = repeated(n, fault) }, "65 faults: at most 64"},
		"switches": {MaxSwitches, func(c *Case, n int) {
			for i := range n {
				c.Switches = append(c.Switches, sched.Switch{At: place("c0", "x", i+1), To: "c1"})
			}
		}, "4097 switches: at most 4096"},
		"passes of a switch":     {MaxHit, func(c *Case, n int) { c.Switches = sched.Schedule{{At: place("c0", "x", n), To: "c1"}} }, "passes are counted from 1, to 1048576"},
		"passes of a fault":      {MaxHit, func(c *Case, n int) { c.Faults = []Fault{{At: place("c0", "x", n), Value: "7"}} }, "passes are counted from 1, to 1048576"},
		"passes of a crash":      {MaxHit, func(c *Case, n int) { c.Crash = &Crash{At: place("c0", "x", n), Kill: true} }, "passes are counted from 1, to 1048576"},
		"passes of a delay":      {MaxHit, func(c *Case, n int) { c.Delays = []Delay{{At: place("c0", "x", n), For: 1}} }, "passes are counted from 1, to 1048576"},
		"operations of a thread": {1, func(c *Case, n int) { c.Switches = sched.Schedule{{At: place("c0", "op", n), To: "c1"}} }, "must name an operation"},
		"a delay":                {int(MaxDelay), func(c *Case, n int) { c.Delays = []Delay{{At: place("c0", "x", 1), For: time.Duration(n)}} }, "at most 1s"},
		"a name":                 {MaxNameBytes, func(c *Case, n int) { c.Threads[1].Name = strings.Repeat("c", n) }, "use 1 to 32 small letters"},
	} {
		within, beyond := one.Clone(), one.Clone()
		l.set(&within, l.most)
		require.NoError(t, within.Check(), name)
		require.Equal(t, within, mustParse(t, within.String()), name)
		l.set(&beyond, l.most+1)
		err := beyond.Check()
		require.ErrorIs(t, err, ErrCase, name)
		require.ErrorContains(t, err, l.remedy, name)
	}
	require.ErrorContains(t, Case{}.Check(), "it names no subject")
}

// A cycle may have the same place twice, names threads as any switch does, and comes last: its text has no other place for
// it.
func TestASwitchAtEachPassIsHeldToTheCaseToo(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, `c0: put("a"); c1: get("a")`)
	each := func(thread, point, to string) sched.Switch {
		return sched.Switch{At: place(thread, point, sched.EachHit), To: to}
	}
	c.Switches = sched.Schedule{{At: place("c0", "x", 1), To: "c1"}, each("c1", "x", "c0"), each("c0", "x", "c1"), each("c1", "x", "c0")}
	require.NoError(t, c.Check())
	require.Equal(t, c, mustParse(t, c.String()))
	for want, switches := range map[string]sched.Schedule{
		`no thread is called "c9"`:           {each("c0", "x", "c9")},
		`c9@x#1: no thread is called "c9"`:   {each("c9", "x", "c0")},
		"a cycle is the last of a schedule":  {each("c0", "x", "c1"), {At: place("c1", "x", 1), To: "c0"}},
		"there is a switch at this place":    {{At: place("c1", "x", 1), To: "c0"}, {At: place("c1", "x", 1), To: "c1"}},
		"c0@: there is no failpoint of that": {each("c0", "", "c1")},
	} {
		c.Switches = switches
		require.ErrorContains(t, c.Check(), want)
	}
}

// A change of a clone does not change the case.
func TestAClonesSlicesAreItsOwn(t *testing.T) {
	t.Parallel()
	for _, text := range examples {
		c := mustParse(t, text)
		clone := c.Clone()
		for i := range clone.Threads {
			clone.Threads[i].Name = "x"
			for j := range clone.Threads[i].Operations {
				clone.Threads[i].Operations[j] = call{"get", "changed"}
			}
		}
		for i := range clone.Delays {
			clone.Delays[i].EachPlace(func(thread *string, _ *int) { *thread = "x" })
		}
		for i := range clone.Switches {
			clone.Switches[i].To = "x"
		}
		for i := range clone.Faults {
			clone.Faults[i] = Fault{}
		}
		if clone.Crash != nil {
			*clone.Crash = Crash{}
		}
		require.Equal(t, text, c.String())
	}
}

func TestABareCaseIsTheProgramWithoutItsSchedule(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, `c0: put("a"); @ c0@op#1>c0; ! c0@x#1=EIO; crash any`)
	require.Equal(t, `v1 test=TestShelf; c0: put("a"); ! c0@x#1=EIO; crash any`, c.Bare().String())
	require.Len(t, c.Switches, 1)
}

func TestDelaysStayWithTheirOperations(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, `c0: put("a"), put("b"), get("a"); c1: get("b"); ~ c1@x#1=while:c0#3, c1@op#0=until:c0@op#2`)
	for i, want := range []string{
		`c0: put("b"), get("a"); c1: get("b"); ~ c1@x#1=while:c0#2, c1@op#0=until:c0@op#1`,
		`c0: get("a"); c1: get("b"); ~ c1@x#1=while:c0#1, c1@op#0=until:c0@op#0`,
		`c0:; c1: get("b"); ~ c1@op#0=until:c0@op#0`,
	} {
		c.DropOperation(0, 0)
		require.Equal(t, "v1 test=TestShelf; "+want, c.String(), "after %d", i+1)
		require.NoError(t, c.Check())
	}
}

func TestTheSmallestProgramHasNoOperation(t *testing.T) {
	t.Parallel()
	c := ofShelf(t, `c0: put("a"); c1: put("b"); @ c0@op#1>c0; ! c0@x#1=EIO; crash any`)
	require.Equal(t, "v1 test=TestShelf; c0:; crash any", c.WithoutOperations().String())
	require.Len(t, c.Threads[0].Operations, 1, "the case itself stays as it is")
	require.Len(t, c.Faults, 1)
}
