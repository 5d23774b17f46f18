package report

// WithoutExecution makes the report of a failure that has no execution to show: a stress run, a killed process, a leak. class tells
// it apart from other failures. promise and sentence say what broke; if promise is "", class takes its place. detail says
// what happened instead, replay is the command to see it again, and text is everything else that is known: a history,
// stacks, output.
func WithoutExecution(class, promise, sentence, detail, replay, text string) *Report {
	if promise == "" {
		promise = class
	}
	r := &Report{
		Schema: Schema, Verdict: Violated, Promise: promise, Sentence: sentence, Class: class, Detail: detail, Replay: replay, Stack: text,
		Size: "no case: reported without executing it again",
	}
	r.sanitize()
	return r
}
