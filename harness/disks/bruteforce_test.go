package disks

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/storage/disk"
)

// The brute force implements only what the documentation says: it keeps the whole file after each operation, and composes every
// legal crash byte by byte.

// A moment in a file's life: its bytes, and where the previous operation cut the file, -1 if it did not.
type snap struct {
	bytes []byte
	cut   int
}

// bruteFile runs random operations on a file, and on slices.
func bruteFile(f disk.File, random *rand.Rand, operations int) []snap {
	size, _ := f.Size()
	now := make([]byte, size)
	_, _ = f.ReadAt(now, 0)
	snaps := []snap{{now, -1}}
	for k := range operations {
		last := snaps[len(snaps)-1].bytes
		next, cutAt := append([]byte(nil), last...), -1
		at := random.IntN(3 * SectorBytes)
		if random.IntN(8) == 0 {
			_ = f.Sync()
			snaps = []snap{{last, -1}}
			continue
		}
		if random.IntN(3) == 0 {
			_ = f.Truncate(int64(at))
			if at < len(last) {
				next, cutAt = next[:at], at
			} else {
				next = append(next, make([]byte, at-len(last))...)
			}
		} else {
			p := bytes.Repeat([]byte{byte('a' + k)}, 1+random.IntN(SectorBytes+100))
			_, _ = f.WriteAt(p, int64(at))
			next = append(next, make([]byte, max(0, at+len(p)-len(next)))...)
			copy(next[at:], p)
		}
		snaps = append(snaps, snap{next, cutAt})
	}
	return snaps
}

// view is sector i of moment k as it looks if the cuts up to moment until have survived.
func view(snaps []snap, i, k, until int) []byte {
	s := make([]byte, SectorBytes)
	if from := i * SectorBytes; from < len(snaps[k].bytes) {
		copy(s, snaps[k].bytes[from:])
	}
	for c := k + 1; c <= until; c++ {
		if snaps[c].cut >= 0 {
			clear(s[min(SectorBytes, max(0, snaps[c].cut-i*SectorBytes)):])
		}
	}
	return s
}

// sectorChoices lists what sector i may hold when the length is that of moment j.
func sectorChoices(m Model, snaps []snap, i, j int) (all [][]byte) {
	for k := range snaps {
		if m == Weak {
			for until := range snaps {
				all = append(all, view(snaps, i, k, until))
			}
			continue
		}
		reached := true
		for c := j + 1; c <= k; c++ {
			reached = reached && (snaps[c].cut < 0 || snaps[c].cut > i*SectorBytes)
		}
		if reached {
			all = append(all, view(snaps, i, k, j))
		}
	}
	return all
}

func bruteContents(m Model, snaps []snap) map[string]bool {
	found := map[string]bool{}
	for j := range snaps {
		lengths := []int{len(snaps[j].bytes)}
		if j > 0 && snaps[j].cut < 0 && bytes.ContainsAny(snaps[j].bytes[min(len(snaps[j-1].bytes), len(snaps[j].bytes)):], "abcdefghij") {
			for n := (len(snaps[j-1].bytes)/SectorBytes + 1) * SectorBytes; n < len(snaps[j].bytes); n += SectorBytes {
				lengths = append(lengths, n)
			}
		}
		for _, n := range lengths {
			partial := map[string]bool{"": true}
			for i := 0; i*SectorBytes < n; i++ {
				longer := map[string]bool{}
				for p := range partial {
					for _, s := range sectorChoices(m, snaps, i, j) {
						longer[p+string(s[:min(SectorBytes, n-i*SectorBytes)])] = true
					}
				}
				partial = longer
			}
			for p := range partial {
				found[short([]byte(p))] = true
			}
		}
	}
	return found
}

func keys(m map[string]bool) []string {
	all := []string{}
	for k := range m {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}

func TestEnumerationOfAFileIsWhatBruteForceFinds(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		images, largest := 0, 0
		for seed := range uint64(400) {
			random := rand.New(rand.NewPCG(seed, 1))
			d := New()
			f := durableFile(t, d, "f", 'x', random.IntN(2*SectorBytes))
			snaps := bruteFile(f, random, random.IntN(5))
			want := keys(bruteContents(m, snaps))
			if len(want) > fewVariants {
				continue
			}
			require.Equal(t, want, contents(t, d, m, "f"), "seed %d", seed)
			count, exact := d.Images(m)
			require.True(t, exact)
			require.EqualValues(t, len(want), count)
			images, largest = images+len(want), max(largest, len(want))
		}
		require.Greater(t, images, 3000)
		require.Greater(t, largest, 100)
	})
}

// bruteNames runs random operations on names, and returns the names after each; every file holds its number.
func bruteNames(t *testing.T, d *Disk, random *rand.Rand, operations int) []map[string]string {
	t.Helper()
	states := []map[string]string{{}}
	for k := range operations {
		next := map[string]string{}
		for n, c := range states[len(states)-1] {
			next[n] = c
		}
		name, other := string(rune('a'+random.IntN(3))), string(rune('a'+random.IntN(3)))
		_, exists := next[name]
		switch content := fmt.Sprint(k); {
		case !exists:
			f := create(t, d, name)
			_, err := f.WriteAt([]byte(content), 0)
			require.NoError(t, err)
			require.NoError(t, f.Sync())
			next[name] = content
		case random.IntN(2) == 0:
			require.NoError(t, d.Remove(name))
			delete(next, name)
		case name == other:
			continue
		default:
			require.NoError(t, d.Rename(name, other))
			next[other] = next[name]
			delete(next, name)
		}
		states = append(states, next)
	}
	return states
}

func nameText(names map[string]string) string {
	words := []string{}
	for n, c := range names {
		words = append(words, n+"="+c)
	}
	sort.Strings(words)
	return strings.Join(words, " ")
}

// weakNames gives each name what it had at any moment.
func weakNames(states []map[string]string) map[string]bool {
	partial := []map[string]string{{}}
	for _, name := range []string{"a", "b", "c"} {
		var longer []map[string]string
		for _, p := range partial {
			for _, s := range states {
				more := map[string]string{}
				for n, c := range p {
					more[n] = c
				}
				if c, ok := s[name]; ok {
					more[name] = c
				}
				longer = append(longer, more)
			}
		}
		partial = longer
	}
	found := map[string]bool{}
	for _, p := range partial {
		found[nameText(p)] = true
	}
	return found
}

func TestEnumerationOfNamesIsWhatBruteForceFinds(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		images := 0
		for seed := range uint64(400) {
			random := rand.New(rand.NewPCG(seed, 2))
			d := New()
			states := bruteNames(t, d, random, random.IntN(8))
			if random.IntN(2) == 0 {
				require.NoError(t, d.SyncDir("."))
				states = states[len(states)-1:]
			}
			want := map[string]bool{}
			for _, s := range states {
				want[nameText(s)] = true
			}
			if m == Weak {
				want = weakNames(states)
			}
			got := map[string]bool{}
			for _, image := range d.Enumerate(m, 1<<12) {
				names := map[string]string{}
				for _, path := range image.Paths() {
					content, _ := image.Bytes(path)
					names[path] = string(content)
				}
				got[nameText(names)] = true
			}
			require.Equal(t, keys(want), keys(got), "seed %d", seed)
			images += len(got)
		}
		require.Greater(t, images, 800)
	})
}
