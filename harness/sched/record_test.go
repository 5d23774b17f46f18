package sched

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
)

// An onlooker shows a counter, and counts how often it was asked.
type onlooker struct{ value, asked *int }

func (o onlooker) State() []Field {
	*o.asked++
	return []Field{{"value", strings.Repeat("I", *o.value)}}
}

func (o onlooker) Learns(point string) []string {
	if point == pointLoad.Name() {
		return []string{"value"}
	}
	return nil
}

// watched has a thread that passes a point, one that waits for a lock, and an observer.
func watched(value, asked *int) Scenario {
	return func(x *Execution) {
		*value = 0
		var mu sync.Mutex
		x.Observe(onlooker{value, asked})
		x.Go("a", func(t *T) {
			t.Op("count")
			*value++
			failpoints.Yield(t.Context(), pointLoad)
			failpoints.Lock(t.Context(), pointLock, &mu) // the line of this wait
			*value++
			mu.Unlock()
			t.Note("counted")
		})
	}
}

func TestStateAndSourceAreRecordedAtEachStepIfEventsAreAskedFor(t *testing.T) {
	var value, asked int
	runner := NewRunner(watched(&value, &asked), Options{})
	require.Nil(t, runner.Replay(nil, false).Failure)
	require.Zero(t, asked, "nobody reads what would be seen")
	events := runner.Replay(nil, true).Events
	at := func(text string) Event {
		i := slices.IndexFunc(events, func(e Event) bool { return e.Text == text })
		require.GreaterOrEqual(t, i, 0, "%s in %v", text, events)
		return events[i]
	}
	require.True(t, at("count").Begins)
	require.False(t, at("counted").Begins)
	_, here, _, _ := runtime.Caller(0)
	for point, line := range map[string]string{pointLoad.Name(): "pointLoad)", pointLock.Name(): "the line of this wait"} {
		e := at(point)
		require.Equal(t, here, e.Path)
		require.Equal(t, "record_test.go", e.File)
		require.Contains(t, e.Function, "watched")
		require.Contains(t, lineOf(t, e.Path, e.Line), line)
	}
	if raceEnabled {
		require.Zero(t, asked, "to look would be a data race")
		require.Nil(t, at(pointLoad.Name()).State)
		return
	}
	require.Equal(t, []Field{{"value", "I"}}, at(pointLoad.Name()).State)
	require.Equal(t, []string{"value"}, at(pointLoad.Name()).Learned)
	require.Empty(t, at(pointLock.Name()).Learned)
	require.Equal(t, []Field{{"value", "II"}}, at("counted").State, "a note has the state of its moment")
}

func lineOf(t *testing.T, file string, n int) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Split(string(content), "\n")[n-1]
}

func TestMomentsOrderWhatThreadsDo(t *testing.T) {
	var moments [][2]int
	s := func(x *Execution) {
		moments = nil
		var first, second, third int
		x.Go("a", func(t *T) {
			first = t.Moment()
			failpoints.Yield(t.Context(), pointStore)
			third = t.Moment()
		})
		x.Go("b", func(t *T) { second = t.Moment() })
		x.Finally(func(*T) { moments = [][2]int{{first, second}, {second, third}} })
	}
	schedule, err := ParseSchedule("a@" + pointStore.Name() + "#1>b")
	require.NoError(t, err)
	runner := NewRunner(s, Options{})
	for range 3 {
		require.Nil(t, runner.Replay(schedule, false).Failure)
		require.Equal(t, [][2]int{{1, 2}, {2, 3}}, moments, "each execution counts from 1")
	}
}

func TestOfVeryManyEventsTheFirstAndTheLastAreTold(t *testing.T) {
	t.Parallel()
	var all []Event
	for i := range firstEvents + lastEvents {
		all = append(all, Event{Step: i, Thread: "a", Text: "here"})
	}
	require.Equal(t, all, Shortened(all))
	for i := range 500 {
		all = append(all, Event{Step: firstEvents + lastEvents + i, Thread: "a", Text: "there"})
	}
	short := Shortened(all)
	require.Len(t, short, firstEvents+1+lastEvents)
	require.Equal(t, all[:firstEvents], short[:firstEvents])
	require.Equal(t, Event{Step: firstEvents, Text: "500 steps are left out here", Left: 500}, short[firstEvents])
	require.Equal(t, short, Shortened(short), "the driver and the report both shorten")
	require.Equal(t, all[len(all)-lastEvents:], short[firstEvents+1:])
}
