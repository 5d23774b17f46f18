package history

import (
	"io"
	"net"
	"testing"

	"github.com/hashicorp/yamux"
)

// A stream echoes what was written, and both ends close.
func TestEcho(t *testing.T) {
	a, b := net.Pipe()
	client, _ := yamux.Client(a, nil)
	server, _ := yamux.Server(b, nil)
	go func() {
		s, err := server.Accept()
		if err != nil {
			return
		}
		io.Copy(s, s)
		s.Close()
	}()
	s, err := client.Open()
	if err != nil {
		t.Fatal(err)
	}
	s.Write([]byte("hello"))
	buf := make([]byte, 5)
	if _, err := io.ReadFull(s, buf); err != nil || string(buf) != "hello" {
		t.Fatal(err, string(buf))
	}
	s.Close()
	client.Close()
	server.Close()
}
