package object

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/cases"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/values"
	"github.com/racewindow/racewindow/storage/disk"
)

var (
	errWedged   = errors.New("wedged")
	errNothing  = errors.New("nothing there")
	errUnsure   = errors.New("unsure")
	shelfWaits  = failpoints.WaitPoint(thisPackage, "shelf/non-empty")
	shelfCloses = failpoints.Register(thisPackage, "shelf/closes", failpoints.KindYield, "engines_test.go", 1)
)

// A shelf keeps bytes in a file, in one of several ways.
type shelf struct {
	mu     sync.Mutex
	filled failpoints.Cond
	disk   disk.Disk
	way    way
	there  []byte
	broken bool
	busy   bool
	handed []byte
}

// A way is how a shelf differs from one that is right.
type way struct {
	keeps         bool // writes when it is closed, and not before
	syncs         bool // what it writes
	wedges        bool // after an error
	forgets       bool // all after an error
	emptiesFirst  bool // its file, when it is closed
	forgetsOnOpen bool // what is there, but for its length
}

func shelves(t *testing.T, w way, change func(*Config)) *Object {
	t.Helper()
	c := Config{
		Name: "TestShelf", Type: reflect.TypeFor[*shelf](),
		Open: func(_ context.Context, e *Env) (any, error) { return openShelf(e.Disk(), w) },
		Operations: []Method{
			{Name: "at", Do: (*shelf).At},
			{Name: "put", Do: (*shelf).Put, Durable: OnReturn},
			{Name: "read", Do: (*shelf).Read},
		},
		Sentinels: []values.Sentinel{{Name: "errNothing", Error: errNothing}},
	}
	if change != nil {
		change(&c)
	}
	o, err := New(c)
	require.NoError(t, err)
	return o
}

func openShelf(d disk.Disk, w way) (*shelf, error) {
	s := &shelf{disk: d, way: w}
	s.filled.L = &s.mu
	f, err := d.Open("shelf")
	if err != nil {
		return s, nil // it is new
	}
	defer f.Close()
	size, err := f.Size()
	s.there = make([]byte, size)
	if size > 0 {
		_, err = f.ReadAt(s.there, 0)
	}
	if w.forgetsOnOpen {
		clear(s.there)
	}
	return s, err
}

