// Package cases holds cases: engine options, a program and delays, everything that is needed to run once more, as one
// line of text that a person can read, diff, edit, commit and paste into a terminal.
//
//	v1 scenario=log handover=stale arena=256; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1
//
// The line is made of clauses, separated by ';'. The first one is the header, then come the threads in order, then at most
// one clause of switches or of delays. Blanks may be added anywhere between words; String prints the canonical form.
//
//	clause        form                              meaning
//	------------  --------------------------------  ---------------------------------------------------------------
//	header        v1 WORD=VALUE ...                 version, then the options of the engine, each at most once:
//	                scenario=log                      the engine of this module; required
//	                handover=NAME                     required
//	                arena=BYTES chunk=BYTES           storage.Options of the like name; what is left out has the
//	                segment=BYTES flush=BYTES         engine's default, but for the interval: none
//	                tail=BYTES value=BYTES            value is storage.Options.MaxValueBytes
//	                interval=DURATION sync=no
//	                values=frames                     the values consist of frames as a log writes them
//	                seed=N                            the bytes of the values follow from it; default 0
//	thread        NAME: OPERATION, OPERATION ...    a goroutine and what it does, in order
//	switches      @ SWITCH, SWITCH ...              the schedule: where another thread goes on than would without them
//	delays        ~ DELAY, DELAY ...                where threads are held up
//	faults        ! FAULT, FAULT ...                what goes wrong
//	crash         crash any [model=MODEL]           a loss of power at every step, with every disk that it may leave, and kills
//	              crash PLACE disk=N [model=MODEL]  at one step, with the N-th of these disks, or a drawn one (tape=N)
//	              crash PLACE kill [model=MODEL]    the process dies there, and the machine does not
//
//	operation     append N [of SIZES]               one transaction of N records
//	              fragments N+N... [of SIZES]       one transaction, added in fragments of N records, then committed
//	              abort N+N... [of SIZES]           the same, then taken back
//	              flush
//	              read BOUND BOUND                  the records past the first bound, up to the second
//	              reopen                            close and open again; waits for running operations, holds up others'
//	              advance DURATION                  move the clock, which otherwise stands still
//	              appenddurable N [of SIZES]        an append that returns when it is durable
//	              appendat PLACE N [of SIZES]       an append that brings its position: next (after what is visible, once more
//	                                                where another was faster); last (what is visible) and equal (all records at
//	                                                one place) must be refused
//	              spent N+N... [of SIZES]           fragments, and then the transaction is used again in each way: all refused
//	              visible, durable                  ask for the watermark, and read the record that it names
//	              cancel THREAD                     end the context of that thread's calls, the one in progress too
//	              close, closestore                 close the log, or the store under it, beside what runs
//	              handle                            ask the store for the log again, which opens one that was closed
//	              other N [of SIZES]                append to a second log of the store, and read that
//	SIZES         BYTES or BYTES/BYTES/...          the values' lengths: one for all, or one for each record; default 8
//
//	bound         -, end                            before all records, past all records
//	              T.O                               record O of transaction T, whether there is one or not
//	              T.+                               past all records of transaction T, before those of the next
//	              acked, acked-N, acked+N           what a program cannot know: the last record of the newest transaction
//	                                                that was acknowledged to anybody when the read begins, or of the one N
//	                                                before or past it; .O and .+ may follow, as past T
//	              last                              the record with which the thread's newest read ended, - if none did
//
//	switch        THREAD@POINT#N>THREAD             when the first thread comes to the point for the n-th time, the other goes on
//	              THREAD@op#N>THREAD                between its n-th operation and the next
//	              THREAD@end>THREAD                 at its end; without a switch the first thread goes on that can
//	              start>THREAD                      instead of the first thread
//
//	fault         THREAD@FAULTPOINT#N=EIO           delivered when the thread comes to the fault point for the n-th time: EIO,
//	                                                ENOSPC, EROFS, SHORT, or at some points how many bytes come through;
//	                                                at recovery/... the thread has a reopen: that is what recovers
//	              disk KIND GLOB #N = FAULT         a rule of package crash; operations count from when the log is open;
//	                                                DELAY moves the clock
//	MODEL         ordered or weak                   which disks a crash may leave: see package crash; default ordered
//
//	delay         THREAD@POINT#N=DURATION           sleep when the thread passes the failpoint for the n-th time
//	              THREAD@POINT#N=until:THREAD@POINT#N   wait there until the other thread has come to that point
//	              THREAD@POINT#N=while:THREAD#N     wait there while the other thread's n-th operation runs: it does not
//	                                                begin before, and the thread does not go on until it has ended
//	              THREAD@op#N                       is a point too: the thread has done N operations, from 0
//
// A case with switches, or with neither switches nor delays, is executed by the scheduler (package sched), one thread at a
// time: it does the same each time. A switch that cannot be made is an error and never a verdict. A case with delays is
// executed by goroutines.
//
// The thread "flusher" is the task of the store that flushes by size and by time; it can be delayed and waited for, and
// has no program; one that a thread's reopen started is called THREAD/flusher. A point is one that 'racewindow failpoints' lists, but for the fault points. "~" without a "while" or
// "until" leaves the interleaving to the Go scheduler; with them it is held open, and the case shows the same each time.
// A "while" or "until" that cannot come true is an error of the run and never a verdict.
//
// A lower bound inside a transaction that nobody has acknowledged when the read begins is taken as the end of that
// transaction: what is due after it could not be known. Faults and crashes belong to cases that the scheduler
// executes; a crash needs a build without -race.
//
// Of the points at which a log may fail or lose power, three are no points of this engine. An index cannot fail to be synced: it never
// is, recovery builds it again from the log. An index ahead of the log is no moment but a disk, one of those that a crash leaves. A slow
// sync is the disk's: 'disk sync * #1 = DELAY/10ms'. A bit that changes is not delivered while the log is opened: in the last batch, for
// which no later record speaks, it cannot be told from a torn tail.
package log
