package harness

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/failpoints/runtime/bubble"
	"github.com/racewindow/racewindow/harness/columns"
	"github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/recorded"
)

// LosePower makes a plain test lose power while it writes to a folder. Call LosePower while the folder is empty. From
// then on, call durable with each thing that must survive:
//
//	dir := t.TempDir()
//	durable := harness.LosePower(t, dir, func(dir string, durable []string) error {
//		s, err := Open(dir)
//		if err != nil {
//			return err
//		}
//		defer s.Close()
//		for _, key := range durable {
//			if !s.Has(key) {
//				return fmt.Errorf("%s is lost", key)
//			}
//		}
//		return nil
//	})
//	…
//	if err := s.Put("a"); err == nil {
//		durable("a")
//	}
//
// Under racewindow crash and racewindow explore, what the test does in dir with package os, syscall or golang.org/x/sys/unix is
// recorded, in each schedule. When the test has ended, recovered is called for each disk that a loss of power may have left
// after one of these operations (all if they are few, else those at the edges), with a folder of that content and what was
// durable at that moment, in order; and again for disks that a loss of power during recovered leaves. An error of recovered
// fails the test, and so does a panic. It must leave nothing open, and must not call Fatal.
//
// Everywhere else LosePower does nothing, and neither does durable.
func LosePower[T any](t testing.TB, dir string, recovered func(dir string, durable []T) error) (durable func(T)) {
	t.Helper()
	offers, is := t.(interface{ Racewindow() any })
	if !is || !bubble.Use(offers.Racewindow()) {
		return func(T) {}
	}
	p := &power[T]{t: t, recovered: recovered, disk: disks.New()}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Fatalf("harness.LosePower: %s must be an empty folder: call it before anything is written there (%v)", dir, err)
	}
	var err error
	if p.folder, err = recorded.Attach(dir, p.disk); err != nil {
		t.Fatalf("harness.LosePower: %v", err)
	}
	p.disk.After(p.after)
	t.Cleanup(p.judge)
	return p.holds
}

// A power is one call of LosePower. Its goroutines run one at a time, and the race detector sees nothing of it, because it would
// take what they share through it for an order between them.
type power[T any] struct {
	t         testing.TB
	recovered func(dir string, durable []T) error
	disk      *disks.Disk
	folder    *recorded.Folder

	mu      raceoff.Mutex
	durable []T
	moments []lossMoment
}

// A lossMoment is a moment at which power may be lost: after an operation, and before the next one.
type lossMoment struct {
	disk    *disks.Moment
	after   disks.Operation
	durable int // how many things had to survive before the next operation began
}

// mostLosses bounds the disks of one execution that recovered gets, and lossesOfMoment those of one moment.
const (
	mostLosses     = 48
	lossesOfMoment = 8
	lossesOfLoss   = 4
)

// holds adds what must survive from now on.
//
//go:norace
func (p *power[T]) holds(what T) {
	p.mu.Lock()
	p.durable = append(p.durable, what)
	p.mu.Unlock()
}

// after keeps the moment after an operation.
//
//go:norace
func (p *power[T]) after(o disks.Operation) {
	if !o.Kind.Changes() {
		return
	}
	p.mu.Lock()
	p.ends()
	p.moments = append(p.moments, lossMoment{disk: p.disk.At(disks.Ordered), after: o})
	p.mu.Unlock()
}

// ends notes what must survive a loss of power after the last operation.
//
//go:norace
func (p *power[T]) ends() {
	if n := len(p.moments); n > 0 {
		p.moments[n-1].durable = len(p.durable)
	}
}

