package disks

import (
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// imagesOf is the set of images of a moment, nil if they are many.
func imagesOf(d *Disk, m Model) map[[hashBytes]byte]bool {
	all := d.Enumerate(m, 400)
	if all == nil {
		return nil
	}
	set := map[[hashBytes]byte]bool{}
	for _, image := range all {
		set[image.Hash()] = true
	}
	return set
}

func contained(t *testing.T, less, more map[[hashBytes]byte]bool, format string, args ...any) {
	t.Helper()
	for h := range less {
		if !more[h] {
			t.Fatalf(format, args...)
		}
	}
}

// A crash during an operation leaves what a crash before or after it can leave. So what was possible stays possible until a
// sync excludes it, and a sync makes nothing newly possible.
func TestOnlySyncsSettleAndTheyInventNothing(t *testing.T) {
	t.Parallel()
	bothModels(t, func(t *testing.T, m Model) {
		settled, grown, failed := 0, 0, 0
		for seed := range uint64(250) {
			d, random := New(), rand.New(rand.NewPCG(seed, 5))
			s := &script{disk: d, random: rand.New(rand.NewPCG(seed, 6))}
			var last Operation
			syncs := 0
			d.After(func(o Operation) {
				last = o
				if o.Kind == Sync || o.Kind == SyncDir {
					syncs++
				}
			})
			for range 40 {
				before := imagesOf(d, m)
				if before == nil {
					break // and never few again, perhaps
				}
				newest := d.Sample(m, Replay(nil)).Hash()
				require.True(t, before[newest])
				switch fails := random.IntN(4) == 0; {
				case len(s.files) > 0 && random.IntN(5) == 0:
					d.Inject(nil)
					if fails {
						d.Inject(On(Sync, "*", Fault{Err: syscall.EIO}))
						failed++
					}
					_ = s.files[random.IntN(len(s.files))].Sync()
					d.Inject(nil)
				case random.IntN(5) == 0:
					_ = d.SyncDir([]string{".", "folder"}[random.IntN(2)])
				default:
					known := syncs
					if s.step(); syncs > known {
						continue // a step may do several things
					}
				}
				after := imagesOf(d, m)
				if last.Kind == Sync || last.Kind == SyncDir {
					require.NotNil(t, after)
					contained(t, after, before, "seed %d: %v %s makes something possible", seed, last.Kind, last.Name)
					require.Equal(t, newest, d.Sample(m, Replay(nil)).Hash())
					settled += len(before) - len(after)
				} else if after != nil {
					contained(t, before, after, "seed %d: %v %s settles something", seed, last.Kind, last.Name)
					grown += len(after) - len(before)
				}
			}
		}
		require.Greater(t, settled, 100)
		require.Greater(t, grown, 1000)
		require.Greater(t, failed, 20)
	})
}
