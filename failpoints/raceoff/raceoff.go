// Package raceoff hides synchronisation from the race detector.
//
// A test tool that watches other goroutines must not order them. To the race detector, every lock, atomic or channel
// operation of a recorder, a checker or a simulated disk is a happens-before edge, and each edge can hide a real data race
// of the code under test. Between Disable and Enable, the synchronisation of the calling goroutine leaves no edge. In a
// build without -race both do nothing.
//
// The detector still checks memory accesses between the two; code that must hide those too says so with //go:norace.
package raceoff
