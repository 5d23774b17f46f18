// Package spec decides whether the results of concurrent operations are right. The specification is the sequential behaviour
// of the code under test itself.
//
// A history records what the operations of one program did in one execution: when each was called, when it returned, and
// with what result. It is right if some order of the operations explains it. Such an order respects real time (an operation
// that returned before another was called comes first), and the operations, executed in it one at a time on a fresh subject,
// give the same results. That is linearizability (Herlihy and Wing, TOPLAS 1990). The search for an order is that of Wing
// and Gong (JPDC 1993): it extends an order only by an operation whose sequential result is the one in the history.
//
// The subject's states cannot be compared, so the search does not remember states. It remembers the results of each sequence
// of operations, in a tree that serves all executions of one program, and the verdict on each history.
//
// An operation that never returned may or may not have taken effect. If the execution ended because no thread could go on,
// the operation must also block after the order that explains the rest. Otherwise a wake-up was lost.
//
// A subject whose sequential behaviour is wrong passes this comparison: that is a matter for ordinary tests.
package spec
