package main

import (
	"errors"
	"fmt"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/sched"
)

// A study is a program to search, with the name of its row.
type study struct {
	name     string
	scenario sched.Scenario
}

// studies are programs from published studies in which random search fails, written from their descriptions (SCTBench: Thomson,
// Donaldson and Betts, "Concurrency Testing Using Controlled Schedulers", TOPC 2016; the evaluations of RFF and SURW use them too).
// Only one order of a few events shows the bug, and the more threads there are, the less likely that order is.
var studies = []study{
	{"reorder_100", reorder(99, 1)},
	{"twostage_100", twoStage(99, 1)},
	{"lost_tokens_100", lostTokens(100)},
}

const ownPackage = "github.com/racewindow/racewindow/scripts/strategies"

var _ = failpoints.Declare(ownPackage, []failpoints.Declaration{
	{Name: "set/a", Kind: failpoints.KindYield, Resource: "a", Access: failpoints.Writes, Reason: "a setter says that it begins"},
	{Name: "set/b", Kind: failpoints.KindYield, Resource: "b", Access: failpoints.Writes, Reason: "and that it has ended"},
	{Name: "check/a", Kind: failpoints.KindYield, Resource: "a", Access: failpoints.Reads, Reason: "a checker looks whether one has begun"},
	{Name: "check/b", Kind: failpoints.KindYield, Resource: "b", Access: failpoints.Reads, Reason: "and ended"},
	{Name: "one/write", Kind: failpoints.KindYield, Resource: "one", Access: failpoints.Writes, Reason: "the first stage"},
	{Name: "one/read", Kind: failpoints.KindYield, Resource: "one", Access: failpoints.Writes, Reason: "a reader locks the first stage"},
	{Name: "two/write", Kind: failpoints.KindYield, Resource: "two", Access: failpoints.Writes, Reason: "the second stage"},
	{Name: "two/read", Kind: failpoints.KindYield, Resource: "two", Access: failpoints.Writes, Reason: "a reader locks the second stage"},
	{Name: "token/take", Kind: failpoints.KindYield, Resource: "token", Access: failpoints.Reads, Reason: "the token is looked at"},
	{Name: "token/pass", Kind: failpoints.KindYield, Resource: "token", Access: failpoints.Writes, Reason: "and passed on"},
})

func pass(t *sched.T, name string) {
	failpoints.Yield(t.Context(), failpoints.Lookup(ownPackage, name))
}

// reorder has setters, which store two variables one after the other, and checkers, which must not see the first store alone.
func reorder(setters, checkers int) sched.Scenario {
	return func(x *sched.Execution) {
		var a, b int
		for i := range setters {
			x.Go(fmt.Sprintf("set%d", i), func(t *sched.T) {
				pass(t, "set/a")
				a = 1
				pass(t, "set/b")
				b = -1
			})
		}
		for i := range checkers {
			x.Go(fmt.Sprintf("check%d", i), func(t *sched.T) {
				pass(t, "check/a")
				begun := a
				pass(t, "check/b")
				if begun == 1 && b == 0 {
					t.Fail(errors.New("a setter has begun, and none has ended"))
				}
			})
		}
	}
}

// twoStage has writers, which change one number and then a second one that depends on it, each under a lock of its own.
func twoStage(writers, readers int) sched.Scenario {
	return func(x *sched.Execution) {
		var one, two int
		for i := range writers {
			x.Go(fmt.Sprintf("write%d", i), func(t *sched.T) {
				pass(t, "one/write")
				one = 1
				pass(t, "two/write")
				two = one + 1
			})
		}
		for i := range readers {
			x.Go(fmt.Sprintf("read%d", i), func(t *sched.T) {
				pass(t, "one/read")
				before := one
				if before == 0 {
					return
				}
				pass(t, "two/read")
				if two != before+1 {
					t.Fail(fmt.Errorf("the first stage is %d, and the second %d", before, two))
				}
			})
		}
	}
}

// lostTokens has threads that each take a token and pass it on. If two threads take the same token, one pass is lost; the bug shows
// only if all of them take the same one.
func lostTokens(threads int) sched.Scenario {
	return func(x *sched.Execution) {
		passed := 0
		for i := range threads {
			x.Go(fmt.Sprintf("t%d", i), func(t *sched.T) {
				pass(t, "token/take")
				n := passed
				pass(t, "token/pass")
				passed = n + 1
			})
		}
		x.Finally(func(t *sched.T) {
			if passed < 2 {
				t.Fail(errors.New("all took the same token"))
			}
		})
	}
}
