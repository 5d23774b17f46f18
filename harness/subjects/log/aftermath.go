package log

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	crash "github.com/racewindow/racewindow/harness/disks"
	"github.com/racewindow/racewindow/harness/subjects/log/check"
	"github.com/racewindow/racewindow/storage"
)

// An aftermath is a disk that a crash has left, and how it is checked.
type aftermath struct {
	disk  *crash.Disk
	model crash.Model
	// salt seeds the random crash images, so each disk gets its own.
	salt uint64
	// thorough checks everything that is otherwise checked, and more; used when a single crash is replayed.
	thorough bool
}

// some returns all disks that a loss of power may leave now, if they are few, otherwise random ones.
func (a aftermath) some() []*crash.Image {
	moment, most := a.disk.At(a.model), uint64(remainsPerStep)
	if all := moment.Enumerate(2 * remainsPerStep); all != nil {
		return all
	}
	if a.thorough {
		most *= 8
	}
	var drawn []*crash.Image
	for n := range most {
		drawn = append(drawn, moment.Sample(crash.NewTape(a.salt+n)))
	}
	return drawn
}

// A second life follows a recovery, and detects that the recovery was wrong. A client appends again what was lost, and
// something more, and flushes it. Power is lost a second time at each step of that, and finally a bit changes at rest.
type secondLife struct {
	aftermath
	plan     *plan
	expected check.Expected // of the first life; all that was recovered counts as durable
	first    uint64         // number of transactions that were recovered
	appended []storage.Record
	flushed  int // how many of them a completed flush has covered
	left     []remains
	seen     map[remains]bool
}

// remains is a disk that the second loss of power may leave, with the least number of the second life's records that it must hold.
type remains struct {
	image   *crash.Image
	hash    [32]byte
	flushed int
}

// Bounds of the checks in a second life.
const (
	remainsPerStep = 4
	mostRemains    = 16
	mostRetries    = 4
	flips          = 64 // bits of a disk; one life flips a quarter of them, one at a time
)

// liveOn goes on with a recovered log that holds this many complete transactions, and closes it.
func (r *run) liveOn(l *recovered, a aftermath, expected check.Expected, complete uint64) *check.Violation {
	expected.Durable = complete
	s := &secondLife{aftermath: a, plan: r.plan, expected: expected, first: complete, seen: map[remains]bool{}}
	s.disk.After(func(o crash.Operation) {
		if o.Kind.Changes() {
			s.lose()
		}
	})
	v := s.round(l, append(r.lost(complete), 16))
	s.disk.After(nil)
	s.lose()
	before := newest(s.disk, s.model)
	if v == nil {
		v = s.round(l, []int{3}) // a batch of its own: it proves that what lies before it was durable
	}
	if v == nil {
		v = s.readPastEach(l)
	}
	open := newest(s.disk, s.model)
	if v = l.end(v); v != nil {
		return v
	}
	for _, left := range s.left {
		if v := s.afterSecondLoss(left); v != nil {
			return v
		}
	}
	return s.damaged(before, open, newest(s.disk, s.model))
}

// lost returns the lengths of the values in the first transaction that the crash has taken, as far as it is known. When its
// client appends it again, the new records lie where the lost ones lay, and end where those ended.
func (r *run) lost(complete uint64) (lengths []int) {
	id, known := r.identity(complete + 1)
	if !known {
		return nil
	}
	if int(id.Client) == len(r.c.Threads) {
		return []int{0} // the probe's
	}
	sequence := uint32(0)
	for _, o := range r.c.Threads[id.Client].Operations {
		if !o.ownLog() || r.c.Options.doomed(o) {
			continue
		}
		if sequence++; sequence == id.Sequence {
			for i := range min(o.Records(), mostRetries) {
				lengths = append(lengths, o.ValueBytes(i))
			}
			return lengths
		}
	}
	return nil
}

