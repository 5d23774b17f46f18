package disks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage"
)

// recordsOf is transaction number tx, counted from 1: one to three records, some of them longer than a sector.
func recordsOf(tx int) []storage.Record {
	records := make([]storage.Record, 1+tx%3)
	for i := range records {
		records[i] = storage.Record{
			Offset: storage.Offset{Tx: uint64(tx), Op: uint64(i)},
			Key:    fmt.Appendf(nil, "key %d.%d", tx, i),
			Value:  bytes.Repeat([]byte{byte('a' + (tx+i)%26)}, 1+(tx*211+i*97)%700),
		}
	}
	return records
}

func onRequest(o storage.Options, d storage.Disk) storage.Options {
	o.Disk, o.FlushInterval, o.CacheBytes = d, -1, -1
	if o.ArenaBytes == 0 {
		o.ArenaBytes = 4096
	}
	return o
}

// A session is an open log on a disk.
type session struct {
	store *storage.Store
	log   *storage.Log
}

func openSession(o storage.Options) (*session, error) {
	ctx := context.Background()
	store, err := storage.Open(ctx, "crash", o)
	if err != nil {
		return nil, err
	}
	log, err := store.Log(ctx, "log")
	if err != nil {
		return nil, errors.Join(err, store.Close(ctx))
	}
	return &session{store, log}, nil
}

