// Package log makes the log of package storage a subject. A case of it holds engine options, a program and delays: everything
// that is needed to run once more, as one line of text that a person can read, diff, edit, commit and paste into a terminal.
//
//	v1 scenario=log handover=stale arena=256; w0: append 1, read - end; f0: flush; ~ w0@read/metadata-loaded#1=while:f0#1
//
// The line is made of clauses, separated by ';'. The first one is the header. Then come the threads in order, then at most
// one clause of switches or of delays. Blanks may be added anywhere between words; String prints the canonical form.
//
//	clause        form                              meaning
//	------------  --------------------------------  ---------------------------------------------------------------
//	header        v1 WORD=VALUE ...                 version, then the options of the engine, each at most once:
//	                scenario=log                      the engine of this module; required
//	                handover=NAME                     required
//	                arena=BYTES chunk=BYTES           the storage.Options of the same name; one that is left out
//	                segment=BYTES flush=BYTES         has the engine's default, except interval and cache: none
//	                tail=BYTES cache=BYTES            flushed bytes that stay in memory for readers
//	                value=BYTES                       value is storage.Options.MaxValueBytes
//	                interval=DURATION sync=no
//	                values=frames                     the values consist of frames as a log writes them
//	                seed=N                            the bytes of the values follow from it; default 0
//	thread        NAME: OPERATION, OPERATION ...    a goroutine and what it does, in order
//	switches      @ SWITCH, SWITCH ...              the schedule: where it differs from the default
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
//	              reopen                            close and open again; waits for running operations, and others wait for it
//	              advance DURATION                  move the clock, which otherwise stands still
//	              appenddurable N [of SIZES]        an append that returns when it is durable
//	              appendat PLACE N [of SIZES]       an append that gives its position: next (past what is visible; tried again
//	                                                if another append was faster); last (what is visible) and equal (all
//	                                                records at one position) must be refused
//	              spent N+N... [of SIZES]           fragments, then the transaction is used again in each way: all refused
//	              visible, durable                  ask for the watermark, and read the record that it names
//	              cancel THREAD                     end the context of that thread's calls, including one in progress
//	              close, closestore                 close the log, or its store, while other operations run
//	              handle                            ask the store for the log again, which opens it if it was closed
//	              other N [of SIZES]                append to a second log of the store, and read it
//	SIZES         BYTES or BYTES/BYTES/...          the values' lengths: one for all, or one for each record; default 8
//
//	bound         -, end                            before all records, past all records
//	              T.O                               record O of transaction T, whether there is one or not
//	              T.+                               past all records of transaction T, before those of the next
//	              acked, acked-N, acked+N           known only at run time: the last record of the newest transaction that
//	                                                was acknowledged to any client when the read begins, or of the one N
//	                                                before or past it; .O and .+ may follow, as they follow T
//	              last                              the last record of the thread's newest read that yielded any, - if none has
//
//	switch        THREAD@POINT#N>THREAD             when the first thread comes to the point for the n-th time, the other goes on
//	              THREAD@op#N>THREAD                between its n-th operation and the next
//	              THREAD@end>THREAD                 at its end; without a switch the first thread that can goes on
//	              start>THREAD                      instead of the first thread
//
//	fault         THREAD@FAULTPOINT#N=EIO           delivered when the thread comes to the fault point for the n-th time: EIO,
//	                                                ENOSPC, EROFS, SHORT, or at some points how many bytes come through;
//	                                                at recovery/... the thread must have a reopen, which recovers
//	              disk KIND GLOB #N = FAULT         a rule of package disks; operations count from the opening of the log;
//	                                                DELAY moves the clock
//	MODEL         ordered or weak                   which disks a crash may leave: see package disks; default ordered
//
//	delay         THREAD@POINT#N=DURATION           sleep when the thread passes the failpoint for the n-th time
//	              THREAD@POINT#N=until:THREAD@POINT#N   wait there until the other thread has come to that point
//	              THREAD@POINT#N=while:THREAD#N     wait there while the other thread's n-th operation runs: it begins no
//	                                                earlier, and the thread goes on after it has ended
//	              THREAD@op#N                       is a point too: the thread has done N operations, from 0
//
// The scheduler (package sched) executes a case with switches, or with neither switches nor delays, one thread at a time: it
// does the same each time. A switch that cannot be made is an error and never a verdict. Goroutines execute a case with delays.
//
// The thread "flusher" is the task of the store that flushes by size and by time. It has no program, but it can be delayed and
// waited for. One that a thread's reopen started is called THREAD/flusher. The points are those that 'racewindow failpoints'
// lists, except the fault points. Delays by a duration leave the interleaving to the Go scheduler. "while" and "until" hold it
// open, so the case shows the same each time. One that cannot come true is an error of the run and never a verdict.
//
// A lower bound inside a transaction that was not acknowledged when the read begins counts as the end of that transaction,
// because nothing is known to be due inside it. Faults and crashes are for cases that the scheduler executes; a crash needs a
// build without -race.
//
// Of the points at which a log may fail or lose power, this engine lacks three. The sync of an index cannot fail: an index is
// never synced, because recovery builds it again from the log. An index ahead of the log is not a moment but a disk, one of those
// that a crash may leave. A slow sync is a fault of the disk: 'disk sync * #1 = DELAY/10ms'. And no bit is flipped while the log
// is opened: in the last batch, which no later record proves, a flipped bit cannot be told from a torn tail.
package log
