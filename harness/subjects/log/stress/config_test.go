package stress

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/storage"
)

func TestSettingsThatContradictThemselvesAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change  func(c *Config)
		message string
	}{
		{func(c *Config) { c.Open = nil }, "no engine to open"},
		{func(c *Config) { c.Goroutines = 2 }, "2 goroutines: use at least 3"},
		{func(c *Config) { c.Goroutines = -5 }, "-5 goroutines: use at least 3"},
		{func(c *Config) { c.Writers = -1 }, "-1 writers and 1 flushers of 60 goroutines"},
		{func(c *Config) { c.Flushers = -2 }, "12 writers and -2 flushers"},
		{func(c *Config) { c.Writers, c.Flushers = 30, 30 }, "30 writers and 30 flushers of 60 goroutines: at least one each, and one left to read"},
		{func(c *Config) { c.Duration = -1 }, "duration -1ns, round 10m0s, grace 10m0s: must be positive"},
		{func(c *Config) { c.Round = -time.Second }, "round -1s"},
		{func(c *Config) { c.Grace = -time.Second }, "grace -1s"},
		{func(c *Config) { c.MinValueBytes = -1 }, "values of -1 to 64 bytes"},
		{func(c *Config) { c.MinValueBytes = 65 }, "values of 65 to 64 bytes"},
		{func(c *Config) { c.MaxRecords = -1 }, "-1 records in a transaction: 1 to 32768"},
		{func(c *Config) { c.MaxRecords = 1<<15 + 1 }, "32769 records in a transaction"},
		{func(c *Config) { c.Fragments = 1.5 }, "a share of 1.5 appends in fragments"},
		{func(c *Config) { c.Fragments = math.NaN() }, "a share of NaN"},
		{func(c *Config) { c.Delays.Probability = 2 }, "delay probability 2"},
		{func(c *Config) { c.Delays.MaxSleep = -1 }, "delay bounds"},
		{func(c *Config) { c.MaxValueBytes = 1 << 50 }, "values of up to 1125899906842624 bytes: at most"},
		{func(c *Config) { c.Each = -1 }, "-1 operations of each client in 1 rounds"},
		{func(c *Config) { c.Goroutines = 1<<20 + 1 }, "1048577 goroutines: at most 1048576"},
		{func(c *Config) { c.MaxValueBytes, c.MaxRecords = 1<<30, 1<<15 }, "of memory would be needed (60 goroutines of about"},
	} {
		config := smallRun(storageOn(storage.Snapshot))
		c.change(&config)
		s, err := Run(context.Background(), config)
		require.Nil(t, s, c.message)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, c.message)
	}
}

func TestAWindowThatTheBinaryDoesNotHaveIsRefused(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	config := smallRun(storageOn(storage.Snapshot))
	config.MinOverlaps, config.Window[1] = 1, "flush/nowhere"
	s, err := Run(context.Background(), config)
	require.Nil(t, s)
	require.ErrorIs(t, err, ErrConfig)
	require.ErrorContains(t, err, `no failpoints "flush/written" and "flush/nowhere"`)
}

func TestZeroSettingsAreTheDocumentedDefaults(t *testing.T) {
	t.Parallel()
	c := Config{Open: storageOn(storage.Snapshot)}.withDefaults()
	require.NoError(t, c.check())
	require.Equal(t, []int{10_000, 2000, 4, 4, 0, 256, 100}, []int{c.Goroutines, c.Writers, c.Flushers, c.MaxRecords, c.MinValueBytes, c.MaxValueBytes, c.MinOverlaps})
	require.Equal(t, []time.Duration{10 * time.Second, 10 * time.Second, 2 * time.Second, time.Minute}, []time.Duration{c.Duration, c.Round, c.Pause, c.Grace})
	require.InDelta(t, 0.02, c.Fragments, 1e-9)
	require.Equal(t, failpoints.Delays{}, c.Delays)
	three := Config{Open: c.Open, Goroutines: 3}.withDefaults()
	require.NoError(t, three.check(), "one to write, one to flush, one to read")
	require.Equal(t, 300, Config{MinValueBytes: 300}.withDefaults().MaxValueBytes)
	require.Zero(t, Config{MaxValueBytes: -1}.withDefaults().MaxValueBytes, "negative: empty values only")
}

func TestAnUninstrumentedBinaryRefusesToStress(t *testing.T) {
	t.Parallel()
	if failpoints.Instrumented() {
		t.Skip("needs the normal build: go test ./harness/subjects/log/stress")
	}
	s, err := Run(context.Background(), smallRun(storageOn(storage.Snapshot)))
	require.Nil(t, s)
	require.ErrorIs(t, err, failpoints.ErrNotInstrumented)
	require.ErrorContains(t, err, "racewindow test")
}

func TestAFailpointThatNobodyHasIsNotDelayed(t *testing.T) {
	requireInstrumented(t)
	t.Parallel()
	for prefix, message := range map[string]string{
		"flsh/":         `no failpoint to delay at begins with "flsh/"; near are flush/`,
		"read/io-error": `no failpoint to delay at begins with "read/io-error"`,
		"":              "an empty name among the failpoints to delay at",
	} {
		config := smallRun(storageOn(storage.Snapshot))
		config.Delays.Points = []string{"read/", prefix}
		s, err := Run(context.Background(), config)
		require.Nil(t, s)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, message)
	}
}

func TestSettingsCanBeCheckedWithoutARun(t *testing.T) {
	t.Parallel()
	require.NoError(t, smallRun(storageOn(storage.Snapshot)).Check())
	require.ErrorIs(t, Config{}.Check(), ErrConfig)
}