// round appends records with values of these lengths, and flushes them.
func (s *secondLife) round(l *recovered, lengths []int) *check.Violation {
	ctx := context.Background()
	for _, n := range lengths {
		record := storage.Record{Key: fmt.Appendf(nil, "second %06d", len(s.appended)), Value: secondValue(n)}
		s.appended = append(s.appended, record)
		at, err := l.log.Append(ctx, record)
		if want := s.first + uint64(len(s.appended)); err != nil || at.Tx != want || at.Op != 0 {
			return appendFailed("after %d recovered transactions the append of transaction %d got %v (error %v)", s.first, want, at, err)
		}
		s.appended[len(s.appended)-1].Offset = at
	}
	if err := l.log.Flush(ctx); err != nil {
		return appendFailed("after %d recovered transactions a flush failed: %v", s.first, err)
	}
	s.flushed = len(s.appended)
	return nil
}

func secondValue(n int) []byte {
	value := make([]byte, n)
	for i := range value {
		value[i] = byte(i)*7 + 1
	}
	if n >= 8 {
		binary.LittleEndian.PutUint64(value, uint64(n))
	}
	return value
}

func appendFailed(format string, arguments ...any) *check.Violation {
	return &check.Violation{Promise: check.AppendAfterRecovery, Detail: "after the crash " + fmt.Sprintf(format, arguments...)}
}

// lose keeps some of the disks that a loss of power may leave now.
func (s *secondLife) lose() {
	for _, image := range s.some() {
		key := remains{hash: image.Hash(), flushed: s.flushed}
		if !s.seen[key] && (s.thorough || len(s.left) < mostRemains) {
			s.seen[key] = true
			s.left = append(s.left, remains{image, key.hash, key.flushed})
		}
	}
}

// newest is the disk as it is now, with everything durable.
func newest(disk *crash.Disk, model crash.Model) *crash.Image {
	return disk.Sample(model, crash.Replay(nil))
}

// read checks a read of the whole log: it must yield what the first life left, then at least this many records of the second,
// and no others.
func (s *secondLife) read(l *recovered, atLeast int, when string) *check.Violation {
	return s.readUpTo(l, atLeast, when, func(error) bool { return false })
}

// readUpTo is read, but the log may also end with an error that is a right answer.
func (s *secondLife) readUpTo(l *recovered, atLeast int, when string, right func(error) bool) *check.Violation {
	c, second := check.NewRecovered(s.expected), 0
	for record, err := range l.log.Read(context.Background(), storage.Offset{}, storage.End) {
		switch {
		case err != nil && right(err):
			return nil
		case err != nil:
			return s.wrong(check.Durability, record.Offset, "%s the log cannot be read: %v", when, err)
		case record.Offset.Tx <= s.first:
			if v := c.Record(record); v != nil {
				v.Detail = when + " " + v.Detail
				return v
			}
		case second == len(s.appended) || !sameRecord(record, s.appended[second]):
			return s.wrong(s.promiseOf(record), record.Offset, "%s %v holds what is not record %d that was appended after the recovery", when, record.Offset, second+1)
		default:
			second++
		}
	}
	if v := c.End(); v != nil {
		v.Detail = when + " " + v.Detail
		return v
	}
	if second < atLeast {
		return s.wrong(check.Durability, storage.Offset{}, "%s transactions %d to %d are gone, which had been made durable", when, s.first+uint64(second)+1, s.first+uint64(atLeast))
	}
	return nil
}

// promiseOf says which promise an unexpected record breaks. If it is of the first life, it was lost, and has come back although
// other lost records before it have not.
func (s *secondLife) promiseOf(r storage.Record) check.Promise {
	if _, ofFirst := check.ParseKey(r.Key); ofFirst {
		return check.PrefixRecovery
	}
	return check.NoCorruption
}

func (s *secondLife) wrong(p check.Promise, at storage.Offset, format string, arguments ...any) *check.Violation {
	return &check.Violation{Promise: p, Detail: fmt.Sprintf(format, arguments...), At: at}
}

func sameRecord(a, b storage.Record) bool {
	return a.Offset == b.Offset && string(a.Key) == string(b.Key) && string(a.Value) == string(b.Value)
}

