package kill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/deadlock"
	"github.com/racewindow/racewindow/harness/room"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/harness/subjects/log/words"
	"github.com/racewindow/racewindow/storage"
)

// childVariable, if it is set, makes a program that calls IsChild and Child a child. Its value is a load as JSON.
const childVariable = "RACEWINDOW_KILL_CHILD"

const (
	exitFailed = 3 // the child could not do its work
	exitBroken = 4 // the engine broke its contract
)

// ChildEndedWith begins the detail of a violation that is a panic of a child. What the child printed follows.
const ChildEndedWith = "a child ended with a "

// exitPanicked is the exit code of a Go process that a panic has ended.
const exitPanicked = 2

// exitCode distinguishes a broken contract from a process that lacks files or memory, which says nothing about the log.
func exitCode(err error) int {
	if starved(err) {
		return exitFailed
	}
	return exitBroken
}

// starved reports whether an error means that the system gave this process no more files or memory.
func starved(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// sequenceBits is how many low bits of a sequence number count within one child; the bits above are the child's number.
const sequenceBits = 20

// A load says what a child does.
type load struct {
	Dir           string
	Handover      string
	Seed          uint64
	Child         uint32
	Goroutines    int
	MaxValueBytes int
	Lie, NoSync   bool
	FileLimit     uint64 // RLIMIT_FSIZE, 0 for none
	Filler        string // a file that fills the disk, "" for none
}

func (l load) values() check.Values { return check.Values{Seed: l.Seed, MaxBytes: l.MaxValueBytes} }

// IsChild reports whether this process was started to be killed. It must then call Child, and end with the code that Child
// returns.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// Child loads a log until it is killed.
func Child() int {
	var l load
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &l); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", childVariable, err)
		return exitFailed
	}
	c := &child{load: l, pipe: os.NewFile(3, "acknowledgements")}
	if err := c.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitCode(err)
	}
	return 0
}

type child struct {
	load
	pipe    *os.File
	options storage.Options
	store   atomic.Pointer[storage.Store]
	log     atomic.Pointer[storage.Log]
	newest  atomic.Uint64 // the highest transaction that was acknowledged
	room    sync.Mutex
	closing sync.RWMutex // held for writing by a client that closes the store and opens it again
	closed  atomic.Bool  // a client has begun to do so at some time
	ended   atomic.Bool
}

func (c *child) say(kind messageKind, client, sequence uint32, tx uint64) {
	if message := (message{kind, client, sequence, tx}); message.send(c.pipe) != nil {
		os.Exit(0) // the parent has gone
	}
}

func (c *child) run(ctx context.Context) error {
	if c.FileLimit > 0 {
		if _, err := room.LimitFiles(c.FileLimit); err != nil {
			return err
		}
	}
	handover, err := storage.HandoverByName(c.Handover)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(c.Seed, uint64(c.Child)))
	c.options = storage.Options{
		Create: true, Handover: handover, NoSync: c.NoSync,
		ArenaBytes: 4 << 10, ChunkBytes: 4 << 10, CacheBytes: 8 << 10, FlushBytes: 16 << 10, FlushInterval: 5 * time.Millisecond,
		SegmentBytes: []int64{8 << 10, 64 << 10, 64 << 20}[random.IntN(3)],
	}
	if c.FileLimit > 0 { // one file must reach the limit
		c.options.SegmentBytes = 64 << 20
	} else if c.Filler == "" && random.IntN(2) == 0 {
		c.options.TailBytes = smallTail
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	c.newest.Store(c.log.Load().Visible(ctx).Tx)
	c.say(opened, 0, 0, c.newest.Load())
	var group sync.WaitGroup
	errs := make([]error, c.Goroutines)
	for i := range errs {
		group.Add(1)
		go func() {
			defer group.Done()
			delays := failpoints.NewDelayer(failpoints.Delays{Probability: 0.02}, c.Seed^uint64(c.Child), uint64(i))
			errs[i] = c.client(failpoints.With(ctx, delays), uint32(i))
			if errs[i] != nil {
				fmt.Fprintln(os.Stderr, errs[i])
				os.Exit(exitCode(errs[i]))
			}
		}()
	}
	go endIfDeadlocked()
	group.Wait()
	return errors.Join(errs...) // no close: the process ends here, as if it were killed
}

