// Package planted has twelve small programs, each with its ordinary test. They are right as they stand; the test of the exploration plants
// one bug in each, by an edit.
package planted
