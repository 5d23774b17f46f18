package soak

import (
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"github.com/stretchr/testify/require"
)

func TestARoundIsOneLineThatIsReadAgain(t *testing.T) {
	t.Parallel()
	s := RoundSpec{Kind: "explore", Variant: "snapshot", Number: 17, Seed: 1<<64 - 1, For: 5 * time.Second}
	require.Equal(t, "v1 kind=explore variant=snapshot number=17 seed=18446744073709551615 for=5s", s.String())
	again, err := ParseRound(s.String())
	require.NoError(t, err)
	require.Equal(t, s, again)
	again, err = ParseRound(" v1  for=1s seed=3 variant=a   kind=b ")
	require.NoError(t, err)
	require.Equal(t, RoundSpec{Kind: "b", Variant: "a", Seed: 3, For: time.Second}, again)
}

func TestWhatIsNoRoundIsRefused(t *testing.T) {
	t.Parallel()
	for text, message := range map[string]string{
		"":                                       "it must begin with",
		"v2 kind=a variant=b for=1s":             "it must begin with",
		"v1 kind=a variant=b":                    "a time above zero",
		"v1 kind=a variant=b for=0s":             "a time above zero",
		"v1 kind=a for=1s":                       "kind, variant",
		"v1 kind=a variant=b for=1s for=2s":      "once",
		"v1 kind=a variant=b for=1s depth=3":     "known are",
		"v1 kind=a variant=b for=1s seed":        "KEY=VALUE",
		"v1 kind=a variant=b for=1s seed=-1":     "seed=-1",
		"v1 kind=a variant=b for=ever":           "for=ever",
		"v1 kind=a variant=b for=1s number=1e99": "number=1e99",
	} {
		_, err := ParseRound(text)
		require.ErrorIs(t, err, ErrSpec, text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestAShardIsCountedFromZero(t *testing.T) {
	t.Parallel()
	s, err := ParseShard("3/4")
	require.NoError(t, err)
	require.Equal(t, Shard{3, 4}, s)
	require.Equal(t, "3/4", s.String())
	for _, text := range []string{"", "4/4", "1", "-1/4", "0/0", "a/b", "0/1048577", "0/4/5"} {
		_, err := ParseShard(text)
		require.ErrorContains(t, err, "counted from 0", text)
	}
}

// No two rounds of a campaign have the same number or seed, in whatever shards they are; and all numbers are somebody's.
func TestShardsSplitTheSeedsWithoutOverlap(t *testing.T) {
	t.Parallel()
	p := gopter.NewProperties(gopter.DefaultTestParameters())
	p.Property("numbers and seeds of different rounds differ", prop.ForAll(
		func(campaign, count, i, j, m, n uint64) bool {
			a, b := Shard{i % count, count}, Shard{j % count, count}
			if a == b && m == n {
				return true
			}
			return a.number(m) != b.number(n) && SeedOf(campaign, a.number(m)) != SeedOf(campaign, b.number(n))
		},
		gen.UInt64(), gen.UInt64Range(1, maxShards), gen.UInt64(), gen.UInt64(), gen.UInt64Range(0, 1<<40), gen.UInt64Range(0, 1<<40)))
	p.Property("every number is a round of one shard", prop.ForAll(
		func(count, number uint64) bool { return Shard{number % count, count}.number(number/count) == number },
		gen.UInt64Range(1, maxShards), gen.UInt64()))
	p.TestingRun(t)

	seen := map[uint64]bool{}
	for shard := range uint64(4) {
		for n := range uint64(10_000) {
			seen[SeedOf(99, Shard{shard, 4}.number(n))] = true
		}
	}
	require.Len(t, seen, 40_000)
}
