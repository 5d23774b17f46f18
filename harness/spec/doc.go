// Package spec says which results of concurrent operations are right, by the sequential behaviour of the very code that is
// tested.
//
// A history is what the operations of one program did in one execution: when each was invoked, when it returned, and with
// what result. It is right if some order of the operations explains it: an order that respects real time (an operation that
// returned before another was invoked comes first), in which the operations, executed one at a time on a fresh subject, give
// the same results. That is linearizability (Herlihy and Wing, TOPLAS 1990). The search for an order is that of Wing and Gong
// (JPDC 1993): it extends an order only by an operation whose sequential result is the one that was seen.
//
// The subject's states cannot be compared, so nothing is remembered of them. Remembered are the results of each sequence of
// operations, in a tree that serves all executions of one program, and the verdict on each history.
//
// An operation that never returned may have taken effect or not. If the execution ended because nobody could go on, it must
// also block in the order that explains the rest: otherwise a wake-up was lost.
//
// Compared with itself, a subject that is wrong sequentially is right: that is for ordinary tests.
package spec
