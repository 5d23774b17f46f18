package soak

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestALeakIsAFinding(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	c.For = 100 * time.Second
	files := 0
	c.Measure = func() Sample {
		files += 5
		return Sample{Resident: 1 << 20, Files: files}
	}
	s, err := run(t, c)
	require.NoError(t, err)
	require.Len(t, s.State.Open(), 1)
	require.Equal(t, "leak", s.State.Open()[0].Class)
	require.Contains(t, s.State.Open()[0].Detail, "open files: GROWS")
}

// The system ends a process for its memory, and nobody asks it at the end what has grown.
func TestALeakIsFoundWhileTheCampaignWorksAndRaisesOnlyItsCount(t *testing.T) {
	t.Parallel()
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	c.For = time.Hour
	leaking(t, &c)
	said := []string{}
	c.Say = func(line string) { said = append(said, line) }
	ctx, cancel := context.WithCancel(t.Context())
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 5*60 {
			s, err := ReadState(c.Out)
			if len(s.Open()) != 1 || s.Open()[0].Count != 4 {
				err = errors.Join(err, errBroken)
			}
			cancel()
			return RoundResult{}, err
		}
		return RoundResult{}, nil
	}
	s, err := Open(c)
	require.NoError(t, err)
	m, err := s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.NoError(t, s.Close())
	require.Equal(t, "interrupted", m.State.Kinds["a"].Reason, "what was found until then was in the journal")
	require.Equal(t, VerdictViolated, m.Verdict)
	require.Len(t, m.State.Open(), 1)
	require.EqualValues(t, 6, m.State.Open()[0].Count, "once a minute, and at the end")
	require.Len(t, said, 1, "%v", said)
}

func TestALeakOfAProcessThatDiedIsFoundByTheNext(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	c.For = 100 * time.Second
	flat := c.Measure
	leaking(t, &c)
	s, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, s.append(Entry{Type: entryStart, For: c.For}))
	for range 50 {
		require.NoError(t, s.round(t.Context()))
	}
	require.Empty(t, s.state.Open())
	require.NoError(t, s.Close()) // and no end
	c.Measure = flat
	for range 2 {
		m, err := run(t, c)
		require.NoError(t, err)
		require.Len(t, m.State.Open(), 1)
		require.Equal(t, "leak", m.State.Open()[0].Class)
		require.EqualValues(t, 1, m.State.Open()[0].Count, "judged once: who ends in order has judged")
	}
}

func TestTooFewSamplesForALeakAreInEverySummary(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a"})
	_, err := run(t, c)
	require.NoError(t, err)
	for name, part := range map[string]string{
		"summary.txt": "whether it grows: too few samples to say, at least 20 of", "summary.md": "whether it grows: too few samples to say, at least 20 of",
		"summary.json": `"too_few_samples": true`, "summary.xml": `<skipped message="whether it grows: too few samples to say`,
	} {
		content, err := os.ReadFile(filepath.Join(c.Out, name))
		require.NoError(t, err)
		require.Contains(t, string(content), part, name)
	}
}
