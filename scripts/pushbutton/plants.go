package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/racewindow/racewindow/harness/plain"
)

// errMissed says that a planted bug was not found.
var errMissed = errors.New("a planted bug was not found with the default budget")

// A plant is a check-then-act bug in a module, and the plain test that must find it with the default budget. The bug is a list of edits
// to the copy; the anchor of each must occur exactly once.
type plant struct {
	name, of, file string
	edits          [][2]string
	in, test, body string // the folder of the package, the test's name, and its file
}

// newer sets the language version of a file, whatever its module's go.mod says.
const newer = "//go:build go1.22\n\n"

// bugs are the bugs to plant.
var bugs = []plant{
	{
		name: "Add finds nothing there, and adds after it has locked again", of: "go-cache", file: "cache.go",
		edits: [][2]string{{
			"		c.mu.Unlock()\n		return fmt.Errorf(\"Item %s already exists\", k)\n	}\n	c.set(k, x, d)\n",
			"		c.mu.Unlock()\n		return fmt.Errorf(\"Item %s already exists\", k)\n	}\n	c.mu.Unlock()\n	c.mu.Lock()\n	c.set(k, x, d)\n",
		}},
		in: ".", test: "TestPlanted", body: newer + `package cache

import (
	"sync/atomic"
	"testing"
)

func TestPlanted(t *testing.T) {
	c := New(NoExpiration, 0)
	var added atomic.Int32
	done := make(chan bool)
	for i := range 2 {
		go func() {
			if c.Add("k", i, NoExpiration) == nil {
				added.Add(1)
			}
			done <- true
		}()
	}
	<-done
	<-done
	if n := added.Load(); n != 1 {
		t.Fatalf("%d of two Adds of one key succeeded", n)
	}
}
`,
	},
	{
		name: "ContainsOrAdd looks and adds in two steps", of: "golang-lru", file: "lru.go",
		edits: [][2]string{{
			"	c.lock.Lock()\n	if c.lru.Contains(key) {\n		c.lock.Unlock()\n		return true, false\n	}\n	evicted = c.lru.Add(key, value)\n",
			"	c.lock.Lock()\n	if c.lru.Contains(key) {\n		c.lock.Unlock()\n		return true, false\n	}\n	c.lock.Unlock()\n	c.lock.Lock()\n	evicted = c.lru.Add(key, value)\n",
		}},
		in: ".", test: "TestPlanted", body: newer + `package lru

import "testing"

func TestPlanted(t *testing.T) {
	c, _ := New[string, int](2)
	there := make(chan bool)
	for i := range 2 {
		go func() {
			ok, _ := c.ContainsOrAdd("k", i)
			there <- ok
		}()
	}
	if a, b := <-there, <-there; a == b {
		t.Fatalf("of two ContainsOrAdd of one key both say %v", a)
	}
}
`,
	},
	{
		name: "a call looks for another one, and becomes the first one, in two steps", of: "sync", file: "singleflight/singleflight.go",
		edits: [][2]string{{
			"	c := new(call)\n	c.wg.Add(1)\n	g.m[key] = c\n	g.mu.Unlock()\n\n	g.doCall(c, key, fn)\n	return",
			"	g.mu.Unlock()\n	c := new(call)\n	c.wg.Add(1)\n	g.mu.Lock()\n	g.m[key] = c\n	g.mu.Unlock()\n\n	g.doCall(c, key, fn)\n	return",
		}},
		in: "singleflight", test: "TestPlanted", body: newer + `package singleflight

import "testing"

func TestPlanted(t *testing.T) {
	var g Group
	running, most := 0, 0
	done := make(chan bool)
	for range 2 {
		go func() {
			g.Do("k", func() (any, error) {
				if running++; running > most {
					most = running
				}
				step := make(chan bool)
				go func() { step <- true }()
				<-step
				running--
				return nil, nil
			})
			done <- true
		}()
	}
	<-done
	<-done
	if most > 1 {
		t.Fatalf("%d executions of one key at once", most)
	}
}
`,
	},
}

// plants plants the bugs of a module one after another, each in a copy of its own, and explores them.
func (s *settings) plants(ctx context.Context, m subject) (rows []row, err error) {
	for i, p := range bugs {
		if p.of != m.name || ctx.Err() != nil {
			continue
		}
		dir, failed := s.copied(ctx, m, fmt.Sprintf("%s%d", planted, i))
		if failed == nil {
			failed = p.apply(dir)
		}
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		r := row{subject: m, label: p.name}
		failed = s.package1(ctx, &r, dir, plain.Package{ImportPath: path.Join(m.module, p.in), Dir: filepath.Join(dir, p.in), Tests: []string{p.test}}, s.plainly("--run", "^"+p.test+"$"), p.body, fmt.Sprint(p.edits))
		if failed == nil && len(r.found) == 0 {
			failed = fmt.Errorf("%w: %s", errMissed, p.name)
		}
		err = errors.Join(err, failed)
		rows = append(rows, r)
	}
	return rows, err
}

// plainly returns the arguments of explore. They leave its default budget, unless -schedules is given.
func (s *settings) plainly(args ...string) []string {
	if s.schedules > 0 {
		args = append(args, "--schedules", fmt.Sprint(s.schedules))
	}
	return args
}

// apply makes the edits, unless an earlier run has made them, and writes the test.
func (p plant) apply(dir string) error {
	test := filepath.Join(dir, p.in, "racewindow_planted_test.go")
	if _, err := os.Stat(test); err == nil { // an earlier run has made the edits
		return os.WriteFile(test, []byte(p.body), 0o666)
	}
	file := filepath.Join(dir, filepath.FromSlash(p.file))
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(content)
	for _, e := range p.edits {
		if n := strings.Count(text, e[0]); n != 1 {
			return fmt.Errorf("%s: the anchor occurs %d times, not once:\n%s", p.file, n, e[0])
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		return err
	}
	return os.WriteFile(test, []byte(p.body), 0o666)
}
