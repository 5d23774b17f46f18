package disks

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// calls makes one call of each kind on a disk and returns those that fail.
func calls(t *testing.T, d *Disk) (failed []string) {
	t.Helper()
	note := func(kind string, err error) {
		if errors.Is(err, syscall.EIO) {
			failed = append(failed, kind)
		}
	}
	lock, err := d.Lock("LOCK")
	note("lock", err)
	if err == nil {
		require.NoError(t, lock.Close())
	}
	note("mkdir", d.Mkdir("folder"))
	created, err := d.Create("folder/f")
	note("create", err)
	opened, err := d.Open("folder/f")
	note("open", err)
	f := opened
	if f == nil {
		f = created
	}
	if f != nil {
		_, err = f.WriteAt([]byte("x"), 0)
		note("write", err)
		_, err = f.ReadAt(make([]byte, 1), 0)
		note("read", err)
		note("allocate", f.Allocate(2))
		note("truncate", f.Truncate(1))
		note("sync", f.Sync())
		_, err = f.Size()
		note("size", err)
		note("close", f.Close())
	}
	note("rename", d.Rename("folder/f", "folder/f"))
	note("link", d.Link("folder/f", "folder/second"))
	_, err = d.List("folder")
	note("list", err)
	note("syncdir", d.SyncDir("folder"))
	note("remove", d.Remove("folder/f"))
	return failed
}

func TestEveryKindOfOperationCanFail(t *testing.T) {
	t.Parallel()
	require.Empty(t, calls(t, New()))
	for k, name := range kindNames[1:] {
		d := New()
		d.Inject(Nth(1, On(Kind(k+1), "*", Fault{Err: syscall.EIO})))
		failed := calls(t, d)
		require.NotEmpty(t, failed)
		require.Equal(t, name, failed[0])
	}
}

// Three sectors are durable; then the second is written, and power is lost.
func TestAWriteIsLostOrGoesAstrayThoughItSucceeds(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string][]string{
		"write f #2 = LOST":     {"f=a1536"},
		"write f #2 = ASTRAY/1": {"f=a1024b512"},
		"write f #2 = ASTRAY/2": {"f=a1536"}, // it goes to no file
		"write f #3 = LOST":     {"f=a512b512a512"},
	} {
		d := New()
		i, err := Parse(fault)
		require.NoError(t, err)
		d.Inject(i)
		f := durableFile(t, d, "f", 'a', 3*SectorBytes)
		write(t, f, 'b', SectorBytes, SectorBytes)
		seen := make([]byte, 3*SectorBytes)
		_, err = f.ReadAt(seen, 0)
		require.NoError(t, err)
		require.Equal(t, "a512b512a512", short(seen), "until power is lost, nobody can tell")
		uncertain := texts(t, d, Weak)
		require.Subset(t, []string{"f=a1536", want[0]}, uncertain, fault)
		require.NoError(t, f.Sync())
		require.Equal(t, want, texts(t, d, Weak), fault)
		require.Equal(t, fault != "write f #3 = LOST", d.Misplaced() > 0)
		require.Equal(t, d.Misplaced(), d.Fork().Misplaced())

		write(t, f, 'c', SectorBytes, SectorBytes)
		require.NoError(t, f.Sync())
		if fault == "write f #2 = LOST" {
			require.Equal(t, []string{"f=a512c512a512"}, texts(t, d, Weak), "written again, the sector is right")
		}
	}
}

func TestALostWriteThatGrowsTheFileLeavesZeros(t *testing.T) {
	t.Parallel()
	d := New()
	f := durableFile(t, d, "f", 'a', 2*SectorBytes)
	d.Inject(On(Write, "f", Fault{Lost: true}))
	write(t, f, 'b', 2*SectorBytes, 2*SectorBytes)
	require.NoError(t, f.Sync())
	require.Equal(t, []string{"f=a1024.1024"}, texts(t, d, Ordered))
	d.Inject(On(Write, "f", Fault{Astray: 1}))
	write(t, f, 'c', 2*SectorBytes, 0)
	d.Inject(nil)
	write(t, f, 'd', SectorBytes, 2*SectorBytes)
	require.NoError(t, f.Sync())
	require.Equal(t, []string{"f=a512c512d512.512"}, texts(t, d, Ordered), "the later of two writes to a sector counts")
}

