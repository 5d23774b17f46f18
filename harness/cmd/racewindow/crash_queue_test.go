package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// givenQueue keeps a file for each of its values. A goroutine of its own gives the oldest one to who takes.
const givenQueue = `package tally

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type Tally struct {
	folder        string
	held          []string
	next          int
	puts          chan uint8
	put           chan error
	give          chan string
	closes, ended chan bool
}

func New(folder string) (*Tally, error) {
	t := &Tally{folder: folder, puts: make(chan uint8), put: make(chan error), give: make(chan string), closes: make(chan bool), ended: make(chan bool)}
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		t.held = append(t.held, e.Name())
		fmt.Sscanf(e.Name(), "%06d", &t.next)
	}
	go t.loop()
	return t, err
}

func (t *Tally) loop() {
	defer close(t.ended)
	for {
		first, give := "", (chan string)(nil)
		if len(t.held) > 0 {
			first, give = t.held[0], t.give
		}
		select {
		case n := <-t.puts:
			t.put <- t.write(n)
		case give <- first:
			t.held = t.held[1:]
			os.Remove(filepath.Join(t.folder, first))
			t.sync()
		case <-t.closes:
			return
		}
	}
}

func (t *Tally) write(n uint8) error {
	t.next++
	name := fmt.Sprintf("%06d-%d", t.next, n)
	if err := os.WriteFile(filepath.Join(t.folder, name), nil, 0o644); err != nil {
		return err
	}
	t.held = append(t.held, name)
	return t.sync()
}

func (t *Tally) sync() error {
	d, err := os.Open(t.folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (t *Tally) Set(n uint8) error {
	t.puts <- n
	return <-t.put
}

func (t *Tally) Get() string {
	select {
	case name := <-t.give:
		return name[len("000000-"):]
	case <-time.After(time.Second):
		return "none"
	}
}

func (t *Tally) Close() error {
	close(t.closes)
	<-t.ended
	return nil
}
`

// Executed alone, a take has the value that a goroutine of the queue gives: the second passes only when nothing else goes on.
func TestAQueueThatGivesByAGoroutineBesideATimerHasItsCanariesOfACrash(t *testing.T) {
	t.Parallel()
	folder := unmarkedModule(t, givenQueue)
	writeFile(t, folder, "tally_test.go", fileCheck)
	code, output := commandIn(t, folder, "crash", "--program", "c0: set(1), get()", "--schedules", "3", "--seed", "1", ".")
	require.Equal(t, exitHeld, code, output)
	require.Contains(t, output, "a durable operation that a crash takes was found")
	require.Contains(t, output, "a durable operation whose syncs never reach the disk was found")
}
