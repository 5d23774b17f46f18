// Package names answers a name that nobody knows with those that were perhaps meant.
package names

import (
	"cmp"
	"slices"
	"strings"
)

// Near returns up to most of the known names, the most alike first: those that need the fewest letters changed, added or left
// out, where one that begins with the other counts as half as far.
func Near(name string, known []string, most int) []string {
	name = strings.ToLower(name)
	far := map[string]int{}
	for _, k := range known {
		lower := strings.ToLower(k)
		far[k] = 2 * distance(name, lower)
		if name != "" && (strings.HasPrefix(lower, name) || strings.HasPrefix(name, lower)) {
			far[k] /= 2
		}
	}
	sorted := slices.Clone(known)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) })
	sorted = slices.Compact(sorted)
	return sorted[:min(most, len(sorted))]
}

// distance is Levenshtein's: how many letters of a must be changed, added or left out to make b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
