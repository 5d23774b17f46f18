package soak

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A RoundSpec is everything that a round needs. Its text (String) is enough to run the round alone again.
type RoundSpec struct {
	// Kind is what is done and Variant what it is done to, for example "explore" and the hand-over "snapshot".
	Kind, Variant string
	// Number is the round's number in the campaign, unique over all shards.
	Number uint64
	// Seed determines every random choice.
	Seed uint64
	// For is about how long the round takes. Count, if it is set, ends the round after that much of what the kind counts;
	// For is then a last resort.
	For   time.Duration
	Count uint64

	// First ends the round with the first finding, which need not be shrunk. Progress, if set, is called now and then with what
	// was done since the round began. Neither is part of the text.
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

// arm is the kind and variant, between which the choice of the next round decides.
func (s RoundSpec) arm() string { return s.Kind + "/" + s.Variant }

// ParseRound reads what String wrote. Unknown words are errors.
func ParseRound(text string) (s RoundSpec, err error) {
	words := strings.Fields(text)
	if len(words) == 0 || words[0] != specVersion {
		return s, fmt.Errorf("%w: it must begin with %q, as in 'v1 kind=explore variant=snapshot seed=1 for=5s'", ErrSpec, specVersion)
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

// CutShort says that time, the last resort, ended a round before it had done its count; "" if the round had done it.
func (s RoundSpec) CutShort(done uint64, what string) string {
	if done >= s.Count {
		return ""
	}
	return fmt.Sprintf("the last resort ended it, %v, after %d of %d %s (--round-for): the machine is slow, or busy", s.For, done, s.Count, what)
}

// limit is the most time that a round may take: shrinking and an orderly end take more than For.
func (s RoundSpec) limit() time.Duration { return 4*s.For + 2*time.Minute }

// A Shard is one part of a campaign on several machines. Index counts from 0 to Count-1. The zero Shard is the whole campaign.
type Shard struct {
	Index uint64 `json:"index"`
	Count uint64 `json:"count"`
}

// maxShards bounds Count, so that numbers of rounds do not overflow.
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

// number is the number, in the whole campaign, of the shard's nth round. Two shards have no number in common.
func (s Shard) number(n uint64) uint64 { return n*max(s.Count, 1) + s.Index }

// SeedOf is the seed of the round with a number. No two rounds of a campaign have the same seed: the constant, 2^64 over the
// golden ratio, is odd, so its multiples are all different, and the finaliser of SplitMix64 maps different numbers to different
// numbers.
func SeedOf(campaign, number uint64) uint64 {
	h := campaign + (number+1)*0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
