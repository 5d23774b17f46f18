package check

import (
	"bytes"
	"encoding/binary"

	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/storage"
)

// An Identity says which client appended a record, in which of its transactions, and at which place there. It is the record's
// key, and the record's value follows from it and the run's seed. So a record that is read can be judged without a list of what
// was written.
type Identity struct {
	Client uint32
	// Sequence counts the client's transactions from 1. Those that it aborts are counted separately.
	Sequence uint32
	// Index and Count place the record in its transaction.
	Index, Count uint16
	// Doomed marks a transaction that will be aborted: no read may ever yield it.
	Doomed bool
}

const identityBytes = 13

// Key encodes the identity, appending to dst.
func (id Identity) Key(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, id.Client)
	dst = binary.BigEndian.AppendUint32(dst, id.Sequence)
	dst = binary.BigEndian.AppendUint16(dst, id.Index)
	dst = binary.BigEndian.AppendUint16(dst, id.Count)
	if id.Doomed {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// ParseKey decodes what Key encoded.
func ParseKey(key []byte) (id Identity, ok bool) {
	if len(key) != identityBytes || key[12] > 1 {
		return Identity{}, false
	}
	id = Identity{
		Client:   binary.BigEndian.Uint32(key),
		Sequence: binary.BigEndian.Uint32(key[4:]),
		Index:    binary.BigEndian.Uint16(key[8:]),
		Count:    binary.BigEndian.Uint16(key[10:]),
		Doomed:   key[12] == 1,
	}
	return id, id.Sequence > 0 && id.Index < id.Count
}

// Values derives the values of all records of a run.
type Values struct {
	Seed uint64
	// MinBytes and MaxBytes bound the length of a value, both inclusive.
	MinBytes, MaxBytes int
	// Length, if set, gives the length of a record's value; the bounds are then ignored.
	Length func(Identity) int
	// Frames has the values consist of intact frames, as a log writes them.
	Frames bool
}

// Append appends the value of the record with an identity to dst. dst must belong to the caller: the race detector does not
// watch this function, because that would take longer than the engine under test does.
//
//go:norace
func (v Values) Append(dst []byte, id Identity) []byte {
	state := v.Seed ^ uint64(id.Client)<<32 ^ uint64(id.Sequence)
	state = mix(&state) ^ uint64(id.Index)<<16 ^ uint64(id.Count)
	if id.Doomed {
		state = ^state
	}
	var length int
	if v.Length != nil {
		length = v.Length(id)
	} else {
		length = v.MinBytes + int(mix(&state)%uint64(v.MaxBytes-v.MinBytes+1))
	}
	end := len(dst) + length
	if cap(dst) < end+8 {
		dst = append(make([]byte, 0, end+8), dst...)
	}
	for at := len(dst); at < end; at += 8 {
		binary.LittleEndian.PutUint64(dst[at:at+8:cap(dst)], mix(&state))
	}
	if v.Frames {
		enframe(dst[end-length : end])
	}
	return dst[:end]
}

// mix is the splitmix64 generator (Steele, Lea and Flood, OOPSLA 2014).
//
//go:norace
func mix(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Record makes the record with an identity. Key and value are new memory.
func (v Values) Record(id Identity) storage.Record {
	buf := make([]byte, 0, identityBytes+v.MaxBytes+8)
	buf = id.Key(buf)
	value := v.Append(buf[len(buf):], id)
	return storage.Record{Key: buf[:identityBytes:identityBytes], Value: value, Operation: storage.Operation(id.Sequence % 3)}
}

// intact reports whether a record is byte for byte the one with an identity. scratch is overwritten and returned. The race
// detector sees that the record is read.
func (v Values) intact(r storage.Record, id Identity, scratch []byte) (bool, []byte) {
	raceoff.Reads(r.Value)
	scratch = v.Append(scratch[:0], id)
	return bytes.Equal(scratch, r.Value) && r.Operation == storage.Operation(id.Sequence%3), scratch
}
