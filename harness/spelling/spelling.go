// Package spelling finds the known word that somebody meant. A wrong name in a call or a case is usually one typing error
// away from a right one; an error message that suggests it saves reading the help. All commands and grammars use this
// package.
package spelling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// longest is the length, in letters, of the longest word that is compared. Longer words are no typing errors, and the work
// grows with the square of the length.
const longest = 100

// Meant returns ` (did you mean "WORD"?)` for the known word nearest to a wrong one, and "" if none is near. A word is near
// if at most a third of its letters are wrong, or if one of the two begins with the other. Among equally near words the
// first wins.
func Meant(wrong string, known []string) string {
	if word, ok := Nearest(wrong, known); ok {
		return fmt.Sprintf(" (did you mean %q?)", word)
	}
	return ""
}

// Nearest returns the known word that Meant suggests. It ignores case.
func Nearest(wrong string, known []string) (nearest string, ok bool) {
	a := []rune(strings.ToLower(wrong))
	if len(a) == 0 || utf8.RuneCountInString(wrong) > longest {
		return "", false
	}
	best := 0
	for _, word := range known {
		b := []rune(strings.ToLower(word))
		if len(b) == 0 || len(b) > longest {
			continue
		}
		d := distance(a, b)
		begins := min(len(a), len(b)) >= 3 && (strings.HasPrefix(string(b), string(a)) || strings.HasPrefix(string(a), string(b)))
		if d > max(1, max(len(a), len(b))/3) && !begins || d >= max(len(a), len(b)) && !begins {
			continue
		}
		if !ok || d < best {
			nearest, best, ok = word, d, true
		}
	}
	return nearest, ok
}

// Near returns the known words that are most similar, no more than most, the most similar first. If one word begins with the
// other, their distance counts half. Equally distant words come in alphabetical order.
func Near(wrong string, known []string, most int) []string {
	a := []rune(strings.ToLower(wrong))
	a = a[:min(len(a), longest)]
	far := map[string]int{}
	for _, word := range known {
		b := []rune(strings.ToLower(word))
		b = b[:min(len(b), longest)]
		far[word] = 2 * distance(a, b)
		if len(a) > 0 && (strings.HasPrefix(string(b), string(a)) || strings.HasPrefix(string(a), string(b))) {
			far[word] /= 2
		}
	}
	sorted := slices.Clone(known)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) })
	sorted = slices.Compact(sorted)
	return sorted[:min(most, len(sorted))]
}

// distance returns how many typing errors lead from a to b: a letter added, left out or replaced, or two neighbours
// exchanged (the optimal string alignment distance of Levenshtein and Damerau).
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
