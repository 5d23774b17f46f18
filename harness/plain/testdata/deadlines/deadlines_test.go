// Package deadlines has connections with deadlines, which pass on the test's clock.
package deadlines

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// connected returns both ends of a connection.
func connected(t *testing.T) (here, there net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed := make(chan net.Conn)
	go func() {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Error(err)
		}
		dialed <- c
	}()
	if here, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	there = <-dialed
	t.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}

// wantTimeout fails if an operation has not ended at its deadline.
func wantTimeout(t *testing.T, err error, began time.Time, after time.Duration) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v instead of a timeout", err)
	}
	if d := time.Since(began); d < after || d > after+time.Second {
		t.Errorf("it took %v instead of %v", d, after)
	}
}

func TestNothingComesRight(t *testing.T) {
	c, _ := connected(t)
	began := time.Now()
	c.SetDeadline(began.Add(time.Hour))
	_, err := c.Read(make([]byte, 1))
	wantTimeout(t, err, began, time.Hour)
}

// The timer is due later than the deadline, by more than a timer may fire early.
func TestBeforeATimerRight(t *testing.T) {
	c, _ := connected(t)
	began := time.Now()
	late := time.AfterFunc(5*time.Minute, func() { panic("should have timed out by now") })
	c.SetReadDeadline(began.Add(10 * time.Second))
	_, err := c.Read(make([]byte, 1))
	wantTimeout(t, err, began, 10*time.Second)
	late.Stop()
}

// The work takes longer than the deadline, in real time. The deadline expires only if a timer may fire early.
func TestWork(t *testing.T) {
	c, there := connected(t)
	var mu sync.Mutex
	worked := uint64(1)
	go func() {
		for range 10 {
			mu.Lock()
			for range 300_000 {
				worked = worked*6364136223846793005 + 1
			}
			mu.Unlock()
		}
		there.Write([]byte{1})
	}()
	c.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Error("too late")
	}
}

func TestTakenBackRight(t *testing.T) {
	c, there := connected(t)
	c.SetDeadline(time.Now().Add(time.Second))
	c.SetReadDeadline(time.Now().Add(2 * time.Second))
	c.SetDeadline(time.Time{})
	go func() {
		time.Sleep(time.Hour)
		there.Write([]byte{1})
	}()
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	c.SetDeadline(time.Now().Add(-time.Second))
	began := time.Now()
	_, err := c.Read(make([]byte, 1))
	wantTimeout(t, err, began, 0)
}

func TestListenerRight(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	l.(*net.TCPListener).SetDeadline(began.Add(time.Minute))
	done := make(chan error)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	wantTimeout(t, <-done, began, time.Minute)
}

func TestPipeRight(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	began := time.Now()
	w.SetWriteDeadline(began.Add(time.Minute))
	r.SetReadDeadline(began.Add(time.Hour))
	done := make(chan error)
	go func() {
		_, err := w.Write(make([]byte, 1<<20)) // more than a pipe holds
		done <- err
	}()
	wantTimeout(t, <-done, began, time.Minute)
	for err = nil; err == nil; {
		_, err = r.Read(make([]byte, 1<<20))
	}
	wantTimeout(t, err, began, time.Hour)
}

var listener net.Listener // not closed, and so not collected

// shared is made in real time, and has a deadline of that.
var shared = func() net.Conn {
	var err error
	if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	c.SetDeadline(time.Now().Add(time.Hour))
	return c
}()

func TestSharedRight(t *testing.T) {
	done := make(chan error)
	began := time.Now()
	shared.SetWriteDeadline(began.Add(time.Minute)) // the other deadline is now alone
	shared.SetReadDeadline(began.Add(time.Minute))
	go func() {
		_, err := shared.Read(make([]byte, 1))
		done <- err
	}()
	wantTimeout(t, <-done, began, time.Minute)
	shared.SetDeadline(time.Now().Add(time.Hour)) // the next execution finds it
}

func TestBubbleRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		defer r.Close()
		r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		done := make(chan error)
		go func() {
			_, err := r.Read(make([]byte, 1))
			done <- err
		}()
		if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	})
}
