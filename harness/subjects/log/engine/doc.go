// Package harness looks for lost writes. It holds what all ways of looking share: the interface of an engine under
// test, the engine of this module behind it, and the operations that clients carry out.
//
// The files and folders of the harness are named after the stops on the way of the data:
//
//	seed -> program -> execution (stress) -> history -> verdict (check) -> report
package engine
