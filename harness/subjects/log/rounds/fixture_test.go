package rounds

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/soak"
	"github.com/racewindow/racewindow/harness/subjects/log/kill"
)

func TestMain(m *testing.M) {
	if kill.IsChild() {
		os.Exit(kill.Child())
	}
	os.Exit(m.Run())
}

func requireInstrumented(t *testing.T) {
	t.Helper()
	if failpoints.Instrumented() {
		return
	}
	const message = "needs the instrumented build: go run ./harness/cmd/racewindow test ./..."
	if os.Getenv("RACEWINDOW_REQUIRE_INSTRUMENTED") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// lastResort ends what counts its work, on a machine that does next to nothing.
const lastResort = 10 * time.Minute

// counted is a round that ends after so much of what its kind counts.
func counted(kind, variant string, seed, count uint64) soak.RoundSpec {
	return soak.RoundSpec{Kind: kind, Variant: variant, Seed: seed, For: lastResort, Count: count}
}

// requireKnownCounts holds what a round has counted against the list: a count that it leaves out could be no minimum.
func requireKnownCounts(t *testing.T, r soak.RoundResult) {
	t.Helper()
	for name := range r.Counts {
		require.Contains(t, soak.MinimumNames(CountNames...), name)
	}
}

// requireCanaries has a kind look for each of its canaries.
func requireCanaries(t *testing.T, kind soak.Kind) {
	t.Helper()
	bad := Bad()[kind.Name()]
	require.NotEmpty(t, bad)
	for _, b := range bad {
		require.NotContains(t, kind.Variants(), b.Variant, "no campaign draws it")
		c, err := soak.RoundCanary(kind, b.Variant, b.Count, lastResort, b.Classes...).Run(t.Context(), 3)
		require.NoError(t, err)
		require.True(t, c.Passed, "%s: %s", b.Variant, c.Detail)
	}
}

// only is a kind of which a campaign draws one variant.
type only struct {
	soak.Kind
	variant string
}

func (k only) Variants() []string { return []string{k.variant} }

// campaign does so many rounds of a kind.
func campaign(t *testing.T, kind soak.Kind, rounds, count uint64) (*soak.Summary, string) {
	t.Helper()
	c := soak.Config{
		Out: t.TempDir(), Seed: 5, Kinds: []soak.Kind{kind}, Rounds: rounds, Counts: map[string]uint64{kind.Name(): count},
		For: lastResort, RoundFor: lastResort, Subjects: soak.Subjects{Promise: Promise},
	}
	s, err := soak.Open(c)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	m, err := s.Run(context.Background())
	require.NoError(t, err)
	return m, c.Out
}

func TestAPromiseOfReadsIsOfOneFamily(t *testing.T) {
	t.Parallel()
	for class, want := range map[string][3]string{
		"ReadAfterWrite/empty": {"ReadAfterWrite", "", lostReads}, "MonotonicReads/partial": {"MonotonicReads", "", lostReads},
		"NamedIsRead":     {"NamedIsRead", "", lostReads},
		"Durability/lost": {"Durability", "", ""}, "StickyPoison": {"StickyPoison", "", ""}, "leak": {},
	} {
		name, sentence, family := Promise(class)
		require.Equal(t, want, [3]string{name, "", family}, class)
		require.Equal(t, name != "", sentence != "", class)
	}
}

func TestTheHandoversOfExploreAndStressAreThoseThatHold(t *testing.T) {
	t.Parallel()
	require.Equal(t, Handovers(true), Explore(nil).Variants())
	require.Equal(t, Handovers(true), Stress{}.Variants())
	require.Equal(t, []string{"retain"}, Stress{Handovers: []string{"retain"}}.Variants())
	require.GreaterOrEqual(t, len(Bad()["explore"]), 4)
	require.False(t, slices.Contains(Handovers(true), "stale"))
}
