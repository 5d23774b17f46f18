// Package raceoff hides synchronisation from the race detector.
//
// A test tool that watches other goroutines must not order them: every lock, atomic or channel operation of a
// recorder, a checker or a simulated disk is a happens-before edge to the race detector, and each such edge can hide
// a real data race of the code under test. Between Disable and Enable the calling goroutine's synchronisation leaves
// no edge. In a build without -race both are empty.
//
// Memory accesses are still checked between the two; code that must hide those too says so with //go:norace.
package raceoff