// held returns how many transactions the log holds, or an error if they are not the first ones that were appended, whole and
// in order, each byte as it was.
func (s *session) held() (transactions int, err error) {
	var want []storage.Record
	for record, err := range s.log.Read(context.Background(), storage.Offset{}, storage.End) {
		if err != nil {
			return 0, err
		}
		if len(want) == 0 {
			transactions++
			want = recordsOf(transactions)
		}
		if record.Offset != want[0].Offset || !bytes.Equal(record.Key, want[0].Key) || !bytes.Equal(record.Value, want[0].Value) {
			return 0, fmt.Errorf("record %v is not what was appended at %v", record.Offset, want[0].Offset)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		return 0, fmt.Errorf("transaction %d is held in part", transactions)
	}
	return transactions, nil
}

func (s *session) close() error { return s.store.Close(context.Background()) }

// A judge takes images at a disk's operations and checks what is recovered from them.
type judge struct {
	options      storage.Options
	few, samples int // images to enumerate, and to draw where there are more

	mu                       sync.Mutex
	appended, acknowledged   int // transactions
	crashes, drawn, unsynced int
	disks                    map[[hashBytes]byte]bool
	judged                   map[verdictKey]bool
	errs                     []error
}

// A verdictKey is a disk and what must and may be on it.
type verdictKey struct {
	disk                   [hashBytes]byte
	acknowledged, appended int
}

// quick makes the test try less under -race, where everything takes minutes. The disk is the same in both builds.
func quick() bool { return testing.Short() || raceoff.Enabled }

func newJudge(o storage.Options, few, samples int) *judge {
	if quick() {
		few, samples = max(3, few/10), max(1, samples/5)
	}
	if raceoff.Enabled {
		few, samples = 3, 1
	}
	return &judge{options: o, few: few, samples: samples, disks: map[[hashBytes]byte]bool{}, judged: map[verdictKey]bool{}}
}

// images are those of a crash at this moment.
func (j *judge) images(d *Disk, m Model, few, samples int, seed uint64) []*Image {
	moment := d.At(m)
	if all := moment.Enumerate(few); all != nil {
		return all
	}
	var drawn []*Image
	for k := range uint64(samples) {
		drawn = append(drawn, moment.Sample(NewTape(seed<<8+k)))
	}
	j.drawn += len(drawn)
	return drawn
}

func (j *judge) look(d *Disk, o Operation) {
	switch o.Kind {
	case Read, List, Size, Open, Close:
		return // nothing has changed
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.crashes++
	if d.Unsynced() > 0 {
		j.unsynced++
	}
	for _, m := range Models {
		for _, image := range j.images(d, m, j.few, j.samples, uint64(j.crashes)) {
			key := verdictKey{image.Hash(), j.acknowledged, j.appended}
			if j.judged[key] {
				continue
			}
			j.judged[key], j.disks[key.disk] = true, true
			if err := j.judge(image, m); err != nil {
				j.errs = append(j.errs, fmt.Errorf("crash %d, after %v %s, %s: %w", j.crashes, o.Kind, o.Name, image, err))
			}
		}
	}
}

// judge recovers an image, crashes again, and goes on.
func (j *judge) judge(image *Image, m Model) error {
	disk := Crash(image)
	var during []*Image
	disk.After(func(o Operation) {
		switch o.Kind {
		case Write, Truncate, Sync, SyncDir, Remove, Create, Rename:
			during = append(during, disk.Sample(m, NewTape(uint64(disk.Operations()))))
		}
	})
	once, err := openSession(onRequest(j.options, disk))
	if err != nil {
		return fmt.Errorf("recovery: %w", err)
	}
	disk.After(nil)
	held, err := once.held()
	if err != nil {
		return fmt.Errorf("recovered: %w", err)
	}
	if held < j.acknowledged || held > j.appended {
		return fmt.Errorf("recovered %d transactions; %d were acknowledged as durable, %d appended", held, j.acknowledged, j.appended)
	}
	if err := j.again(disk, m, held); err != nil {
		return err
	}
	for _, image := range during {
		if _, err := j.holds(image, j.acknowledged, j.appended); err != nil {
			return fmt.Errorf("a crash during recovery: %w", err)
		}
	}
	if err := j.goOn(once, disk, m, held); err != nil {
		return err
	}
	return once.close()
}

// holds recovers an image, and says how it then looks.
func (j *judge) holds(image *Image, least, most int) (newest *Image, err error) {
	disk := Crash(image)
	s, err := openSession(onRequest(j.options, disk))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	held, err := s.held()
	if err == nil && (held < least || held > most) {
		err = fmt.Errorf("%d transactions, not %d to %d", held, least, most)
	}
	return disk.Sample(image.Model(), Replay(nil)), err
}

// again checks that what was recovered once stays, and that a second recovery changes nothing.
func (j *judge) again(disk *Disk, m Model, held int) error {
	newest := disk.Sample(m, Replay(nil))
	twice, err := j.holds(newest, held, held)
	if err != nil {
		return fmt.Errorf("recovering twice: %w", err)
	}
	if twice.Hash() != newest.Hash() {
		return fmt.Errorf("recovering twice changed %s to %s", newest, twice)
	}
	for _, image := range j.images(disk, m, 8, 4, uint64(j.crashes)) {
		if _, err := j.holds(image, held, held); err != nil {
			return fmt.Errorf("a crash after recovery: %w", err)
		}
	}
	return nil
}

// goOn appends after a recovery, crashes, and checks again.
func (j *judge) goOn(s *session, disk *Disk, m Model, held int) error {
	if _, err := s.log.AppendDurable(context.Background(), recordsOf(held+1)...); err != nil {
		return fmt.Errorf("append after recovery: %w", err)
	}
	for _, image := range j.images(disk, m, 8, 4, uint64(j.crashes)) {
		if _, err := j.holds(image, held+1, held+1); err != nil {
			return fmt.Errorf("a crash after recovery and an append: %w", err)
		}
	}
	return nil
}

// count records what the program has appended, and what was acknowledged.
func (j *judge) count(appended int, acknowledged bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.appended += appended
	if acknowledged {
		j.acknowledged = j.appended
	}
}

// run executes a small life of a log on a disk; each letter is an operation. If the disk fails, the process dies and starts
// again.
//
//	a append   d append and wait until it is durable   f flush   r close and open again
func (j *judge) run(d *Disk, seen storage.Disk, program string) (failures int, err error) {
	d.After(func(o Operation) { j.look(d, o) })
	s, err := openSession(onRequest(j.options, seen))
	for _, step := range " " + program + "r" {
		if err == nil {
			s, err = j.step(s, seen, step)
		}
		if err == nil || errors.Is(err, storage.ErrNoSpace) && s != nil {
			err = nil
			continue
		}
		failures++
		if s, err = j.restart(s, d, seen); err != nil {
			return failures, err
		}
	}
	if s.close() != nil {
		failures++ // a fault may wait for the last call
	}
	return failures, nil
}

// restart kills the process, keeps the disk's cache, and opens the log again until no fault prevents it.
func (j *judge) restart(s *session, d *Disk, seen storage.Disk) (*session, error) {
	const faults = 8 // no program has more
	var err error
	for range faults {
		d.Kill()
		if s != nil {
			_ = s.close() // ends the flusher; its files are dead
		}
		if s, err = openSession(onRequest(j.options, seen)); err != nil {
			continue
		}
		var held int
		if held, err = s.held(); errors.Is(err, syscall.EIO) {
			continue
		}
		if err == nil && (held < j.acknowledged || held > j.appended) {
			err = fmt.Errorf("after a failure and a restart: %d held, %d acknowledged, %d appended", held, j.acknowledged, j.appended)
		}
		j.count(held-j.appended, true)
		return s, err
	}
	return s, err
}

// step is one operation of a program.
func (j *judge) step(s *session, seen storage.Disk, step rune) (*session, error) {
	ctx := context.Background()
	switch step {
	case 'a', 'd':
		j.count(1, false)
		if step == 'a' {
			_, err := s.log.Append(ctx, recordsOf(j.appended)...)
			return s, err
		}
		if _, err := s.log.AppendDurable(ctx, recordsOf(j.appended)...); err != nil {
			return s, err
		}
	case 'f':
		if err := s.log.Flush(ctx); err != nil {
			return s, err
		}
	case 'r':
		if err := s.close(); err != nil {
			return s, err
		}
		j.count(0, true)
		return openSession(onRequest(j.options, seen))
	}
	j.count(0, true)
	return s, nil
}

// require fails the test for each violation, three of them in full.
func (j *judge) require(t *testing.T) {
	t.Helper()
	t.Logf("%d crashes (%d with something unsynced), %d distinct disks, %d verdicts, %d drawn, %d transactions",
		j.crashes, j.unsynced, len(j.disks), len(j.judged), j.drawn, j.appended)
	for _, err := range j.errs[:min(3, len(j.errs))] {
		t.Error(err)
	}
	require.Empty(t, len(j.errs), "violations")
}

func TestACrashAtAnyMomentOfASmallProgramLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]struct {
		options        storage.Options
		program        string
		crashes, disks int
	}{
		"one file":       {storage.Options{}, "aafadaaafraadaarfaaadafr", 55, 250},
		"many files":     {storage.Options{SegmentBytes: 512}, "adafraadafaadrafafaff", 85, 500},
		"small arenas":   {storage.Options{ArenaBytes: 64, SegmentBytes: 2048}, "aadafraaaddr", 60, 300},
		"nothing synced": {storage.Options{SegmentBytes: 1024}, "aaaaaaaar", 20, 30},
		"many chunks":    {storage.Options{ChunkBytes: 256, SegmentBytes: 2048}, "aadafraaaddraafaad", 60, 300}, // the flusher comes too
	} {
		if raceoff.Enabled && o.options.ChunkBytes == 0 {
			continue // of one goroutine
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, d := newJudge(o.options, 300, 40), New()
			failures, err := j.run(d, d, o.program)
			require.NoError(t, err)
			require.Zero(t, failures)
			j.require(t)
			require.Zero(t, d.OpenFiles(), "no file is left open")
			if !quick() {
				require.Greater(t, j.crashes, o.crashes)
				require.Greater(t, j.unsynced, j.crashes/3, "a crash of a disk with nothing pending shows nothing")
				require.Greater(t, len(j.disks), o.disks)
			}
		})
	}
}