// write puts all into a file; one that is called new then takes the place of the shelf's.
func (s *shelf) write(ctx context.Context, name string, all []byte) error {
	f, err := s.disk.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(all, 0)
	failpoints.Yield(ctx, shelfCloses)
	if s.way.syncs {
		err = errors.Join(err, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil && name == "new" {
		err = s.disk.Rename("new", "shelf")
	}
	if s.way.syncs {
		err = errors.Join(err, s.disk.SyncDir("."))
	}
	return err
}

func (s *shelf) Put(ctx context.Context, b byte) (int, error) {
	failpoints.Lock(ctx, lock, &s.mu)
	defer s.mu.Unlock()
	if s.broken {
		return 0, errWedged
	}
	next := append(s.there[:len(s.there):len(s.there)], b)
	if !s.way.keeps {
		if err := s.write(ctx, "new", next); err != nil {
			s.broken = s.way.wedges
			if s.way.forgets {
				s.there = nil
			}
			return 0, err
		}
	}
	s.there = next
	s.filled.Signal()
	return len(next) - 1, nil
}

func (s *shelf) Read(ctx context.Context) []byte {
	failpoints.Lock(ctx, lock, &s.mu)
	defer s.mu.Unlock()
	return s.there
}

// At is asked for what Put returned.
func (s *shelf) At(ctx context.Context, i int) (byte, error) {
	failpoints.Lock(ctx, lock, &s.mu)
	defer s.mu.Unlock()
	if i < 0 || i >= len(s.there) {
		return 0, errNothing
	}
	return s.there[i], nil
}

// Last waits until there is something.
func (s *shelf) Last(ctx context.Context) (byte, error) {
	failpoints.Lock(ctx, lock, &s.mu)
	defer s.mu.Unlock()
	for len(s.there) == 0 {
		if err := s.filled.Wait(ctx, shelfWaits); err != nil {
			return 0, err
		}
	}
	return s.there[len(s.there)-1], nil
}

// Hand leaves the byte to who is at work, if somebody is.
func (s *shelf) Hand(ctx context.Context, b byte) error {
	failpoints.Lock(ctx, lock, &s.mu)
	defer s.mu.Unlock()
	if s.handed = append(s.handed, b); s.busy {
		return errUnsure
	}
	s.busy = true
	s.mu.Unlock()
	failpoints.Yield(ctx, shelfCloses)
	failpoints.Lock(ctx, lock, &s.mu)
	s.there, s.handed, s.busy = append(s.there, s.handed...), nil, false
	return nil
}

func (s *shelf) Close(ctx context.Context) error {
	switch {
	case s.way.emptiesFirst:
		return s.write(ctx, "shelf", s.there)
	case s.way.keeps:
		return s.write(ctx, "new", s.there)
	}
	return nil
}

func parseOf(t *testing.T, o *Object, text string) cases.Case {
	t.Helper()
	c, err := cases.Parse("v1 "+o.Head()+"; "+text, cases.Only(o))
	require.NoError(t, err)
	return c
}

func needsDisks(t *testing.T) {
	t.Helper()
	if sched.UnderRaceDetector() {
		t.Skip("a disk cannot be looked at between two threads under -race")
	}
}

// found is the class of what a search of a program found, "" for nothing, and its words.
func found(t *testing.T, o *Object, program string) (class, words string) {
	t.Helper()
	needsDisks(t)
	r := search(t, o, program, sched.Options{Strategy: "bounded", Preemptions: 1, Workers: 1})
	if len(r.Findings) == 0 {
		return "", ""
	}
	f := r.Findings[0].Failure
	return f.Class(), f.Error()
}

func TestAnObjectThatSaysThatItGoesOnAndWedgesIsFound(t *testing.T) {
	t.Parallel()
	const program = "c0: put(1), put(2); c1: at(7); ! disk sync * #2 = EIO"
	for _, c := range []struct {
		way    way
		goesOn bool
		class  string
		words  string
	}{
		{way{syncs: true}, true, "", ""}, // at(7) fails as it does without a fault
		{way{syncs: true, wedges: true}, false, "", ""},
		{way{syncs: true}, false, "", ""},
		{way{syncs: true, wedges: true}, true, "GoesOn", "but gave 0, *errors.errorString(\"wedged\")"},
		{way{syncs: true, forgets: true}, true, "GoesOn", "at(0) of the object would give 1, nil, but gave 0, errNothing"},
	} {
		o := shelves(t, c.way, func(config *Config) { config.GoesOn = c.goesOn })
		class, words := found(t, o, program)
		require.Equal(t, c.class, class, "%+v: %s", c, words)
		require.Contains(t, words, c.words)
	}
}

func TestAJudgeOfTheHistoryLeavesWhatFailsAfterTheFaultsToItsNamedErrors(t *testing.T) {
	t.Parallel()
	const program = "c0: put(1), at(7); ! disk sync * #1 = EIO"
	for wedges, want := range map[bool]string{false: "", true: "GoesOn"} {
		o := shelves(t, way{syncs: true, wedges: wedges}, func(c *Config) {
			c.GoesOn, c.Holds = true, func(History) error { return nil }
		})
		class, words := found(t, o, program)
		require.Equal(t, want, class, words)
	}
}

func TestFaultsLastUntilTheObjectIsClosedUnlessItGoesOn(t *testing.T) {
	t.Parallel()
	needsDisks(t)
	o := shelves(t, way{keeps: true, syncs: true}, func(c *Config) { c.Operations[1].Durable = AfterClose })
	c := parseOf(t, o, "c0: put(1); ! disk sync * #1 = EIO")
	p, err := o.Plan(c)
	require.NoError(t, err)
	require.Nil(t, sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure)
	require.Empty(t, p.Crashes.Missing(c), "the fault came in Close")
}

func TestWhatIsDurableIsThereWhenTheObjectIsOpenedAgainAfterFaults(t *testing.T) {
	t.Parallel()
	class, words := found(t, shelves(t, way{syncs: true, emptiesFirst: true}, nil), "c0: put(1), put(2); ! disk write * #3 = EIO")
	require.Equal(t, "Restart", class, words)
	class, words = found(t, shelves(t, way{syncs: true}, nil), "c0: put(1), put(2); ! disk write * #2 = EIO")
	require.Empty(t, class, words)
}

func TestPowerIsLostDuringCloseAndAfterIt(t *testing.T) {
	t.Parallel()
	atClose := func(c *Config) { c.Operations[1].Durable = AfterClose }
	for _, c := range []struct {
		way    way
		change func(*Config)
		words  string
	}{
		{way{keeps: true, syncs: true}, atClose, ""}, // of which a crash takes what is in memory, and that is tried
		{way{keeps: true}, atClose, "when power is lost"},
		{way{syncs: true}, nil, ""},
		{way{syncs: true, emptiesFirst: true}, nil, "when power is lost while the object is closed, no order explains"},
	} {
		class, words := found(t, shelves(t, c.way, c.change), "c0: put(1); crash any")
		require.Contains(t, words, c.words, "%+v", c)
		require.Equal(t, c.words != "", class == "Durability", "%+v: %s", c, words)
	}
}

func TestWhatIsInMemoryAloneCanBeLostToo(t *testing.T) {
	t.Parallel()
	needsDisks(t)
	o := shelves(t, way{keeps: true, syncs: true}, func(c *Config) { c.Operations[1].Durable = AfterClose })
	p, err := o.Plan(parseOf(t, o, "c0: put(1); crash any"))
	require.NoError(t, err)
	require.Nil(t, sched.NewRunner(p.Scenario, sched.Options{}).Replay(nil, false).Failure)
	require.NotZero(t, p.Crashes.Exposed.Load())
}

func TestAnObjectIsAskedForWhatItsOperationsReturned(t *testing.T) {
	t.Parallel()
	withoutRead := func(c *Config) { c.Operations = c.Operations[:2] }
	class, words := found(t, shelves(t, way{syncs: true, forgetsOnOpen: true}, withoutRead), "c0: put(9)")
	require.Equal(t, "Restart", class)
	require.Contains(t, words, "at(0) of the opened object would give 9, nil, but gave 0, nil")
}

func TestAnErrorAfterWhichNobodyKnowsMayBeFollowedByEither(t *testing.T) {
	t.Parallel()
	for unsure, want := range map[bool]string{true: "", false: "Linearizability"} {
		o := shelves(t, way{}, func(c *Config) {
			c.Operations = []Method{{Name: "hand", Do: (*shelf).Hand}, {Name: "read", Do: (*shelf).Read}}
			if unsure {
				c.Indeterminate = []error{errUnsure}
			}
		})
		class, words := found(t, o, "c0: hand(1); c1: hand(2), read()")
		require.Equal(t, want, class, words)
	}
}

func TestAProbeMayWaitAsItDoesAlone(t *testing.T) {
	t.Parallel()
	waiting := func(c *Config) {
		c.Operations, c.GoesOn = []Method{{Name: "last", Do: (*shelf).Last}, {Name: "put", Do: (*shelf).Put, Durable: OnReturn}}, true
	}
	for _, program := range []string{
		"c0: last()", "c0: put(1), last(); crash any", "c0: put(1); ! disk sync * #1 = EIO", "c0: put(1); ! disk sync * #1 = EIO; crash any",
	} {
		class, words := found(t, shelves(t, way{syncs: true}, waiting), program)
		require.Empty(t, class, "%s: %s", program, words)
	}
	class, words := found(t, shelves(t, way{syncs: true, forgetsOnOpen: true}, waiting), "c0: put(1); crash any")
	require.NotEmpty(t, class, words)
}
