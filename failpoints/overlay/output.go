// Output to files that are not ordinary. The go command and the test binary each open the file of a profile by its name. If
// that name is a pipe, a device or one of our own descriptors, both write at once; if standard output is a file, one
// overwrites the other. So such a profile is written to the stage, and delivered after the go command has ended.

package overlay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// outputFlags name files that a go command writes.
var outputFlags = names(`blockprofile coverprofile cpuprofile memprofile mutexprofile o trace`)

// A delivery is one output that stays in the stage until the go command has ended.
type delivery struct {
	flag, name string
	staged     string
	to         io.Writer // nil means: open name
}

// divert sends every output that is no ordinary file to the stage.
func (s *stage) divert(g *goCommand) error {
	if g.inv.set("n") {
		return nil // nothing is written
	}
	for _, flag := range sortedKeys(g.inv.flags) {
		value := g.inv.flags[flag]
		if !outputFlags[flag] || value == "" || flag == "o" && g.inv.verb == "run" {
			continue
		}
		d, special, err := g.special(flag, value)
		if err != nil {
			return err
		}
		if !special {
			continue
		}
		d.staged = filepath.Join(s.dir, "output", flag)
		if err := os.MkdirAll(filepath.Dir(d.staged), 0o700); err != nil {
			return fmt.Errorf("make room for the file of -%s: %w", flag, err)
		}
		g.inv.redirect(flag, d.staged)
		s.deliveries = append(s.deliveries, d)
	}
	return nil
}

// special says whether an output is a pipe, a device or a descriptor of this process. It refuses, before anything runs, an
// output that cannot be written to.
func (g *goCommand) special(flag, value string) (d delivery, special bool, err error) {
	dir := g.dir
	if out := g.inv.flags["outputdir"]; out != "" && flag != "o" {
		dir = absolute(g.dir, out)
	}
	d = delivery{flag: flag, name: absolute(dir, value)}
	if number, ok := descriptor(d.name); ok {
		d.to, err = g.descriptor(number)
		if err != nil {
			err = usage("-%s %s: %v", flag, value, err)
		}
		return d, true, err
	}
	info, err := os.Stat(d.name)
	if err != nil || info.IsDir() || info.Mode().IsRegular() || d.name == os.DevNull {
		return d, false, nil // the go command makes the file, or says what is wrong
	}
	if info.Mode()&fs.ModeSocket != 0 {
		return d, true, usage("-%s %s: it is a socket, which cannot be opened for writing", flag, value)
	}
	return d, true, nil
}

// maxLinks limits how many links are followed, as operating systems do.
const maxLinks = 40

// descriptor returns the number of the descriptor that a name stands for, after following links.
func descriptor(name string) (int, bool) {
	for range maxLinks {
		switch name {
		case "/dev/stdin":
			return 0, true
		case "/dev/stdout":
			return 1, true
		case "/dev/stderr":
			return 2, true
		}
		for _, prefix := range []string{"/dev/fd/", "/proc/self/fd/", fmt.Sprintf("/proc/%d/fd/", os.Getpid())} {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				number, err := strconv.Atoi(rest)
				return number, err == nil && number >= 0
			}
		}
		link, err := os.Readlink(name)
		if err != nil {
			return 0, false
		}
		name = absolute(filepath.Dir(name), link)
	}
	return 0, false
}

// descriptor returns the stream with that descriptor number.
func (g *goCommand) descriptor(number int) (io.Writer, error) {
	switch number {
	case 0:
		return nil, errors.New("standard input cannot be written to")
	case 1:
		return g.stdout, nil
	case 2:
		return g.stderr, nil
	}
	if !inheritedForWriting(number) {
		return nil, fmt.Errorf("descriptor %d is not open for writing", number)
	}
	return os.NewFile(uintptr(number), "descriptor "+strconv.Itoa(number)), nil
}

// deliver passes on the outputs in the stage. Opening a pipe waits for its reader; a signal ends the wait.
func (s *stage) deliver(ctx context.Context) error {
	for _, d := range s.deliveries {
		done := make(chan error, 1)
		go func() { done <- d.copy() }()
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("write the file of -%s: %w", d.flag, err)
			}
		case <-ctx.Done():
			return fmt.Errorf("write the file of -%s to %s: %w", d.flag, d.name, context.Cause(ctx))
		}
	}
	return nil
}

func (d delivery) copy() error {
	from, err := os.Open(d.staged)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the go command wrote none, and has said why
	}
	if err != nil {
		return err
	}
	defer from.Close()
	if d.to != nil {
		_, err = io.Copy(d.to, from)
		return err
	}
	to, err := os.OpenFile(d.name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