// Disks that break their promises, so that the judge has something to find.
type (
	noSync    struct{ storage.Disk }
	noSyncDir struct{ storage.Disk }
	deafFile  struct{ storage.File }
)

func (noSyncDir) SyncDir(string) error { return nil }
func (deafFile) Sync() error           { return nil }

func (d noSync) Create(name string) (storage.File, error) {
	f, err := d.Disk.Create(name)
	return deafFile{f}, err
}

func (d noSync) Open(name string) (storage.File, error) {
	f, err := d.Disk.Open(name)
	return deafFile{f}, err
}

func TestTheSameJudgeFindsADiskThatDoesNotSync(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(storage.Disk) storage.Disk{
		"files":   func(d storage.Disk) storage.Disk { return noSync{d} },
		"folders": func(d storage.Disk) storage.Disk { return noSyncDir{d} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, d := newJudge(storage.Options{SegmentBytes: 512}, 100, 10), New()
			_, err := j.run(d, wrap(d), "adad")
			require.NoError(t, err)
			require.NotEmpty(t, j.errs)
		})
	}
}

func TestNoDiskErrorFollowedByACrashLosesWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	last, kinds := 9, []Kind{Write, Sync, SyncDir, Truncate, Rename, Create, Open, List, Read, Allocate, Size, Close}
	if quick() {
		last, kinds = 3, kinds[:5]
	}
	if raceoff.Enabled {
		last, kinds = 2, []Kind{Write, Sync} // one goroutine works here: the detector has little to see
	}
	for _, kind := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			total := tally{}
			for n := 1; n <= last; n++ {
				total.live(t, storage.Options{SegmentBytes: 1024}, "adaafdraadfad", fmt.Sprintf("%v * #%d = EIO", kind, n))
				if kind == Write {
					total.live(t, storage.Options{SegmentBytes: 1024}, "adaafdraadfad", fmt.Sprintf("write * #%d = ENOSPC/600", n))
				}
			}
			t.Log(total)
			require.Positive(t, total.faults)
		})
	}
}