// judge makes the test recover from the disks that losses of power may leave.
func (p *power[T]) judge() {
	p.t.Helper()
	p.disk.After(nil)
	p.folder.Detach()
	if p.t.Failed() || p.t.Skipped() {
		return
	}
	err := p.folder.Err()
	if err == nil {
		err = p.folder.Check()
	}
	if err != nil {
		p.t.Errorf("harness.LosePower: power cannot be lost here: %v", err)
		return
	}
	p.ends()
	if len(p.moments) == 0 || len(p.durable) == 0 {
		p.t.Errorf("harness.LosePower: nothing can be lost: %d operations changed the folder, and %d things are durable; write to it, and say what is durable", len(p.moments), len(p.durable))
		return
	}
	all := p.losses()
	if notes, is := p.t.(interface{ RacewindowLoses(operations, disks int) }); is {
		notes.RacewindowLoses(len(p.moments), len(all))
	}
	for _, l := range all {
		if err := p.lose(l.image, p.durable[:l.durable]); err != nil {
			p.t.Errorf("after a loss of power that came after %v %s (operation %d of %d that change the folder) and left %s: %v",
				l.after.Kind, l.after.Name, l.number+1, len(p.moments), contents(l.image), err)
			return
		}
	}
}

// mostContents is how many names contents lists.
const mostContents = 6

// contents lists what a disk holds, in words: "data.db (38 bytes), old/".
func contents(image *disks.Image) string {
	var all []string
	for _, name := range image.Paths() {
		if bytes, file := image.Bytes(name); file {
			name = fmt.Sprintf("%s (%s)", name, columns.Count(len(bytes), "byte"))
		}
		all = append(all, name)
	}
	switch n := len(all) - mostContents; {
	case len(all) == 0:
		return "nothing"
	case n > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:mostContents], ", "), n)
	}
	return strings.Join(all, ", ")
}

// A loss is a disk that a loss of power may leave at a moment.
type loss struct {
	lossMoment
	number int // of the moment
	image  *disks.Image
}

// losses lists the disks to recover from: some of each moment, and no two equal disks that must hold the same. If there
// are too many, it chooses some, spread over the execution.
func (p *power[T]) losses() (all []loss) {
	type key struct {
		hash    [32]byte
		durable int
	}
	seen := map[key]bool{}
	for n, m := range p.moments {
		for _, image := range p.imagesAt(n, m.disk, lossesOfMoment) {
			if k := (key{image.Hash(), m.durable}); !seen[k] {
				seen[k] = true
				all = append(all, loss{m, n, image})
			}
		}
	}
	if len(all) <= mostLosses {
		return all
	}
	spread := make([]loss, 0, mostLosses)
	for k := range mostLosses {
		spread = append(spread, all[k*len(all)/mostLosses])
	}
	return spread
}

// imagesAt lists disks that a loss of power at a moment may leave: all if they are few, else the oldest, those at the
// edges, and random ones that follow from the number of the moment.
func (p *power[T]) imagesAt(number int, m *disks.Moment, most int) []*disks.Image {
	if all := m.Enumerate(most); all != nil {
		return all
	}
	some := m.Near(most / 2)
	for k := len(some); k < most; k++ {
		some = append(some, m.Sample(disks.NewTape(uint64(number*most+k))))
	}
	return some
}

// lose makes the test recover from a disk, and from the disks that a second loss of power, during that recovery, may
// leave.
func (p *power[T]) lose(image *disks.Image, durable []T) error {
	during, err := p.recover(image, durable, true)
	if err != nil {
		return err
	}
	seen := map[[32]byte]bool{image.Hash(): true}
	for _, again := range during {
		if hash := again.Hash(); !seen[hash] {
			seen[hash] = true
			if _, err := p.recover(again, durable, false); err != nil {
				return fmt.Errorf("and after a second loss of power, while it was opened: %w", err)
			}
		}
	}
	return nil
}

// recover makes the test recover from a disk in a folder of its own. If wanted, it returns disks that a loss of power
// during that recovery may leave.
func (p *power[T]) recover(image *disks.Image, durable []T, wanted bool) (during []*disks.Image, err error) {
	dir, err := recorded.Make()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	disk := disks.Crash(image)
	folder, err := recorded.Attach(dir, disk)
	if err != nil {
		return nil, err
	}
	defer folder.Detach()
	if wanted {
		disk.After(func(o disks.Operation) {
			if o.Kind.Changes() && len(during) < 2*lossesOfLoss {
				during = append(during, p.imagesAt(len(during), disk.At(disks.Ordered), lossesOfLoss)...)
			}
		})
	}
	err = p.recovered(dir, slices.Clone(durable))
	disk.After(nil)
	return during, err
}
