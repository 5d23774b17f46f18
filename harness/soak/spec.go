package soak

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A RoundSpec says everything that a round needs. Its text, String, runs alone again.
type RoundSpec struct {
	// Kind and Variant name what is done, as in "explore" of the hand-over "snapshot".
	Kind, Variant string
	// Number is that of the round in the campaign, all shards together.
	Number uint64
	// Seed is where every random choice comes from.
	Seed uint64
	// For is about how long the round takes. Count, if it is set, ends the round after so much of what the kind counts, and For is a
	// last resort.
	For   time.Duration
	Count uint64

	// First ends the round with the first finding, which need not be made smaller. It is not part of the text, nor is Progress, which,
	// if set, hears what was done since the round began, now and then.
	First    bool
	Progress func(Counts)
}

// specVersion begins the text of every round.
const specVersion = "v1"

// ErrSpec is wrapped by every error about the text of a round.
var ErrSpec = errors.New("not a round")

// String is one line: v1 kind=explore variant=snapshot number=17 seed=123 for=5s.
func (s RoundSpec) String() string {
	text := fmt.Sprintf("%s kind=%s variant=%s number=%d seed=%d for=%v", specVersion, s.Kind, s.Variant, s.Number, s.Seed, s.For)
	if s.Count > 0 {
		text += fmt.Sprintf(" count=%d", s.Count)
	}
	return text
}

// arm is what the choice of the next round tells apart.
func (s RoundSpec) arm() string { return s.Kind + "/" + s.Variant }

// ParseRound reads what String wrote. Unknown words are errors.
func ParseRound(text string) (s RoundSpec, err error) {
	words := strings.Fields(text)
	if len(words) == 0 || words[0] != specVersion {
		return s, fmt.Errorf("%w: it begins with %q: 'v1 kind=explore variant=snapshot seed=1 for=5s'", ErrSpec, specVersion)
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		key, value, found := strings.Cut(word, "=")
		if !found || value == "" || seen[key] {
			return s, fmt.Errorf("%w: %q: each word is KEY=VALUE, once", ErrSpec, word)
		}
		seen[key] = true
		switch key {
		case "kind":
			s.Kind = value
		case "variant":
			s.Variant = value
		case "number":
			s.Number, err = strconv.ParseUint(value, 10, 64)
		case "seed":
			s.Seed, err = strconv.ParseUint(value, 10, 64)
		case "count":
			s.Count, err = strconv.ParseUint(value, 10, 64)
		case "for":
			s.For, err = time.ParseDuration(value)
		default:
			return s, fmt.Errorf("%w: %q: known are kind, variant, number, seed, for and count", ErrSpec, word)
		}
		if err != nil {
			return s, fmt.Errorf("%w: %q: %w", ErrSpec, word, err)
		}
	}
	if s.Kind == "" || s.Variant == "" || s.For <= 0 {
		return s, fmt.Errorf("%w: kind, variant and a time above zero (for=5s) are needed", ErrSpec)
	}
	return s, nil
}

// CutShort says that the last resort ended a round before it had done what it was to do, "" if it did.
func (s RoundSpec) CutShort(done uint64, what string) string {
	if done >= s.Count {
		return ""
	}
	return fmt.Sprintf("the last resort ended it, %v, after %d of %d %s (--round-for): the machine is slow, or busy", s.For, done, s.Count, what)
}

// limit is how long a round may take at the most: shrinking and an orderly end come on top of its time.
func (s RoundSpec) limit() time.Duration { return 4*s.For + 2*time.Minute }

// A Shard is one part of a campaign that runs on several machines: Index of Count, from 0. The zero Shard is the whole.
type Shard struct {
	Index uint64 `json:"index"`
	Count uint64 `json:"count"`
}

// maxShards bounds Count, so that no number of a round overflows.
const maxShards = 1 << 20

// ParseShard reads "i/n", with i from 0 to n-1.
func ParseShard(text string) (Shard, error) {
	left, right, found := strings.Cut(text, "/")
	index, err := strconv.ParseUint(left, 10, 64)
	count, failed := strconv.ParseUint(right, 10, 64)
	if !found || err != nil || failed != nil || count < 1 || count > maxShards || index >= count {
		return Shard{}, fmt.Errorf("shard %q: write i/n, such as 0/4; i is counted from 0 and lies below n, which is at most %d", text, maxShards)
	}
	return Shard{index, count}, nil
}

// String is i/n.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, max(s.Count, 1)) }

// number is that of the shard's n-th round in the campaign: those of two shards are never equal.
func (s Shard) number(n uint64) uint64 { return n*max(s.Count, 1) + s.Index }

// SeedOf is the seed of the round with that number. Of one campaign seed, no two rounds have the same: the golden ratio's
// multiple is odd, so adding it steps through all numbers, and the finaliser of SplitMix64 maps each to another.
func SeedOf(campaign, number uint64) uint64 {
	h := campaign + (number+1)*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
