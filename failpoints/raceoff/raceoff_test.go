package raceoff

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANumberCountsLikeAnyAtomic(t *testing.T) {
	t.Parallel()
	var n Number
	require.Zero(t, n.Load())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				n.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 8000, n.Load())
	require.EqualValues(t, 8005, n.Add(5))
	n.Store(3)
	require.EqualValues(t, 3, n.Load())
}

func TestRaiseOnlyRaises(t *testing.T) {
	t.Parallel()
	var n Number
	n.Raise(5)
	require.EqualValues(t, 5, n.Load())
	n.Raise(4)
	require.EqualValues(t, 5, n.Load())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 1000 {
				n.Raise(uint64(8*k + i))
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 8*999+7, n.Load())
}

// guarded is changed only through functions that the race detector does not see, as a Mutex's users must.
type guarded struct {
	mu           Mutex
	inside, most int
	total        int
}

//go:norace
func (g *guarded) enter() {
	g.mu.Lock()
	g.inside++
	g.most = max(g.most, g.inside)
	g.total++
	runtime.Gosched()
	g.inside--
	g.mu.Unlock()
}

func TestAMutexExcludes(t *testing.T) {
	t.Parallel()
	var g guarded
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				g.enter()
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, g.most)
	require.Equal(t, 1600, g.total)
}

func TestEmptyRangesAreNoTrouble(t *testing.T) {
	t.Parallel()
	Reads(nil)
	Writes(nil)
	Reads([]byte{1})
	Writes([]byte{1})
	Disable()
	Disable()
	Enable()
	Enable()
}

func TestCopyIsCopy(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 63, 64, 65, 127, 128, 200} {
		src, dst := make([]byte, n), make([]byte, n+1)
		for i := range src {
			src[i] = byte(i + 1)
		}
		require.Equal(t, n, Copy(dst, src))
		require.Equal(t, append(src, 0), dst)
		require.Equal(t, n/2, Copy(dst[:n/2], src))
	}
}

func TestCopyIsUnseen(t *testing.T) {
	t.Parallel()
	shared := make([]byte, 100)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { Copy(shared, make([]byte, 100)) })
	}
	all.Wait()
}

// plantedVariable tells a child process to run the race that it names.
const plantedVariable = "RACEWINDOW_PLANTED_RACE"

// planted are programs in which two goroutines write the same variable, ordered by nothing but what this package hides.
var planted = map[string]func(step func()){
	"number": func(step func()) { var n Number; unordered(func() { step(); n.Add(1) }, func() { await(&n); step() }) },
	"mutex": func(step func()) {
		var n Number
		var mu Mutex
		pass := func() { mu.Lock(); defer mu.Unlock() }
		unordered(func() { step(); pass(); n.Add(1) }, func() { await(&n); pass(); step() })
	},
}

func unordered(one, two func()) {
	var all sync.WaitGroup
	all.Go(one)
	all.Go(two)
	all.Wait()
}

func await(n *Number) {
	for n.Load() == 0 {
		runtime.Gosched()
	}
}

func TestARaceThatOnlyThisPackageOrdersIsReported(t *testing.T) {
	if name := os.Getenv(plantedVariable); name != "" {
		shared := 0
		planted[name](func() { shared++ })
		return
	}
	if !Enabled {
		t.Skip("needs the race detector: go test -race")
	}
	for name := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestARaceThatOnlyThisPackageOrdersIsReported$")
			child.Env = append(os.Environ(), plantedVariable+"="+name)
			output, err := child.CombinedOutput()
			require.Error(t, err, "%s", output)
			require.Contains(t, string(output), "WARNING: DATA RACE")
		})
	}
}
