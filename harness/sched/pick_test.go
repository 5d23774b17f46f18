package sched

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAScheduleNamesTheWayThatAnOperationTakes(t *testing.T) {
	t.Parallel()
	const text = "main@Serve.select.case#2=1, main/work#1@Serve.Lock#1>main, main@Serve.select.case#3=12"
	s, err := ParseSchedule(" main@Serve.select.case#2 = 1 ,main/work#1@Serve.Lock#1>main, main@Serve.select.case#3=12")
	require.NoError(t, err)
	require.Equal(t, text, s.String())
	n, is := s[2].isWay()
	require.True(t, is)
	require.Equal(t, 12, n)
	_, is = s[1].isWay()
	require.False(t, is)
	for _, wrong := range []string{"main@Serve.select.case#2=0", "main@Serve.select.case#2=01", "main@Serve.select.case#2=x", "main@Serve.select.case#2=", "main@Serve.select.case=1", "main@Serve.select#1>=1", "(main@Serve.select#*=1)*"} {
		_, err := ParseSchedule(wrong)
		require.ErrorIs(t, err, ErrSchedule, wrong)
	}
}

// A strategy that went by priorities alone would take one way in every execution.
func TestEveryStrategyPicksEachWay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"random", "pct", "pos", "surw"} {
		m := newMixture(Options{Strategy: name, Seed: 1})
		s := m.teachOrBegin()
		seen := map[int]bool{}
		c := &Chooser{strategy: s, limit: 1000, points: newPoints()}
		for range 100 {
			way, ok := c.Pick(&Candidate{Thread: 0, Point: firstPoint}, 3)
			require.True(t, ok, name)
			seen[way] = true
		}
		require.Len(t, seen, 3, name)
	}
}

// teachOrBegin is a strategy that has begun its first schedule.
func (m *mixture) teachOrBegin() Strategy {
	if m.taught() > 0 {
		return m.teach(0)
	}
	return m.forWorker()(0)
}

func TestWhatWasPickedIsRepeatedAndReplayed(t *testing.T) {
	t.Parallel()
	stands := &Candidate{Thread: 0, Point: AtStart}
	first := &Chooser{strategy: newRandom(Parameters{Seed: 3}), limit: 1000, points: newPoints()}
	var ways []int
	for range 20 {
		way, ok := first.Pick(stands, 4)
		require.True(t, ok)
		ways = append(ways, way)
	}
	again := &Chooser{strategy: &recorded{trace: first.trace}, limit: 1000, points: newPoints()}
	for _, want := range ways {
		way, ok := again.Pick(stands, 4)
		require.True(t, ok)
		require.Equal(t, want, way)
	}
	require.Equal(t, first.hash, again.hash)
	_, ok := again.Pick(stands, 4)
	require.False(t, ok, "nothing more was recorded")
	require.Equal(t, Unusable, again.failure.Kind)
}
