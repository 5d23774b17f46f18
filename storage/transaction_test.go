package storage

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// begin opens a transaction.
func (r *rig) begin() *Transaction {
	r.t.Helper()
	tx, err := r.Begin(background)
	require.NoError(r.t, err)
	return tx
}

// add adds the next n records to a transaction.
func (r *rig) add(tx *Transaction, n int) {
	r.t.Helper()
	for range n {
		require.NoError(r.t, tx.Add(background, recordAt(Offset{tx.Tx(), tx.count})))
	}
}

func (r *rig) commit(tx *Transaction) {
	r.t.Helper()
	last, err := tx.Commit(background)
	require.NoError(r.t, err)
	require.Equal(r.t, Offset{tx.Tx(), tx.count - 1}, last)
}

func TestNobodySeesATransactionBeforeItsCommit(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		if h.Name() == "recheckliteral" {
			continue // reads beyond the last complete transaction: TestRecheckLiteralDropsTheBound
		}
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			o := small()
			o.Handover = h
			r := newRig(t, o)
			r.append(1)
			tx := r.begin()
			require.EqualValues(t, 2, tx.Tx())
			r.add(tx, 3)
			require.Equal(t, "1.0", r.all())
			r.flushFragments()
			require.Equal(t, "1.0", r.all())
			require.Equal(t, Offset{1, 0}, r.Visible(background))
			require.Equal(t, Offset{1, 0}, r.Durable())
			r.add(tx, 2)
			r.flushFragments()
			require.Equal(t, "1.0", r.all())
			r.commit(tx)
			require.Equal(t, "1.0 2.0 2.1 2.2 2.3 2.4", r.all())
			require.Equal(t, Offset{1, 0}, r.Durable(), "the last record is not on disk")
			r.flush()
			require.Equal(t, Offset{2, 4}, r.Durable())
			require.Equal(t, "1.0 2.0 2.1 2.2 2.3 2.4", r.all())
			r.reopen()
			require.Equal(t, "1.0 2.0 2.1 2.2 2.3 2.4", r.all())
		})
	}
}

func TestAnAbortedTransactionNeverWas(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		for _, flushes := range []string{"none", "before", "between", "after", "always"} {
			t.Run(h.Name()+"/"+flushes, func(t *testing.T) {
				t.Parallel()
				o := small()
				o.Handover = h
				r := newRig(t, o)
				r.append(2)
				flushAt(r, flushes, "before")
				tx := r.begin()
				r.add(tx, 7)
				flushAt(r, flushes, "between")
				r.add(tx, 6)
				flushAt(r, flushes, "after")
				require.NoError(t, tx.Abort(background))
				require.Equal(t, "", r.offsets(Offset{1, 1}, End))
				require.Equal(t, Offset{1, 1}, r.Visible(background))

				require.Equal(t, Offset{2, 2}, r.append(3), "its Tx is given again")
				r.flush() // RecheckLiteral needs it to see anything
				require.Equal(t, "1.0 1.1 2.0 2.1 2.2", r.all())
				r.reopen()
				require.Equal(t, "1.0 1.1 2.0 2.1 2.2", r.all())
				require.Equal(t, scanBoundaries(t, r), indexFile(t, r))
			})
		}
	}
}

func flushAt(r *rig, flushes, moment string) {
	if flushes == moment || flushes == "always" {
		r.flushFragments()
	}
}

func TestAbortedFragmentsAreGoneFromTheDisk(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.append(1)
	r.flush()
	tx := r.begin()
	r.add(tx, 10)
	r.flushFragments()
	require.NoError(t, tx.Abort(background))
	r.crash()
	require.Equal(t, "1.0", r.all())
	require.Equal(t, Offset{2, 0}, r.append(1))
	r.crash()
	require.Equal(t, "1.0", r.all(), "what was in memory only is gone, and no fragment is back in its place")
}

func TestACommittedTransactionWhoseFragmentsWereFlushedSurvivesWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.append(1)
	tx := r.begin()
	r.add(tx, 30) // several segments long
	r.flushFragments()
	r.commit(tx)
	r.crash()
	require.Equal(t, "1.0", r.all(), "its last record was in memory only, so all of it is gone")

	tx = r.begin()
	r.add(tx, 30)
	r.flushFragments()
	r.commit(tx)
	r.flush()
	want := r.all()
	r.crash()
	require.Equal(t, want, r.all())
	require.Equal(t, Offset{2, 29}, r.Durable())
}

// A crash between a commit and its flush, when the file is full: the transaction must not go over into the next file, or
// recovery would have to cut the one and keep the other.
func TestATransactionLiesInOneFile(t *testing.T) {
	t.Parallel()
	disk := newBrokenDisk()
	o := small()
	o.Disk = disk
	r := newRig(t, o)
	r.append(1)
	tx := r.begin()
	r.add(tx, 30)
	r.flushFragments()
	r.commit(tx)
	creating := false
	disk.fail(func(c diskCall) *diskFault { // fails the first write that is not a new file's header
		header := creating
		creating = c.operation == "create"
		if c.operation == "write" && !header {
			return &diskFault{err: syscall.EIO}
		}
		return nil
	})
	require.ErrorIs(t, r.Flush(background), ErrPoisoned)
	disk.fail(nil)
	r.crash()
	require.Equal(t, "1.0", r.all())
	require.Equal(t, Offset{2, 2}, r.append(3))
	r.flush()
	require.Equal(t, "1.0 2.0 2.1 2.2", r.all())
	r.crash()
	require.Equal(t, "1.0 2.0 2.1 2.2", r.all())
}