// A tally counts what was tried.
type tally struct{ faults, failures, crashes, disks, verdicts int }

// live runs a program on a disk with faults, and fails the test for each broken promise.
func (y *tally) live(t *testing.T, o storage.Options, program, rules string) {
	t.Helper()
	j, d := newJudge(o, 8, 3), New()
	faults, err := Parse(rules)
	require.NoError(t, err)
	count := Count(faults)
	d.Inject(count)
	failures, err := j.run(d, d, program)
	require.NoError(t, err, "%s with %s", program, rules)
	y.faults, y.failures, y.crashes = y.faults+count.Faults(), y.failures+failures, y.crashes+j.crashes
	y.disks, y.verdicts = y.disks+len(j.disks), y.verdicts+len(j.judged)
	for _, err := range j.errs[:min(2, len(j.errs))] {
		t.Errorf("%s with %s: %v", program, rules, err)
	}
}

// randomRules returns faults of the kinds that a program survives, or after which it restarts.
func randomRules(random *rand.Rand) string {
	var rules []string
	for range 1 + random.IntN(2) {
		kind := []Kind{Write, Sync, Sync, SyncDir, Truncate, Rename, Create}[random.IntN(7)]
		n := 1 + random.IntN(10)
		for range 1 + random.IntN(2) {
			rules = append(rules, fmt.Sprintf("%v * #%d = %s", kind, n, []string{"EIO", "EIO", "ENOSPC", "ENOSPC/600", "SHORT/10"}[random.IntN(5)]))
			n++
		}
	}
	return strings.Join(rules, "; ")
}

// livesVariable sets the number of random lives; the default is 24. Their seeds begin with 0.
const livesVariable = "RACEWINDOW_CRASH_LIVES"

func TestRandomLivesWithErrorsAndCrashesLoseNothingAcknowledged(t *testing.T) {
	t.Parallel()
	lives := uint64(24)
	if quick() {
		lives = 3
	}
	if more, err := strconv.ParseUint(os.Getenv(livesVariable), 10, 32); err == nil {
		lives = more
	}
	total := tally{}
	for seed := range lives {
		random := rand.New(rand.NewPCG(seed, 3))
		program := make([]byte, 8+random.IntN(8))
		for i := range program {
			program[i] = "aaaddffr"[random.IntN(8)]
		}
		o := storage.Options{SegmentBytes: []int64{512, 1024, 4096, 64 << 10}[random.IntN(4)], ArenaBytes: []int{64, 1024, 4096}[random.IntN(3)]}
		total.live(t, o, string(program), randomRules(random))
	}
	t.Log(total)
	require.Greater(t, total.faults, int(lives))
	require.Greater(t, total.failures, int(lives)/4)
	require.Greater(t, total.verdicts, 10*int(lives))
}
