package object

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/recorded"
	"github.com/racewindow/racewindow/harness/sched"
)

// A recovery that started the 8,193rd goroutine of an execution was told as one that had lost something.
func TestALimitOfTheSchedulersInARecoveryIsNoVerdict(t *testing.T) {
	t.Parallel()
	r := &run{env: &Env{}}
	limit := &sched.Failure{Kind: sched.Unusable, Message: "more than 8192 goroutines in one execution"}
	err := r.verdict(nil, fmt.Errorf("open the object: %w", limit), durability, "after the crash")
	var unusable sched.UnusableError
	require.ErrorAs(t, err, &unusable)
	require.Equal(t, "after the crash: more than 8192 goroutines in one execution", unusable.Reason)

	var lost *Violation
	panicked := &sched.Failure{Kind: sched.Panicked, Message: "panic: none", Stack: "at"}
	require.ErrorAs(t, r.verdict(nil, panicked, durability, "after the crash"), &lost)
	require.Equal(t, durability, lost.promise)
	require.Equal(t, "at", lost.stack)
}

// A judge executes many orders while no thread runs, which may take longer than a thread may take to its next step.
func TestTheOrdersOfAJudgeAreProgress(t *testing.T) {
	t.Parallel()
	o := counters(t, true)
	p, err := o.plan(parseOf(t, o, "c0: add(1); c1: get()"))
	require.NoError(t, err)
	before := p.done()
	_, err = p.alone.responses(p.inOrder())
	require.NoError(t, err)
	require.Equal(t, before+1, p.done())
	p.crashes = &cases.Crashes{}
	p.crashes.Recoveries.Add(2)
	require.Equal(t, before+3, p.done(), "and what is recovered counts, too")
}

func TestAViolationNamesNoFolderOfThisProcess(t *testing.T) {
	t.Parallel()
	folder, err := recorded.Make()
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	require.Equal(t, "open DIR/a: no such file", durability.broken("open %s/a: no such file", folder).Error())
}
