package shapes

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Who closes first is the one whose error is read. It is not the one who said so first.
func TestPipeIsClosedTwice(t *testing.T) {
	r, w := io.Pipe()
	var wg sync.WaitGroup
	var first error
	for _, err := range []error{errors.New("one"), errors.New("two")} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if first == nil {
				first = err
			}
			_ = w.CloseWithError(err)
		}()
	}
	wg.Wait()
	if _, err := r.Read(make([]byte, 1)); err != first {
		t.Errorf("%v was first, and is read as %v", first, err)
	}
}

// What was said to be closed is.
func TestConnectionInMemoryIsClosed(t *testing.T) {
	a, b := net.Pipe()
	_ = a.SetReadDeadline(time.Now().Add(-time.Second))
	closed, done := false, make(chan bool)
	go func() {
		defer close(done)
		closed = true
		_ = b.Close()
	}()
	was := closed
	if _, err := a.Read(make([]byte, 1)); was && err != io.EOF {
		t.Errorf("the other end is closed: %v", err)
	}
	<-done
}

func TestListenerIsClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(-time.Second))
	closed, done := false, make(chan bool)
	go func() {
		defer close(done)
		closed = true
		_ = l.Close()
	}()
	was := closed
	if _, err := l.Accept(); was && !errors.Is(err, net.ErrClosed) {
		t.Errorf("it is closed: %v", err)
	}
	<-done
}

// A pipe in which nothing is wrong.
func TestPipesRight(t *testing.T) {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, "hello")
		_ = w.CloseWithError(err)
	}()
	if text, err := io.ReadAll(r); err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
	a, b := net.Pipe()
	go func() {
		_, _ = b.Write([]byte("hello"))
		_ = b.Close()
	}()
	if text, err := io.ReadAll(a); err != nil || string(text) != "hello" {
		t.Errorf("%q, %v", text, err)
	}
}
