package report

// Told makes the report of a failure of which there is no execution to show: a stress run, a process that was killed, a leak. class
// tells it apart; promise and sentence are those that broke, or "" to have class stand for the promise; detail says what came
// instead, replay is the command to see it again, and text is all else that is known: a history, stacks, an output.
func Told(class, promise, sentence, detail, replay, text string) *Report {
	if promise == "" {
		promise = class
	}
	r := &Report{
		Schema: Schema, Verdict: Violated, Promise: promise, Sentence: sentence, Class: class, Detail: detail, Replay: replay, Stack: text,
		Size: "no case: it was told, not executed again",
	}
	r.sanitize()
	return r
}
