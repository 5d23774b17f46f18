package disks

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage/disk"
)

// The race detector must not report what the disk does for goroutines that use it together. Run with -race.
func TestTheDiskIsNoRaceOfItsUsers(t *testing.T) {
	t.Parallel()
	d := New()
	d.DrawFrom(NewTape(1))
	d.Inject(Any(On(Write, "f", Fault{Err: syscall.EIO, Keep: Drawn}), Count(From(3, On(Sync, "*", Fault{Err: syscall.EIO})))))
	var looked raceoff.Number
	d.After(func(Operation) {
		if looked.Add(1)%64 == 0 {
			_ = d.Sample(Weak, NewTape(looked.Load())).Hash()
			_, _ = d.Images(Ordered)
		}
	})
	f := create(t, d, "f")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 15 {
				at := int64(k * 100)
				_, _ = f.WriteAt(bytes.Repeat([]byte{byte(i)}, 3000), at)
				_, _ = f.ReadAt(make([]byte, 3000), at)
				_ = f.Truncate(at)
				_ = f.Sync()
				name := fmt.Sprintf("%d-%d", i, k)
				own, err := d.Create(name)
				if err != nil {
					panic(err)
				}
				_, _ = own.WriteAt([]byte("x"), 0)
				_ = own.Sync()
				_, _ = d.List(".")
				_ = d.Rename(name, name+"+")
				_ = d.Remove(name + "+")
				_ = d.SyncDir(".")
			}
		})
	}
	all.Wait()
	entries, err := d.List(".")
	require.NoError(t, err)
	require.Equal(t, []disk.Entry{{Name: "f"}}, entries)
}

// plantedVariable tells a child process to run the race that it names.
const plantedVariable = "RACEWINDOW_PLANTED_RACE"

// races are programs with a race that only the disk orders, or that a buffer handed to it makes.
var races = map[string]func(){
	"a variable": func() {
		f, _ := New().Create("f")
		shared := 0
		acrossTheDisk(f, func() { shared++ })
	},
	"a buffer": func() {
		f, _ := New().Create("f")
		shared := make([]byte, 8)
		acrossTheDisk(f, func() { _, _ = f.ReadAt(shared, 0) })
	},
	"a buffer that is written": func() {
		f, _ := New().Create("f")
		shared := make([]byte, 8)
		var all sync.WaitGroup
		all.Go(func() { shared[3]++ })
		all.Go(func() { _, _ = f.WriteAt(shared, 0) })
		all.Wait()
	},
}

// acrossTheDisk makes two goroutines take a step, the second after it has seen in a file that the first has.
func acrossTheDisk(f disk.File, step func()) {
	var all sync.WaitGroup
	all.Go(func() {
		step()
		_, _ = f.WriteAt([]byte{1}, 100)
		_ = f.Sync()
	})
	all.Go(func() {
		for seen := make([]byte, 1); seen[0] == 0; {
			_, _ = f.ReadAt(seen, 100)
		}
		step()
	})
	all.Wait()
}

func TestTheDiskOrdersNobody(t *testing.T) {
	if name := os.Getenv(plantedVariable); name != "" {
		races[name]()
		return
	}
	if !raceoff.Enabled {
		t.Skip("needs the race detector: go test -race")
	}
	t.Parallel()
	for name := range races {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestTheDiskOrdersNobody$")
			child.Env = append(os.Environ(), plantedVariable+"="+name)
			output, err := child.CombinedOutput()
			require.Error(t, err, "%s", output)
			require.Contains(t, string(output), "WARNING: DATA RACE")
		})
	}
}
