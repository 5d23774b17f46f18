package alarms

import (
	"net"
	"os"
	"testing"
)

// listen keeps a port, as a test's server does that nobody stops.
func listen(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", os.Getenv("RACEWINDOW_TEST_ADDRESS"))
	if err != nil {
		t.Fatal(err)
	}
	go l.Accept()
}

func TestOnOnePort(t *testing.T) {
	listen(t)
	overtaken()
}

func TestOnOnePortFails(t *testing.T) {
	listen(t)
	if overtaken() {
		t.Fatal("on one port")
	}
}
