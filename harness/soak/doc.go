// Package soak runs campaigns that last for hours: checks that the harness still sees what it must see, then one round after
// the other of everything that it can do, until the time is over; it remembers what it learned and says how much it tried.
//
// A campaign lives in one folder:
//
//	journal.jsonl       everything that happened, one line each, appended and synced; the rest can be made from it
//	journal.lock        who runs the campaign
//	summary.txt         the summary so far, also as .json, .md and .xml (JUnit)
//	findings/PRINT/     one folder for each finding, called by its fingerprint: the case, and the report in all formats
//	scratch/            files of the round in progress; the next start removes what a kill has left there
//	logs/               the last output of child processes, each bounded, the oldest removed
//
// A round is one Kind executed with one RoundSpec, which is a line of text that runs alone again. Its seed follows from the
// campaign's and its number, and no two rounds of any two shards have the same number. What comes next follows from the
// journal alone (choose.go), so that a campaign that was killed goes on as if it had not been; it loses the round in progress.
//
// What is tested is the kinds' matter: nothing here knows a subject. A kind may run in this process (Explore), have a child process
// do its rounds (Isolated), or order them of the Checks of a test binary (Driven).
//
// Nothing here decides by the wall clock but when to stop, and a round or a campaign that counts does not even ask that.
package soak