func TestRulesCountAndMatch(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		"write a.seg = EIO":              "1111----",
		"write *.seg = EIO":              "11111111",
		"write * #3 = EIO":               "--1-----",
		"write * #7+ = EIO":              "------11",
		"write ?.seg #2; any b* = EIO":   "",
		"sync * = EIO":                   "--------",
		"any b* #2 = EIO":                "-----1--",
		"write a* #1=EIO;write b*#1=EIO": "",
	} {
		d := New()
		a, b := create(t, d, "a.seg"), create(t, d, "b.seg")
		faults, err := Parse(rule)
		if want == "" {
			require.ErrorIs(t, err, ErrFault, rule)
			continue
		}
		require.NoError(t, err)
		d.Inject(faults)
		got := ""
		for k := range 8 {
			f := a
			if k >= 4 {
				f = b
			}
			if _, err := f.WriteAt([]byte("x"), 0); err != nil {
				got += "1"
			} else {
				got += "-"
			}
		}
		require.Equal(t, want, got, rule)
	}
}

func TestInjectorsCompose(t *testing.T) {
	t.Parallel()
	count := Count(Any(Nth(2, On(Write, "f", Fault{Err: syscall.EIO})), From(4, On(Write, "*", Fault{Err: syscall.ENOSPC, Keep: 1}))))
	toggle := Switched(count)
	require.Equal(t, "write f #2 = EIO; write * #4+ = ENOSPC/1", toggle.String())
	d := New()
	f := create(t, d, "f")
	d.Inject(toggle)
	got := ""
	for k := range 8 {
		toggle.Switch(k != 2)
		_, err := f.WriteAt([]byte("xy"), 0)
		got += map[string]string{"ok": "-", "another error": "1"}[class(err)]
	}
	require.Equal(t, "-1--1111", got, "the third was not counted")
	require.Equal(t, 5, count.Faults())
}

func TestAFaultyReadFlipsOneBitAndLeavesTheDiskAlone(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "f")
	write(t, f, 'a', 100, 0)
	tape := NewTape(7)
	d.DrawFrom(tape)
	faults, err := Parse("read f #1 = FLIP/9; read f #2 = FLIP/?")
	require.NoError(t, err)
	d.Inject(faults)
	flips := func() (bits int, at int) {
		p := make([]byte, 100)
		_, err := f.ReadAt(p, 0)
		require.NoError(t, err)
		for i := range p {
			for bit := range 8 {
				if (p[i]^'a')>>bit&1 == 1 {
					bits, at = bits+1, 8*i+bit
				}
			}
		}
		return bits, at
	}
	bits, at := flips()
	require.Equal(t, 1, bits)
	require.Equal(t, 9, at)
	bits, at = flips()
	require.Equal(t, 1, bits)
	require.Equal(t, []uint64{uint64(at)}, tape.Drawn())
	bits, _ = flips()
	require.Zero(t, bits)
}

func TestADrawnShortWriteFollowsTheTape(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "f")
	d.DrawFrom(Replay([]uint64{30}))
	d.Inject(On(Write, "*", Fault{Err: io.ErrShortWrite, Keep: Drawn}))
	n, err := f.WriteAt(make([]byte, 100), 0)
	require.ErrorIs(t, err, io.ErrShortWrite)
	require.Equal(t, 30, n)
	n, _ = f.WriteAt(make([]byte, 100), 0)
	require.Zero(t, n, "after its end a tape says 0")
}

func TestDelaysGoToTheGivenClock(t *testing.T) {
	t.Parallel()
	d := New()
	var slept []time.Duration
	d.Sleep(func(t time.Duration) { slept = append(slept, t); d.Operations() })
	faults, err := Parse("sync f #2 = DELAY/3ms+EIO")
	require.NoError(t, err)
	d.Inject(faults)
	f := create(t, d, "f")
	require.NoError(t, f.Sync())
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	require.Equal(t, []time.Duration{3 * time.Millisecond}, slept)
}