// open opens the store and the log.
func (c *child) open(ctx context.Context) error {
	store, err := storage.Open(ctx, c.Dir, c.options)
	if err != nil {
		return err
	}
	log, err := store.Log(ctx, handle)
	if err != nil {
		return err
	}
	c.store.Store(store)
	c.log.Store(log)
	return nil
}

// endIfDeadlocked ends the process once all its goroutines wait for one another.
func endIfDeadlocked() {
	look := &deadlock.Watch{NoTimer: []string{"github.com/racewindow/racewindow/harness/subjects/log/words."}}
	for {
		time.Sleep(deadlock.Every)
		if d := look.Look(); d != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n\n%s", check.Progress.Name, d, d.Stacks)
			os.Exit(exitBroken)
		}
	}
}

// client works until the process is killed, the log is poisoned, or the disk is full for good.
func (c *child) client(ctx context.Context, number uint32) error {
	random := rand.New(rand.NewPCG(c.Seed^uint64(c.Child)<<32, uint64(number)+1))
	for n := uint32(1); n < 1<<sequenceBits && !c.ended.Load(); n++ {
		sequence := c.Child<<sequenceBits | n
		at, err := c.append(ctx, random, number, sequence)
		if err != nil {
			c.say(failed, number, sequence, 0)
		} else if random.IntN(6) == 0 {
			newest := c.newest.Load()
			if c.Lie {
				c.say(durable, number, 0, newest)
			}
			if err = c.log.Load().Flush(ctx); err == nil {
				c.say(durable, number, 0, newest)
			}
		}
		if err != nil {
			if c.isClosed(err) {
				continue
			}
			if goesOn, err := c.judge(ctx, number, err); !goesOn {
				return err
			}
			continue
		}
		if random.IntN(16) == 0 {
			if err := c.readBack(ctx, at); err != nil && !c.isClosed(err) {
				return err
			}
		}
		if random.IntN(32) == 0 {
			if err := c.ask(ctx, random, number, sequence); err != nil && !c.isClosed(err) {
				return fmt.Errorf("client %d: %w", number, err)
			}
		}
		if err := c.beside(ctx, random, number, sequence); err != nil && !c.isClosed(err) {
			return fmt.Errorf("client %d: %w", number, err)
		}
	}
	return nil
}

func (c *child) append(ctx context.Context, random *rand.Rand, number, sequence uint32) (storage.Offset, error) {
	records := c.values().Transaction(check.Identity{Client: number, Sequence: sequence, Count: uint16(1 + random.IntN(3))})
	syncs := random.IntN(4) == 0
	at, err := c.do(ctx, random, syncs && !c.Lie, records)
	if err != nil {
		return at, err
	}
	for newest := c.newest.Load(); newest < at.Tx && !c.newest.CompareAndSwap(newest, at.Tx); newest = c.newest.Load() {
	}
	c.say(acknowledged, number, sequence, at.Tx)
	if syncs {
		c.say(durable, number, 0, at.Tx)
	}
	if syncs && c.Lie {
		return at, c.log.Load().Flush(ctx)
	}
	return at, nil
}

// do appends in one of the ways that the log has.
func (c *child) do(ctx context.Context, random *rand.Rand, durably bool, records []storage.Record) (storage.Offset, error) {
	switch way := random.IntN(16); {
	case durably:
		return words.AppendDurable(ctx, c.log.Load(), records)
	case way == 0:
		return words.AppendNext(ctx, c.log.Load(), records)
	case way == 1:
		// A log that is poisoned or full meanwhile may say so instead.
		excused := func(err error) bool {
			return errors.Is(err, storage.ErrPoisoned) || errors.Is(err, storage.ErrNoSpace) || c.refusedByClose(err)
		}
		return words.Spend(ctx, c.log.Load(), slices.Collect(slices.Chunk(records, 1)), excused)
	}
	return c.log.Load().Append(ctx, records...)
}

