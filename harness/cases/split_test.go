package cases

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATextIsSplitOutsideOfQuotesAndBrackets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                                {""},
		" a ;  b;c ":                      {"a", "b", "c"},
		";;":                              {"", "", ""},
		`put(";", 1); get("\";")`:         {`put(";", 1)`, `get("\";")`},
		`a(';'); b('\''); c('"')`:         {`a(';')`, `b('\'')`, `c('"')`},
		"a(`;\\`); b(`\"`)":               {"a(`;\\`)", "b(`\"`)"},
		"f([]T{{1; 2}, {3}}); (a;b)*":     {"f([]T{{1; 2}, {3}})", "(a;b)*"},
		`map[string]int{"]": 1; "}": 2};`: {`map[string]int{"]": 1; "}": 2}`, ""},
		"a); b}":                          {"a)", "b}"}, // what closes nothing is for the subject to judge
		"a(\"\\\\\");b":                   {"a(\"\\\\\")", "b"},
	} {
		parts, err := Split(text, ';')
		require.NoError(t, err, text)
		require.Equal(t, want, parts, text)
	}
	for text, want := range map[string]string{
		`a"`: `a quote " is not closed`, `"\"`: `a quote " is not closed`, "`": "a quote ` is not closed", "it's": "a quote ' is not closed",
		"(": ") is missing", "a[{}": "] is missing", "{]": "there is ] where } should be", "([)]": "there is ) where ] should be",
	} {
		_, err := Split(text, ';')
		require.ErrorContains(t, err, want, text)
	}
}

// Every letter is in one of the parts, or is the separator, or a blank at an edge.
func FuzzSplitLosesNothing(f *testing.F) {
	for _, text := range examples {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := Split(text, ',')
		if err != nil {
			require.Empty(t, parts)
			return
		}
		rest := text
		for i, part := range parts {
			if i > 0 {
				trimmed := strings.TrimSpace(rest)
				require.True(t, strings.HasPrefix(trimmed, ","), "%q before part %d of %q", rest, i, text)
				rest = trimmed[1:]
			}
			trimmed := strings.TrimSpace(rest)
			require.True(t, strings.HasPrefix(trimmed, part), "part %d of %q", i, text)
			rest = trimmed[len(part):]
		}
		require.Empty(t, strings.TrimSpace(rest))
	})
}