func TestAfterIsCalledAfterEachOperation(t *testing.T) {
	t.Parallel()
	d := New()
	var seen []string
	d.After(func(o Operation) { seen = append(seen, o.Kind.String()+" "+o.Name) })
	_ = calls(t, d)
	require.Equal(t, len(seen), d.Operations())
	require.Equal(t, "lock LOCK, mkdir folder, create folder/f, open folder/f, write folder/f, read folder/f, allocate folder/f, "+
		"truncate folder/f, sync folder/f, size folder/f, close folder/f, rename folder/f, link folder/f, list folder, syncdir folder, remove folder/f", strings.Join(seen, ", "))
}

func TestFaultsThatCannotBeParsedSayWhy(t *testing.T) {
	t.Parallel()
	for text, why := range map[string]string{
		"write f":                "kind name [#n] = fault",
		"scribble f = EIO":       "is called \"scribble\": use any, mkdir",
		"write f = EWHAT":        "use EIO",
		"write f = EIO/x":        "neither a number nor ?",
		"write f 2 = EIO":        "write #2 for the second one",
		"write f #0 = EIO":       "write #2 for the second one",
		"write f#2 = EIO":        "a blank is missing",
		"sync f = DELAY/-1s":     "a delay is positive",
		"sync f = LOST":          "LOST and ASTRAY are for writes that succeed",
		"write f = ASTRAY/1+EIO": "LOST and ASTRAY are for writes that succeed",
		"write f = LOST/4":       "all of the write is lost",
		"write f = ASTRAY/0":     "how many sectors further on",
		"write f = ASTRAY":       "how many sectors further on",
		"write f = EIO; sync":    "kind name [#n] = fault",
		"read f = FLIP":          "neither a number nor ?",
		"write f = ":             "use EIO",
		"write f #1 #2 = EIO":    "kind name [#n] = fault",
		"write f = ENOSPC/99e9":  "neither a number nor ?",
	} {
		_, err := Parse(text)
		require.ErrorIs(t, err, ErrFault, text)
		require.ErrorContains(t, err, why, text)
	}
}

func FuzzFaultTextIsStable(f *testing.F) {
	for _, text := range []string{
		"", "write *.seg #2 = ENOSPC/4096", "sync log/* = EIO; read * #5+ = FLIP/?", "any index = DELAY/2ms+FLIP/3+EIO/?", "write f = SHORT/1",
		"write f #1 = LOST", "write f #2+ = DELAY/1ms+ASTRAY/8",
		"close ? #1 = EMFILE", "open a=EACCES", "syncdir . #3=EROFS",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		injector, err := Parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrFault)
			return
		}
		once := injector.String()
		again, err := Parse(once)
		require.NoError(t, err, "%q", once)
		require.Equal(t, once, again.String())
		require.Equal(t, injector, again)
	})
}

// A file that was renamed while it was open has its new name for rules and errors, as a person sees it.
func TestARuleMatchesTheNameThatAnOpenFileHasNow(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "a.seg.tmp")
	d.Inject(Any(On(Sync, "*.seg", Fault{Err: syscall.EIO}), On(Write, "*.tmp", Fault{Err: syscall.ENOSPC})))
	require.NoError(t, f.Sync())
	_, err := f.WriteAt([]byte("x"), 0)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, d.Rename("a.seg.tmp", "a.seg"))
	_, err = f.WriteAt([]byte("x"), 0)
	require.NoError(t, err)
	require.ErrorIs(t, f.Sync(), syscall.EIO)
	require.ErrorContains(t, f.Sync(), "a.seg:")
}

func TestToLookIsNoOperation(t *testing.T) {
	t.Parallel()
	d := New()
	f := create(t, d, "a.seg")
	_, err := f.WriteAt([]byte("x"), 0)
	require.NoError(t, err)
	counter, told := Count(Nth(1, On(AnyKind, "*", Fault{Err: syscall.EIO}))), 0
	d.Inject(counter)
	d.After(func(Operation) { told++ })
	before := d.Operations()
	d.Look(func() {
		_, err := f.Size()
		require.NoError(t, err)
		_, err = f.ReadAt(make([]byte, 1), 0)
		require.NoError(t, err)
	})
	require.Equal(t, before, d.Operations())
	require.Zero(t, told)
	require.Zero(t, counter.Faults())
	_, err = f.Size()
	require.ErrorIs(t, err, syscall.EIO, "the first one comes to the first operation")
}
