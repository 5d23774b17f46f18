package main

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/racewindow/racewindow/failpoints"
)

// A world executes a program of a study: under the scheduler, or freely.
type world interface {
	// Go starts a thread. It calls pass before each of its accesses.
	Go(name string, body func(pass func(point string)) error)
	// Finally judges what all threads have left.
	Finally(judge func() error)
}

// studies are programs from published studies in which random search fails, written from their descriptions (SCTBench: Thomson,
// Donaldson and Betts, "Concurrency Testing Using Controlled Schedulers", TOPC 2016; the evaluations of RFF and SURW use them too).
// Only one order of a few events shows the bug, and the more threads there are, the less likely that order is.
var studies = []struct {
	name    string
	program func(world)
}{
	{"reorder_100", reorder(99, 1)},
	{"twostage_100", twoStage(99, 1)},
	{"lost_tokens_100", lostTokens(100)},
}

const ownPackage = "github.com/racewindow/racewindow/scripts/racetobug"

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

// reorder has setters, which store two variables one after the other, and checkers, which must not see the first store alone.
func reorder(setters, checkers int) func(world) {
	return func(w world) {
		var a, b atomic.Int64
		for i := range setters {
			w.Go(fmt.Sprintf("set%d", i), func(pass func(string)) error {
				pass("set/a")
				a.Store(1)
				pass("set/b")
				b.Store(-1)
				return nil
			})
		}
		for i := range checkers {
			w.Go(fmt.Sprintf("check%d", i), func(pass func(string)) error {
				pass("check/a")
				begun := a.Load()
				pass("check/b")
				if begun == 1 && b.Load() == 0 {
					return errors.New("a setter has begun, and none has ended")
				}
				return nil
			})
		}
	}
}

// twoStage has writers, which change one number and then a second one that depends on it, each under a lock of its own.
func twoStage(writers, readers int) func(world) {
	return func(w world) {
		var one, two atomic.Int64
		for i := range writers {
			w.Go(fmt.Sprintf("write%d", i), func(pass func(string)) error {
				pass("one/write")
				one.Store(1)
				pass("two/write")
				two.Store(one.Load() + 1)
				return nil
			})
		}
		for i := range readers {
			w.Go(fmt.Sprintf("read%d", i), func(pass func(string)) error {
				pass("one/read")
				before := one.Load()
				if before == 0 {
					return nil
				}
				pass("two/read")
				if now := two.Load(); now != before+1 {
					return fmt.Errorf("the first stage is %d, and the second %d", before, now)
				}
				return nil
			})
		}
	}
}

// lostTokens has threads that each take a token and pass it on. If two threads take the same token, one pass is lost; the bug shows
// only if all of them take the same one.
func lostTokens(threads int) func(world) {
	return func(w world) {
		var passed atomic.Int64
		for i := range threads {
			w.Go(fmt.Sprintf("t%d", i), func(pass func(string)) error {
				pass("token/take")
				n := passed.Load()
				pass("token/pass")
				passed.Store(n + 1)
				return nil
			})
		}
		w.Finally(func() error {
			if passed.Load() < 2 {
				return errors.New("all took the same token")
			}
			return nil
		})
	}
}
