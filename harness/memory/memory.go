// Package memory checks before a run whether there is enough memory for it. A run that takes all memory cannot be stopped,
// and makes other processes fail too.
package memory

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Part is something of which a run needs many.
type Part struct {
	// What is its name in the plural, such as "goroutines".
	What  string
	Count uint64
	// Each is the number of bytes for one.
	Each uint64
}

// Room returns an error if the parts need more than nine tenths of the available memory. lower says how to use less, for the
// message. If the system does not say how much is available, Room returns nil.
func Room(lower string, parts ...Part) error { return room(Available, lower, parts) }

func room(available func() (uint64, bool), lower string, parts []Part) error {
	need, words := uint64(0), []string{}
	for _, p := range parts {
		bytes := times(p.Count, p.Each)
		if need += bytes; need < bytes {
			need = math.MaxUint64
		}
		words = append(words, fmt.Sprintf("%d %s of about %s each", p.Count, p.What, size(p.Each)))
	}
	have, known := available()
	if !known || need <= have/10*9 {
		return nil
	}
	return fmt.Errorf("about %s of memory would be needed (%s), and %s are available: %s", size(need), strings.Join(words, ", "), size(have), lower)
}

// times multiplies, and returns the largest number on overflow.
func times(a, b uint64) uint64 {
	if b != 0 && a > math.MaxUint64/b {
		return math.MaxUint64
	}
	return a * b
}

func size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// Available returns how many bytes this process can still use: what the system has free or can free, and what the limits of
// its control group, and of those above it, leave.
func Available() (bytes uint64, known bool) { return available("/") }

func available(root string) (bytes uint64, known bool) {
	bytes = math.MaxUint64
	take := func(n uint64, ok bool) {
		if ok {
			bytes, known = min(bytes, n), true
		}
	}
	take(meminfo(filepath.Join(root, "proc/meminfo")))
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) { // 0::/path, or 4:memory:/path
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		tree, most, used := filepath.Join(root, "sys/fs/cgroup"), "memory.max", "memory.current"
		switch {
		case strings.Contains(","+fields[1]+",", ",memory,"):
			tree, most, used = filepath.Join(tree, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"
		case fields[1] != "":
			continue
		}
		for path := filepath.Clean("/" + fields[2]); ; path = filepath.Dir(path) {
			limit, limited := number(filepath.Join(tree, path, most))
			taken, told := number(filepath.Join(tree, path, used))
			take(limit-min(limit, taken), limited && told)
			if path == "/" {
				break
			}
		}
	}
	return bytes, known
}

// meminfo reads the line MemAvailable.
func meminfo(file string) (bytes uint64, ok bool) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		var kib uint64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			return kib << 10, true
		}
	}
	return 0, false
}

// number reads a file that contains a number; "max" does not count as one.
func number(file string) (n uint64, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}
