package report

import (
	"strings"

	"github.com/racewindow/racewindow/harness/subjects/log/check"
)

// Told makes the report of a failure of which there is no execution to show: a stress run, a process that was killed, a leak. class
// tells it apart and begins with the promise's name, if it was one that broke; detail says what came instead, replay is the command
// to see it again, and text is all else that is known: a history, stacks, an output.
func Told(class, detail, replay, text string) *Report {
	r := &Report{
		Schema: Schema, Verdict: Violated, Promise: class, Class: class, Detail: detail, Replay: replay, Stack: text,
		Size: "no case: it was told, not executed again",
	}
	name, _, _ := strings.Cut(class, "/")
	for _, p := range append(check.Promises(), check.Durability, check.RecoveryIdempotence, check.StickyPoison, check.AppendAfterRecovery, check.DamageReported) {
		if p.Name == name {
			r.Promise, r.Sentence = p.Name, p.Sentence
		}
	}
	r.sanitize()
	return r
}
