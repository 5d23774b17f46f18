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

// An aftermath is a disk that a crash has left, and how it is looked at.
type aftermath struct {
	disk  *crash.Disk
	model crash.Model
	// salt has each disk followed by draws of its own.
	salt uint64
	// thorough looks at all that is looked at else, and at more: for a crash that is executed by itself.
	thorough bool
}

// some returns all disks that a loss of power may leave now, if they are few, or draws some.
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

// A second life is what follows a recovery, and what a recovery that was wrong is found by: clients append again what was lost and
// something more, it is flushed, power is lost a second time at each step of that, and at last a bit changes at rest.
type secondLife struct {
	aftermath
	plan     *plan
	expected check.Expected // of the first life, all that was recovered in it
	first    uint64         // transactions that were recovered
	appended []storage.Record
	flushed  int // of these, by a flush that has returned
	left     []remains
	seen     map[remains]bool
}

// remains are a disk that the second loss of power may leave, and how many records of the second life must be on it.
type remains struct {
	image   *crash.Image
	hash    [32]byte
	flushed int
}

// Bounds of what is looked at in a second life.
const (
	remainsPerStep = 4
	mostRemains    = 16
	mostRetries    = 4
	flips          = 64 // bits of a disk, of which one life changes a quarter, one at a time
)

// liveOn goes on with a log that was recovered with so many transactions, and ends it.
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
		v = s.round(l, []int{3}) // in a batch of its own, it is the witness that what lies before was durable
	}
	if v == nil {
		v = s.readBehindEach(l)
	}
	if v = l.end(v); v != nil {
		return v
	}
	for _, left := range s.left {
		if v := s.afterSecondLoss(left); v != nil {
			return v
		}
	}
	return s.damaged(before, newest(s.disk, s.model))
}

// lost are the lengths of the values of the first transaction that the crash has taken, as far as it is known: its client appends
// it again. Then what comes lies where the lost one lay, and ends where that ended.
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

// round appends records with values of these lengths, and flushes.
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

// lose keeps some of the disks that a loss of power now would leave.
func (s *secondLife) lose() {
	for _, image := range s.some() {
		key := remains{hash: image.Hash(), flushed: s.flushed}
		if !s.seen[key] && (s.thorough || len(s.left) < mostRemains) {
			s.seen[key] = true
			s.left = append(s.left, remains{image, key.hash, key.flushed})
		}
	}
}

// newest is the disk as it stands, were all of it durable.
func newest(disk *crash.Disk, model crash.Model) *crash.Image {
	return disk.Sample(model, crash.Replay(nil))
}

// read checks a read of the whole log: what the first life left, then at least so many records of the second, and no others.
func (s *secondLife) read(l *recovered, atLeast int, when string) *check.Violation {
	c, second := check.NewRecovered(s.expected), 0
	for record, err := range l.log.Read(context.Background(), storage.Offset{}, storage.End) {
		switch {
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

// promiseOf says what a foreign record breaks: one of the first life has come back after what was lost with it.
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

// readBehindEach reads from the end of each transaction on: what the index says of the log must agree with it.
func (s *secondLife) readBehindEach(l *recovered) *check.Violation {
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

// afterSecondLoss recovers from what the second loss of power has left.
func (s *secondLife) afterSecondLoss(left remains) *check.Violation {
	l, err := s.plan.recover(crash.Crash(left.image))
	if err != nil {
		return s.wrong(check.Durability, storage.Offset{}, "after a second crash, which came after the recovery, the log does not open: %v", err)
	}
	s.plan.crashes.Tested(1, check.Durability.Name, check.PrefixRecovery.Name)
	return l.end(s.read(l, left.flushed, "after a second crash, which came after the recovery,"))
}

// damaged changes a bit of what a later batch proves to have been durable: recovery must refuse, or what it yields be whole.
func (s *secondLife) damaged(before, whole *crash.Image) *check.Violation {
	hash := whole.Hash()
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
				if v := s.decayed(whole.Flip(path, bit), path, bit); v != nil {
					return v
				}
				break
			}
			bit -= written
		}
	}
	return nil
}

// writtenBits counts the bits of a file without the room past what was written.
func writtenBits(i *crash.Image, path string) int64 {
	content, _ := i.Bytes(path)
	return int64(len(bytes.TrimRight(content, "\x00"))) * 8
}

// segmentsOf are the files of an image that hold records.
func segmentsOf(i *crash.Image) (paths []string) {
	for _, path := range i.Paths() {
		if strings.HasSuffix(path, ".seg") {
			paths = append(paths, path)
		}
	}
	return paths
}

func (s *secondLife) decayed(image *crash.Image, path string, bit int64) *check.Violation {
	s.plan.crashes.Tested(1, check.DamageReported.Name)
	when := fmt.Sprintf("after a change of bit %d in byte %d of %s, which later records prove to have been durable,", bit%8, bit/8, path)
	l, err := s.plan.recover(crash.Crash(image))
	switch {
	case errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrForeign) || errors.Is(err, storage.ErrNewerFormat):
		return nil
	case err != nil:
		return s.wrong(check.DamageReported, storage.Offset{}, "%s the log does not open, and does not say that it is damaged: %v", when, err)
	}
	v := s.read(l, len(s.appended), when)
	if v != nil && v.Promise == check.Durability {
		v.Promise = check.DamageReported
	}
	return l.end(v)
}