// ask asks for what the log says of itself, or for what it must refuse. A log that is poisoned or full may refuse it for that.
func (c *child) ask(ctx context.Context, random *rand.Rand, number, sequence uint32) error {
	newest := c.newest.Load()
	doomed := c.values().Transaction(check.Identity{Client: number, Sequence: sequence, Count: 1, Doomed: true})
	err := words.Watermarks(ctx, c.log.Load(), newest)
	if err == nil && random.IntN(2) == 0 {
		err = words.Taken(ctx, c.log.Load(), doomed)
	} else if err == nil {
		err = words.Ended(ctx, c.log.Load(), doomed)
	}
	if words.Broken(err) == nil && (errors.Is(err, storage.ErrPoisoned) || errors.Is(err, storage.ErrNoSpace)) {
		return nil
	}
	return err
}

// judge decides whether the contract allows an error, and whether the client goes on after it.
func (c *child) judge(ctx context.Context, number uint32, err error) (goesOn bool, broken error) {
	switch {
	case errors.Is(err, storage.ErrPoisoned) && c.FileLimit > 0:
		return false, c.staysPoisoned(ctx, number)
	case errors.Is(err, storage.ErrNoSpace) && c.Filler != "":
		return c.makeRoom(ctx, number)
	}
	return false, fmt.Errorf("client %d: an error that the contract does not allow: %w", number, err)
}

// staysPoisoned checks that the log stays poisoned, and that everything acknowledged can still be read.
func (c *child) staysPoisoned(ctx context.Context, number uint32) error {
	if _, err := c.log.Load().Append(ctx, storage.Record{Value: []byte("after the poison")}); !errors.Is(err, storage.ErrPoisoned) {
		return fmt.Errorf("%s: an append after the poison of client %d got %v", check.StickyPoison.Name, number, err)
	}
	if err := c.log.Load().Flush(ctx); !errors.Is(err, storage.ErrPoisoned) {
		return fmt.Errorf("%s: a flush after the poison of client %d got %v", check.StickyPoison.Name, number, err)
	}
	newest, last := c.newest.Load(), storage.Offset{}
	for r, err := range c.log.Load().Read(ctx, storage.Offset{}, storage.End) {
		if err != nil {
			return fmt.Errorf("a read of the poisoned log: %w", err)
		}
		last = r.Offset
	}
	if last.Tx < newest {
		return fmt.Errorf("%s: the poisoned log ends at %v, transaction %d was acknowledged", check.ReadAfterWrite.Name, last, newest)
	}
	c.say(poisoned, number, 0, 0)
	return nil
}

// makeRoom removes the filler, once. After that a flush must succeed. When the disk is full again, the child ends.
func (c *child) makeRoom(ctx context.Context, number uint32) (goesOn bool, broken error) {
	c.room.Lock()
	defer c.room.Unlock()
	if err := os.Remove(c.Filler); errors.Is(err, os.ErrNotExist) {
		newest := c.newest.Load()
		if c.log.Load().Flush(ctx) == nil { // another client made room meanwhile
			c.say(durable, number, 0, newest)
			return true, nil
		}
		c.ended.Store(true)
		return false, nil
	} else if err != nil {
		return false, err
	}
	c.say(full, number, 0, 0)
	// The first flush may join a round of flushing that began before there was room, and get its error. That round is over when
	// the flush returns.
	if err := c.log.Load().Flush(ctx); err != nil && !errors.Is(err, storage.ErrNoSpace) {
		return false, fmt.Errorf("room was made, and a flush of client %d got: %w", number, err)
	}
	newest := c.newest.Load()
	if err := c.log.Load().Flush(ctx); err != nil {
		return false, fmt.Errorf("room was made, and a flush of client %d still got: %w", number, err)
	}
	c.say(durable, number, 0, newest)
	c.say(resumed, number, 0, 0)
	return true, nil
}

// readBack checks that a transaction that was just appended can be read.
func (c *child) readBack(ctx context.Context, at storage.Offset) error {
	got := 0
	for r, err := range c.log.Load().Read(ctx, storage.Offset{Tx: at.Tx - 1, Op: 1<<64 - 1}, at) {
		if err != nil {
			return fmt.Errorf("read %v: %w", at, err)
		}
		if r.Offset.Tx == at.Tx {
			got++
		}
	}
	if got != int(at.Op)+1 {
		return fmt.Errorf("%s: %d of %d records of transaction %d came", check.ReadAfterWrite.Name, got, at.Op+1, at.Tx)
	}
	return nil
}
