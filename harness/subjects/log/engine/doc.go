// Package engine is what all tests of a log share: the interface of an engine under test, its implementation by the log of
// this module, and the operations that clients execute.
package engine
