// Package tally is a key-value log. When the log has grown, a goroutine of its own writes what is left to a new file.
package tally

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
)

type Tally struct {
	mu      sync.Mutex
	dir     string
	f       *os.File
	gen     int
	records int
	kv      map[int]int
	every   int
	way     string
	grown   chan struct{}
	done    sync.WaitGroup
}

func open(dir, way string, every int) (*Tally, error) {
	s := &Tally{dir: dir, kv: map[int]int{}, way: way, every: every, grown: make(chan struct{}, 1)}
	names, _ := filepath.Glob(filepath.Join(dir, "log-*[0-9]"))
	for _, n := range names {
		g, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(n), "log-"))
		s.gen = max(s.gen, g)
	}
	f, err := os.OpenFile(s.name(s.gen), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	s.f = f
	good := int64(0)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var k, v, sum int
		if n, _ := fmt.Sscanf(sc.Text(), "%d=%d;%d;", &k, &v, &sum); n != 3 || sum != 7*k+v+1 {
			break
		}
		s.kv[k] = v
		s.records++
		good += int64(len(sc.Text())) + 1
	}
	if err := f.Truncate(good); err != nil {
		return nil, err
	}
	if _, err := f.Seek(good, 0); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	if err := s.syncDir(); err != nil {
		return nil, err
	}
	for _, n := range names {
		if n != s.name(s.gen) {
			os.Remove(n)
		}
	}
	s.done.Add(1)
	go s.compacts()
	return s, nil
}

func (s *Tally) name(gen int) string { return filepath.Join(s.dir, "log-"+strconv.Itoa(gen)) }

func (s *Tally) syncDir() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func line(k, v int) string { return fmt.Sprintf("%d=%d;%d;\n", k, v, 7*k+v+1) }

func (s *Tally) Put(k uint8, v int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.f.WriteString(line(int(k), v)); err != nil {
		return err
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	s.kv[int(k)] = v
	if s.records++; s.records >= s.every {
		select {
		case s.grown <- struct{}{}:
		default:
		}
	}
	return nil
}

func (s *Tally) Get(k uint8) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kv[int(k)]
}

func (s *Tally) compacts() {
	defer s.done.Done()
	for range s.grown {
		s.compact()
	}
}

func (s *Tally) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := os.OpenFile(s.name(s.gen+1)+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return
	}
	var keys []int
	for k := range s.kv {
		keys = append(keys, k)
	}
	sort.Ints(keys)
	for _, k := range keys {
		if _, err := f.WriteString(line(k, s.kv[k])); err != nil {
			f.Close()
			return
		}
	}
	if s.way != "data" {
		if err := f.Sync(); err != nil {
			f.Close()
			return
		}
	}
	if err := os.Rename(s.name(s.gen+1)+".tmp", s.name(s.gen+1)); err != nil {
		f.Close()
		return
	}
	if s.way != "entry" {
		if err := s.syncDir(); err != nil {
			f.Close()
			return
		}
	}
	os.Remove(s.name(s.gen))
	s.f.Close()
	s.gen, s.f, s.records = s.gen+1, f, len(keys)
}

func (s *Tally) Close() error {
	close(s.grown)
	s.done.Wait()
	return s.f.Close()
}
