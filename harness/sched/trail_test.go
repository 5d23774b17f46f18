package sched_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/sched"
)

// The execution that fails is the last of a search: what its trail has noted makes it again, in another search.
func TestATrailMakesTheLastExecutionAgain(t *testing.T) {
	t.Parallel()
	mechanism := makes(is("n", 3), increments("a"), increments("b"), increments("c"))
	memory := make([]byte, sched.TrailSize(1000))
	o := sched.Options{Strategy: "random", Seed: 3, Schedules: 100, Workers: 4, Trail: sched.NewTrail(memory), RepeatEvery: -1}
	r, err := sched.SearchMechanism(context.Background(), mechanism, o)
	require.NoError(t, err)
	require.Len(t, r.Findings, 1)
	executions, again, err := sched.ParseTrail(memory)
	require.NoError(t, err)
	require.Equal(t, r.Findings[0].After, executions, "one worker, and nothing after the failure")
	out := sched.NewMechanismRunner(mechanism, sched.Options{}).Run(again, false)
	require.NotNil(t, out.Failure)
	require.Equal(t, r.Findings[0].Schedule.String(), out.Schedule.String())
}

func TestATrailWithoutRoomForAllChoicesIsNoneOfAnExecution(t *testing.T) {
	t.Parallel()
	mechanism := makes(is("n", 3), increments("a"), increments("b"), increments("c"))
	memory := make([]byte, sched.TrailSize(4))
	sched.NewMechanismRunner(mechanism, sched.Options{Trail: sched.NewTrail(memory)}).Replay(nil, false)
	require.Greater(t, binary.LittleEndian.Uint64(memory[8:]), uint64(4))
	for _, text := range [][]byte{nil, make([]byte, 15), memory} {
		_, _, err := sched.ParseTrail(text)
		require.ErrorIs(t, err, sched.ErrTrail)
	}
}
