package check

import (
	"bytes"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

// parameters make a property the same in every run.
func parameters(tests int) *gopter.TestParameters {
	p := gopter.DefaultTestParametersWithSeed(1)
	p.MinSuccessfulTests = tests
	return p
}

// identities draws identities that a record can have.
func identities() gopter.Gen {
	return gopter.CombineGens(gen.UInt32(), gen.UInt32Range(1, 1<<32-1), gen.UInt16(), gen.UInt16Range(1, 1<<16-1), gen.Bool()).
		Map(func(drawn []any) Identity {
			count := drawn[3].(uint16)
			return Identity{drawn[0].(uint32), drawn[1].(uint32), drawn[2].(uint16) % count, count, drawn[4].(bool)}
		})
}

func TestAKeyGivesItsIdentityBack(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(parameters(500))
	properties.Property("ParseKey(Key) is the identity", prop.ForAll(func(id Identity) bool {
		parsed, ok := ParseKey(id.Key([]byte("before"))[len("before"):])
		return ok && parsed == id
	}, identities()))
	properties.Property("different identities have different keys", prop.ForAll(func(a, b Identity) bool {
		return (a == b) == bytes.Equal(a.Key(nil), b.Key(nil))
	}, identities(), identities()))
	properties.TestingRun(t)
}

func TestKeysThatNoIdentityHasAreRefused(t *testing.T) {
	t.Parallel()
	good := Identity{Client: 3, Sequence: 1, Index: 1, Count: 2}.Key(nil)
	for name, key := range map[string][]byte{
		"nothing":            nil,
		"too short":          good[:12],
		"too long":           append(bytes.Clone(good), 0),
		"sequence 0":         Identity{Client: 3, Count: 1}.Key(nil),
		"after the count":    Identity{Sequence: 1, Index: 2, Count: 2}.Key(nil),
		"no record":          Identity{Sequence: 1}.Key(nil),
		"doomed and a half":  append(bytes.Clone(good[:12]), 2),
		"something in ASCII": []byte("thirteen byte"),
	} {
		_, ok := ParseKey(key)
		require.False(t, ok, name)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(Identity{Client: 1, Sequence: 2, Index: 3, Count: 4, Doomed: true}.Key(nil))
	f.Add(make([]byte, identityBytes))
	f.Fuzz(func(t *testing.T, key []byte) {
		id, ok := ParseKey(key)
		if !ok {
			return
		}
		require.Equal(t, key, id.Key(nil))
		require.Less(t, id.Index, id.Count)
	})
}

func TestValuesFollowFromSeedAndIdentity(t *testing.T) {
	t.Parallel()
	properties := gopter.NewProperties(parameters(300))
	bounds := gopter.CombineGens(gen.IntRange(0, 40), gen.IntRange(0, 60)).Map(func(drawn []any) [2]int {
		return [2]int{drawn[0].(int), drawn[0].(int) + drawn[1].(int)}
	})
	properties.Property("the same once more, within the bounds, after what is there", prop.ForAll(func(seed uint64, b [2]int, id Identity) bool {
		v := Values{Seed: seed, MinBytes: b[0], MaxBytes: b[1]}
		first := v.Append(nil, id)
		second := v.Append([]byte("before"), id)
		r := v.Record(id)
		intact, scratch := v.intact(r, id, []byte("used before"))
		return bytes.Equal(second, append([]byte("before"), first...)) && bytes.Equal(r.Value, first) && bytes.Equal(scratch, first) &&
			len(first) >= b[0] && len(first) <= b[1] && intact && bytes.Equal(r.Key, id.Key(nil))
	}, gen.UInt64(), bounds, identities()))
	properties.Property("a record that is changed is not intact", prop.ForAll(func(id Identity, at int, bit uint8) bool {
		v := Values{Seed: 1, MinBytes: 8, MaxBytes: 32}
		r := v.Record(id)
		r.Value[at%len(r.Value)] ^= 1 << (bit % 8)
		intact, _ := v.intact(r, id, nil)
		return !intact
	}, identities(), gen.IntRange(0, 1000), gen.UInt8()))
	properties.TestingRun(t)
}

func TestValueLengths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values Values
		want   []int // every length that occurs
	}{
		{Values{}, []int{0}},
		{Values{MinBytes: 16, MaxBytes: 16}, []int{16}},
		{Values{MinBytes: 0, MaxBytes: 1}, []int{0, 1}},
		{Values{MinBytes: 7, MaxBytes: 9}, []int{7, 8, 9}},
	} {
		seen := map[int]bool{}
		for i := range uint32(200) {
			id := Identity{Client: i, Sequence: i + 1, Count: 1}
			r := c.values.Record(id)
			intact, _ := c.values.intact(r, id, nil)
			require.True(t, intact)
			seen[len(r.Value)] = true
		}
		require.Len(t, seen, len(c.want), "%+v", c.values)
		for _, length := range c.want {
			require.True(t, seen[length], "%+v: %d", c.values, length)
		}
	}
}

// Records whose identities differ in one part must have different values. Otherwise nobody would notice if they were exchanged.
func TestEveryPartOfTheIdentityMakesAnotherValue(t *testing.T) {
	t.Parallel()
	v := Values{Seed: 5, MinBytes: 16, MaxBytes: 16}
	base := Identity{Client: 1 << 16, Sequence: 1 << 17, Index: 1, Count: 3}
	seen := map[string]Identity{}
	for _, change := range []func(id *Identity){
		func(*Identity) {},
		func(id *Identity) { id.Client++ },
		func(id *Identity) { id.Sequence++ },
		func(id *Identity) { id.Index++ },
		func(id *Identity) { id.Count++ },
		func(id *Identity) { id.Doomed = true },
		func(id *Identity) { id.Client, id.Index = 0, 2 }, // client and index must not overlap
		func(id *Identity) { id.Client, id.Index = id.Client*2, 0 },
	} {
		id := base
		change(&id)
		value := string(v.Append(nil, id))
		require.NotContains(t, seen, value, "%+v and %+v", seen[value], id)
		seen[value] = id
	}
	other := Values{Seed: 6, MinBytes: 16, MaxBytes: 16}
	require.NotContains(t, seen, string(other.Append(nil, base)), "another seed")
}

// The key and the value of a record lie in one buffer; neither may grow into the other.
func TestKeyAndValueOfARecordDoNotShareRoom(t *testing.T) {
	t.Parallel()
	id := Identity{Sequence: 1, Count: 1}
	r := values.Record(id)
	_ = append(r.Key, "overwritten"...)
	intact, _ := values.intact(r, id, nil)
	require.True(t, intact)
}
