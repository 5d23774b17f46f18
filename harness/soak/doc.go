// Package soak runs campaigns that last for hours. A campaign first checks that the harness still finds the bugs that it
// must find. Then it executes one round after the other of everything that the harness can do, until the time is over. It
// remembers what it learned, and says how much it tried.
//
// A campaign lives in one folder:
//
//	journal.jsonl       everything that happened, one line each, appended and synced; all else can be made from it
//	journal.lock        locked by the process that works on the campaign
//	summary.txt         the summary so far, also as .json, .md and .xml (JUnit)
//	findings/PRINT/     one folder for each finding, named by its fingerprint: the case, and the report in all formats
//	scratch/            files of the round in progress; the next start removes what a killed one left there
//	logs/               output of the newest child processes, each bounded
//
// A round is one Kind executed with one RoundSpec. A RoundSpec is a line of text, and that line alone is enough to run
// the round again. A round's seed follows from the campaign's seed and the round's number. No two rounds have the same
// number, whatever their shards. The next round follows from the journal alone (choose.go): a campaign that was killed
// loses the round in progress, and otherwise goes on as if nothing had happened.
//
// This package knows no subject; the kinds do. A kind runs in this process (Explore), in a child process (Isolated), or as an
// order to the Checks of a test binary (Driven).
//
// The wall clock decides nothing here except when to stop, and not even that in a round or a campaign with a count.
package soak
