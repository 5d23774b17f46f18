// Package processes has tests that start another process.
package processes

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// serve starts a process that takes a while until it has written a file, and then waits for its input to end.
func serve(t *testing.T) (file string) {
	file = filepath.Join(t.TempDir(), "ready")
	cmd := exec.Command("/bin/sh", "-c", "sleep 0.3; echo ready > \"$0\"; read line", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return file
}

// The usual way to wait for a server.
func TestWaitsWithALimit(t *testing.T) {
	file := serve(t)
	for limit := time.Now().Add(5 * time.Second); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
	}
	t.Fatal("the server does not come")
}

// lost loses an update between two goroutines.
func lost() bool {
	var n atomic.Int32
	done := make(chan bool)
	go func() {
		n.Store(n.Load() + 1)
		close(done)
	}()
	n.Store(n.Load() + 1)
	<-done
	return n.Load() != 2
}

// A process that has ended before time passes is none of whose clock matters.
func TestLosesAfterAProcess(t *testing.T) {
	if out, err := exec.Command("/bin/sh", "-c", "sleep 0.05; echo ready").Output(); err != nil || string(out) != "ready\n" {
		t.Fatal(err, out)
	}
	time.Sleep(time.Second)
	if lost() {
		t.Fatal("an update is lost")
	}
}

// No time passes while this one runs.
func TestLosesBesideAProcess(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 0.05; echo ready; read line")
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatal(err, line)
	}
	if lost() {
		t.Fatal("an update is lost")
	}
}