// readPastEach reads from the end of each transaction on: the index must agree with the log.
func (s *secondLife) readPastEach(l *recovered) *check.Violation {
	s.plan.crashes.Tested(1, check.AppendAfterRecovery.Name)
	if v := s.read(l, len(s.appended), "after the crash and more appends"); v != nil {
		v.Promise = check.AppendAfterRecovery
		return v
	}
	last := s.first + uint64(len(s.appended))
	for tx := max(1, s.first) - min(s.first, 4); tx < last; tx++ {
		next := tx + 1
		for record, err := range l.log.Read(context.Background(), storage.Offset{Tx: tx, Op: math.MaxUint64}, storage.End) {
			if err != nil {
				return appendFailed("and more appends a read past transaction %d failed: %v", tx, err)
			}
			if record.Offset.Tx != next && record.Offset.Tx != next-1 {
				return appendFailed("and more appends a read past transaction %d yields %v where transaction %d should come", tx, record.Offset, next)
			}
			next = record.Offset.Tx + 1
		}
		if next != last+1 {
			return appendFailed("and more appends a read past transaction %d ends before transaction %d", tx, next)
		}
	}
	return nil
}

// afterSecondLoss recovers from a disk that the second loss of power has left.
func (s *secondLife) afterSecondLoss(left remains) *check.Violation {
	l, err := s.plan.recover(crash.Crash(left.image))
	if err != nil {
		return s.wrong(check.Durability, storage.Offset{}, "after a second crash, which came after the recovery, the log does not open: %v", err)
	}
	s.plan.crashes.Tested(1, check.Durability.Name, check.PrefixRecovery.Name)
	return l.end(s.read(l, left.flushed, "after a second crash, which came after the recovery,"))
}

// damaged flips bits of records that a later batch proves to have been durable, on the disk of the open log and on that of the
// closed one. Recovery must refuse the open one, or yield whole records. The closed one may open without looking at every
// record, and then a read must report the damage.
func (s *secondLife) damaged(before, open, closed *crash.Image) *check.Violation {
	hash := closed.Hash()
	chosen := binary.LittleEndian.Uint64(hash[:])
	paths := segmentsOf(before)
	total := int64(0)
	for _, path := range paths {
		total += writtenBits(before, path)
	}
	if total == 0 {
		return nil
	}
	for k := range uint64(flips) {
		if !s.thorough && k%4 != chosen%4 {
			continue
		}
		bit := (int64(k)*total + int64(chosen>>8%uint64(total))) / flips
		for _, path := range paths {
			written := writtenBits(before, path)
			if bit < written {
				image, atReads := open, false
				if k/4%2 == 1 {
					image, atReads = closed, true
				}
				if v := s.decayed(image.Flip(path, bit), path, bit, atReads); v != nil {
					return v
				}
				break
			}
			bit -= written
		}
	}
	return nil
}

// writtenBits counts the bits of a file up to the last byte that is not zero: past it is allocated room.
func writtenBits(i *crash.Image, path string) int64 {
	content, _ := i.Bytes(path)
	return int64(len(bytes.TrimRight(content, "\x00"))) * 8
}

// segmentsOf returns the files of an image that hold records.
func segmentsOf(i *crash.Image) (paths []string) {
	for _, path := range i.Paths() {
		if strings.HasSuffix(path, ".seg") {
			paths = append(paths, path)
		}
	}
	return paths
}

// decayed recovers from a disk on which a bit has changed. atReads says that a read may be the first to report it.
func (s *secondLife) decayed(image *crash.Image, path string, bit int64, atReads bool) *check.Violation {
	s.plan.crashes.Tested(1, check.DamageReported.Name)
	when := fmt.Sprintf("after a change of bit %d in byte %d of %s, which later records prove to have been durable,", bit%8, bit/8, path)
	l, err := s.plan.recover(crash.Crash(image))
	switch {
	case errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrForeign) || errors.Is(err, storage.ErrNewerFormat):
		return nil
	case err != nil:
		return s.wrong(check.DamageReported, storage.Offset{}, "%s the log does not open, and does not say that it is damaged: %v", when, err)
	}
	v := s.readUpTo(l, len(s.appended), when, func(err error) bool { return atReads && errors.Is(err, storage.ErrDamaged) })
	if v != nil && v.Promise == check.Durability {
		v.Promise = check.DamageReported
	}
	return l.end(v)
}
