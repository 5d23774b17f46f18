package sched

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

func TestPointsAreNumberedByNameOnce(t *testing.T) {
	t.Parallel()
	p := newPoints()
	a, err := p.Named("a", "a.go", 1)
	require.NoError(t, err)
	b, err := p.Named("b", "a.go", 2)
	require.NoError(t, err)
	again, err := p.Named("a", "a.go", 1)
	require.NoError(t, err)
	require.Equal(t, a, again)
	require.NotEqual(t, a, b)
	require.Equal(t, point{"a", "a.go", 1}, p.of(a))
	elsewhere, err := p.Named("a", "other.go", 9)
	require.NoError(t, err)
	require.Equal(t, a, elsewhere)
	require.Equal(t, point{name: "a"}, p.of(a), "it stands in two places")
	require.Equal(t, point{"b", "a.go", 2}, p.of(b))
}

func TestThereAreNoMorePointsThanThereAreNumbers(t *testing.T) {
	t.Parallel()
	p := newPoints()
	var last PointID
	for i := range MaxPoints {
		id, err := p.Named(fmt.Sprint("p", i), "", 0)
		require.NoError(t, err)
		last = id
	}
	_, err := p.Named("more", "", 0)
	require.EqualError(t, err, "the program has more than 65536 different points, more is one too many")
	known, err := p.Named("p65535", "", 0)
	require.NoError(t, err, "those that are known stay")
	require.Equal(t, last, known)
	s := newStep(&Candidate{Thread: MaxThreads - 1, Point: last, Resource: 1<<31 - 1, Writes: true}, MaxThreads-2, deviates|preemption|ownTurn)
	require.Equal(t, last, s.point())
	require.EqualValues(t, MaxThreads-1, s.from)
	require.EqualValues(t, MaxThreads-2, s.to)
	require.EqualValues(t, 1<<31-1, s.touches>>1)
	require.True(t, s.is(deviates) && s.is(preemption) && s.is(ownTurn) && !s.is(waited))
}

type shelf struct{}

//go:noinline
func (*shelf) take() uintptr {
	pc := make([]uintptr, 1)
	runtime.Callers(1, pc)
	return pc[0]
}

func TestAPointIsNamedAfterTheFunctionThatCalls(t *testing.T) {
	t.Parallel()
	p, pc := newPoints(), (&shelf{}).take()
	id, err := p.Called(pc, "Lock")
	require.NoError(t, err)
	require.Equal(t, "(*shelf).take.Lock", p.of(id).name)
	require.Equal(t, "points_test.go", p.of(id).file)
	require.Positive(t, p.of(id).line)
	again, err := p.Called(pc, "Lock")
	require.NoError(t, err)
	require.Equal(t, id, again)
	named, err := p.Named("(*shelf).take.Lock", "points_test.go", p.of(id).line)
	require.NoError(t, err)
	require.Equal(t, id, named)
	schedule, err := ParseSchedule("a@(*shelf).take.Lock#2>b")
	require.NoError(t, err)
	require.Equal(t, p.of(id).name, schedule[0].At.Point)
}

func TestWorkersNumberPointsAlike(t *testing.T) {
	t.Parallel()
	p := newPoints()
	numbers := make([][100]PointID, 8)
	var all sync.WaitGroup
	for w := range numbers {
		all.Go(func() {
			for i := range numbers[w] {
				n := (i*7 + w*13) % len(numbers[w])
				id, err := p.Named(fmt.Sprint("p", n), "", 0)
				if err == nil && p.of(id).name == fmt.Sprint("p", n) {
					numbers[w][n] = id
				}
			}
		})
	}
	all.Wait()
	for _, own := range numbers {
		require.Equal(t, numbers[0], own)
		require.NotContains(t, own, PointID(0))
	}
}

// Two packages may name a point alike. A schedule does not tell the two apart, so that they are counted together.
func TestPointsOfOneNameAreOnePoint(t *testing.T) {
	t.Parallel()
	other := failpoints.Lookup("example.com/namesake", "test/load")
	s := passing([]*failpoints.Point{pointLoad, other, pointLoad}, []*failpoints.Point{pointStore})
	out := NewRunner(s, Options{}).Replay(Schedule{{Place{"a", "test/load", 2}, "b"}}, true)
	require.Nil(t, out.Failure)
	require.Equal(t, "a@test/load#2>b", out.Schedule.String())
	r := exhaust(t, s, 1)
	require.Len(t, r.Points, 2)
	require.Equal(t, 3*r.Points[1].Count, r.Points[0].Count)
}

func TestThreadsBeyondTheMostAreRefused(t *testing.T) {
	t.Parallel()
	out := NewRunner(func(x *Execution) {
		for i := range MaxThreads + 1 {
			x.Go(fmt.Sprint("t", i), func(*T) {})
		}
	}, Options{}).Replay(nil, false)
	require.NotNil(t, out.Failure)
	require.Equal(t, Unusable, out.Failure.Kind)
	require.Equal(t, "an execution may have 8192 threads, and t8192 is one too many", out.Failure.Message)
}
