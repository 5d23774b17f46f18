package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A piece replaces its own rows and leaves the others unchanged.
func TestRowsOfPackagesThatWereNotRunStay(t *testing.T) {
	t.Parallel()
	first := pieces{
		{path: "github.com/sourcegraph/conc", tests: 1, chose: 1, schedules: 7},
		{path: singleflight, tests: 10, chose: 6, schedules: 9, found: []finding{{"TestGoexitDo", "timing: failed", "why"}}},
	}.rows("")
	again := pieces{{path: own, tests: 11, chose: 11, schedules: 3, controlled: true, notJudged: []string{"TestX"}}, {path: "github.com/sourcegraph/conc", tests: 2}}.rows(first)
	require.Equal(t, head+
		"| example.com/others | 11 | 11 | 3 | 0 and the planted one | 0 | TestX |\n"+
		"| golang.org/x/sync/singleflight | 10 | 6 | 9 | 0 | 1 |  |\n"+
		"| github.com/sourcegraph/conc | 2 | 0 | 0 | 0 | 0 |  |\n"+
		heads+
		"| golang.org/x/sync/singleflight | TestGoexitDo | timing: failed | why |\n", again)
}

// A race does not pass, nor does a finding without an explanation, nor a run that explored nothing.
func TestWhatIsNotExpectedEndsWithOne(t *testing.T) {
	t.Parallel()
	for says, all := range map[string]pieces{
		"0 data races": {{path: own, chose: 1, controlled: true}},
		"the race of TestControl was not reported":          {{path: own, chose: 1}},
		"no test of " + singleflight + " had something":     {{path: singleflight}},
		"1 data races were reported beside the planted one": {{path: singleflight, chose: 1, races: 1}},
		"not expected (see":                                 {{path: singleflight, chose: 1, unexpected: []string{"TestX: leak"}}},
	} {
		code, words := all.judge(true)
		require.Contains(t, words, says)
		want := 1
		switch {
		case strings.HasPrefix(says, "0"):
			want = 0
		case strings.HasPrefix(says, "the race"), strings.HasPrefix(says, "no test"):
			want = 3
		}
		require.Equal(t, want, code, says)
	}
	require.NotEmpty(t, reasonOf(singleflight, "TestPanicDo", "timing: failed in singleflight_test.go:251"))
	require.Empty(t, reasonOf(singleflight, "TestPanicDo", "failed in singleflight_test.go:251"), "only where it is a matter of timing")
}
