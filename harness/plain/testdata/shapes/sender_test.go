package shapes

import (
	"errors"
	"net"
	"sync"
	"testing"
)

var errClosed = errors.New("the sender is closed")

// A sender looks whether it is closed, and writes when it may have been closed meanwhile.
type sender struct {
	mu     sync.Mutex
	conn   net.Conn
	closed bool
}

func (s *sender) send(b []byte) error {
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return errClosed
	}
	_, err := s.conn.Write(b)
	return err
}

func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.conn.Close()
}

func TestSendsWhileClosing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{conn: conn}
	sent := make(chan error)
	go func() { sent <- s.send([]byte("x")) }()
	s.close()
	if err := <-sent; err != nil && !errors.Is(err, errClosed) {
		t.Error(err)
	}
}
