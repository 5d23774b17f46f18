package soak

import (
	"context"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// hostile is what an engine, or its message, may hold: a new line that looks like one of ours, a title for the terminal, a C1
// control, one that turns the order of letters around, and a byte that is no letter at all.
const hostile = "lost\nsoak passed: 10 rounds\x1b]0;owned\a\x1b[2J\u009b31m\u202etxt\x9b\r"

func requireHarmless(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar) {
			t.Fatalf("%q holds %q", text, r)
		}
	}
}

func TestNothingThatWasFoundDisturbsATerminal(t *testing.T) {
	t.Parallel()
	rounds := 0
	kind := &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		if rounds++; rounds == 1 {
			return RoundResult{Found: []Found{{Class: "x " + hostile, Detail: hostile}}}, nil
		}
		return RoundResult{Inconclusive: hostile, NotRun: []NotRun{{"b", hostile}}}, nil
	}}
	c := settings(t, kind)
	c.NotRun = []NotRun{{"c", hostile}}
	c.Checks = []Preparation{{CheckCanary, "blind", func(context.Context, uint64) (Check, error) { return Check{Skipped: true, Detail: hostile}, nil }}}
	said := []string{}
	c.Say = func(text string) { said = append(said, text) }
	m, err := run(t, c)
	require.ErrorIs(t, err, ErrTooLittle)
	require.Len(t, said, 2)
	for _, text := range append(said, m.Text(), m.Markdown(), err.Error(), strings.Join(m.Missed, "\n")) {
		requireHarmless(t, text)
		require.NotContains(t, text, "\nsoak passed")
	}
	require.Contains(t, said[1], "FOUND ")
	require.NotContains(t, said[1], "\n")
	require.Equal(t, "a\n\tb c d", Clean("a\n\tb\x1bc\u009bd"))
	require.Equal(t, "a  b c d?", OneLine("a\n\tb\x1bc\u009bd\xff"))
}

// suiteOf reads a JUnit file as others do.
func suiteOf(t *testing.T, folder string) (suite junitSuite, cases map[string]junitCase) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "summary.xml"))
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(content, &suite))
	require.Len(t, suite.Cases, suite.Tests)
	cases = map[string]junitCase{}
	failed, skipped := 0, 0
	for _, c := range suite.Cases {
		cases[strings.TrimPrefix(c.Class, junitClass)+" "+c.Name] = c
		if c.Failure != nil {
			failed++
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	require.Equal(t, suite.Failures, failed)
	require.Equal(t, suite.Skipped, skipped)
	return suite, cases
}

func TestInJUnitWhatWasNotTriedIsSkippedAndWhatIsMissedFails(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	kind := &scripted{name: "a"}
	c := settings(t, kind)
	var unfinished map[string]junitCase
	kind.do = func(context.Context, RoundSpec) (RoundResult, error) {
		if len(kind.specs) == 1 {
			_, unfinished = suiteOf(t, c.Out)
		}
		if len(kind.specs) == 4 {
			cancel()
		}
		return RoundResult{}, errBroken
	}
	c.Checks = []Preparation{
		{CheckCanary, "seen", func(context.Context, uint64) (Check, error) {
			return Check{Passed: true, Detail: "in 3 schedules"}, nil
		}},
		{CheckCanary, "not tried", func(context.Context, uint64) (Check, error) {
			return Check{Skipped: true, Detail: "another build"}, nil
		}},
	}
	c.Minimums = Minimums{"rounds": 1, CountCrashes: 1}
	s, err := Open(c)
	require.NoError(t, err)
	m, err := s.Run(ctx)
	require.ErrorIs(t, err, ErrTooLittle)
	require.NoError(t, s.Close())
	_, cases := suiteOf(t, c.Out)
	require.Equal(t, "in 3 schedules", cases["canary seen"].Output)
	require.Equal(t, "another build", cases["canary not tried"].Skipped.Message)
	require.Nil(t, cases["minimum rounds"].Failure)
	require.Equal(t, "crashes: 0, at least 1", cases["minimum crashes"].Failure.Message)
	require.NotNil(t, cases["missed ended early: interrupted, 4s of 10s"].Failure)
	require.NotNil(t, cases["missed a: 3 of 3 rounds have no verdict, the last: broken"].Failure)
	require.Len(t, m.Missed, 3)
	failures := 0
	for _, c := range cases {
		if c.Failure != nil {
			failures++
		}
	}
	require.Equal(t, len(m.Missed), failures, "each once")
	require.NotNil(t, unfinished["missed the campaign is unfinished"].Failure, "a file that a kill leaves is no pass")
}

func TestHowOftenEachFailpointAndFaultCameIsInTheSummary(t *testing.T) {
	t.Parallel()
	c := settings(t, &scripted{name: "a", do: func(context.Context, RoundSpec) (RoundResult, error) {
		return RoundResult{Points: Counts{"flush/synced": 123456, "read/before-tail": 7}, Faults: Counts{"no space": 2, "bit flip": 30}}, nil
	}})
	_, err := run(t, c)
	require.NoError(t, err)
	for name, parts := range map[string][]string{
		"summary.txt":  {"  passed: flush/synced 1M, read/before-tail 70\n", "  faults: bit flip 300, no space 20\n"},
		"summary.md":   {"| flush/synced | 1,234,560 |", "| bit flip | 300 |", "| no space | 20 |"},
		"summary.json": {`"flush/synced": 1234560`, `"bit flip": 300`},
	} {
		content, err := os.ReadFile(filepath.Join(c.Out, name))
		require.NoError(t, err)
		for _, part := range parts {
			require.Contains(t, string(content), part, name)
		}
	}
	require.Equal(t, []string{"999", "1k", "12k", "3M", "2G"}, []string{rounded(999), rounded(1000), rounded(12_999), rounded(3e6), rounded(2e9)})
}

func TestAMinimumOfWhatNothingCountsIsRefusedWithWhatIsNear(t *testing.T) {
	t.Parallel()
	err := ParseMinimums(Minimums{}, []string{"schedulse=1"}, MinimumNames())
	require.ErrorContains(t, err, `no count is called "schedulse" (did you mean "schedules"?): choose one of rounds, `)
	for _, name := range MinimumNames() {
		require.NoError(t, ParseMinimums(Minimums{}, []string{name + "=1"}, MinimumNames()))
	}
}