func TestAFragmentThatIsRefusedLeavesTheTransactionAsItWas(t *testing.T) {
	t.Parallel()
	o := small()
	o.MaxValueBytes = 100
	r := newRig(t, o)
	tx := r.begin()
	require.ErrorIs(t, tx.Add(background), ErrEmpty)
	_, err := tx.Commit(background)
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorContains(t, err, "add a record, or abort")
	r.add(tx, 1)
	require.ErrorIs(t, tx.Add(background, Record{}, Record{Value: make([]byte, 101)}), ErrTooLarge)
	r.add(tx, 1)
	r.commit(tx)
	require.Equal(t, "1.0 1.1", r.all())
}

func TestATransactionThatHasEndedRefusesEveryCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	for _, end := range []func(tx *Transaction) error{
		func(tx *Transaction) error { r.add(tx, 1); _, err := tx.Commit(background); return err },
		func(tx *Transaction) error { return tx.Abort(background) },
	} {
		tx := r.begin()
		require.NoError(t, end(tx))
		require.ErrorIs(t, tx.Add(background, Record{}), ErrNoTransaction)
		_, err := tx.Commit(background)
		require.ErrorIs(t, err, ErrNoTransaction)
		require.ErrorContains(t, err, "begin another")
		require.ErrorIs(t, tx.Abort(background), ErrNoTransaction)
	}
	require.Equal(t, "1.0", r.all())
}

// waitingWriters returns when n writers of the log wait for its open transaction.
func (r *rig) waitingWriters(n int) {
	for inLine := -1; inLine != n; {
		runtime.Gosched()
		r.mu.Lock()
		inLine = reflect.ValueOf(&r.idle).Elem().FieldByName("waiters").Len()
		r.mu.Unlock()
	}
}

func TestWritersThatWaitForATransactionAllGoOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*rig, *Transaction){
		"commit": func(r *rig, tx *Transaction) { r.add(tx, 1); r.commit(tx) },
		"abort":  func(r *rig, tx *Transaction) { require.NoError(r.t, tx.Abort(background)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, small())
			tx := r.begin()
			var writers sync.WaitGroup
			for range 5 {
				writers.Go(func() {
					_, err := r.Append(background, Record{})
					if err != nil {
						t.Error(err)
					}
				})
			}
			r.waitingWriters(5)
			end(r, tx)
			writers.Wait() // a missed wake-up hangs here
		})
	}
}

func TestAWriterThatGivesUpWaitingLeavesTheOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	tx := r.begin()
	ctx, cancel := context.WithCancel(background)
	gaveUp, appended := make(chan error), make(chan error)
	go func() { _, err := r.Append(ctx, Record{}); gaveUp <- err }()
	r.waitingWriters(1)
	go func() { _, err := r.Append(background, Record{}); appended <- err }()
	r.waitingWriters(2)
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)
	require.NoError(t, tx.Abort(background))
	require.NoError(t, <-appended)
}

func TestWritersThatWaitForATransactionHearOfPoison(t *testing.T) {
	t.Parallel()
	for _, h := range Handovers() {
		t.Run(h.Name(), func(t *testing.T) {
			t.Parallel()
			disk := newBrokenDisk()
			o := small()
			o.Disk, o.Handover = disk, h
			r := newRig(t, o)
			tx := r.begin()
			r.add(tx, 3)
			appended := make(chan error)
			go func() { _, err := r.Append(background, Record{}); appended <- err }()
			r.waitingWriters(1)
			disk.failNext("sync", ".seg", diskFault{err: syscall.EIO})
			require.ErrorIs(t, r.flushTail(background, flushRequest{log: r.Log}), ErrPoisoned)
			require.ErrorIs(t, <-appended, ErrPoisoned, "nobody will ever commit")
			require.ErrorIs(t, tx.Abort(background), ErrPoisoned)
		})
	}
}

func TestWritersThatWaitForATransactionHearOfClose(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	tx := r.begin()
	r.add(tx, 3)
	appended := make(chan error)
	go func() { _, err := r.Append(background, Record{}); appended <- err }()
	r.waitingWriters(1)
	require.NoError(t, r.Close(background))
	require.ErrorIs(t, <-appended, ErrClosed)
	_, err := tx.Commit(background)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, tx.Abort(background), ErrClosed)
}

func TestAbortWorksWhenItsContextHasEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	tx := r.begin()
	r.add(tx, 3)
	ctx, cancel := context.WithCancel(background)
	cancel()
	require.ErrorIs(t, tx.Add(ctx, Record{}), context.Canceled)
	_, err := tx.Commit(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, tx.Abort(ctx), "or every writer would wait for ever")
	require.Equal(t, Offset{1, 0}, r.append(1))
}

func TestAnAbortThatFailsIsNotTheAnswerToAFlush(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	ended := r.begin()
	require.NoError(t, ended.Abort(background))
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 200 {
				if err := ended.Abort(background); !errors.Is(err, ErrNoTransaction) {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range 200 {
				if _, err := r.AppendDurable(background, Record{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestAnAbortThatCannotCutTheFilePoisonsTheLog(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"truncate", "sync"} {
		disk := newBrokenDisk()
		o := small()
		o.Disk = disk
		r := newRig(t, o)
		r.append(1)
		tx := r.begin()
		r.add(tx, 5)
		r.flushFragments()
		disk.failNext(operation, ".seg", diskFault{err: syscall.EIO})
		err := tx.Abort(background)
		require.ErrorIs(t, err, ErrPoisoned)
		require.ErrorIs(t, err, syscall.EIO)
		require.Equal(t, "1.0", r.all())
		disk.fail(nil)
		r.crash()
		require.Equal(t, "1.0", r.all(), "recovery takes the fragments back")
	}
}
