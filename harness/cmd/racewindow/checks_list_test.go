package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/plain"
)

// What is skipped is skipped by its name in all packages of one call.
func TestPackagesAreListedApartWhereANameIsACheckInOneOnly(t *testing.T) {
	t.Parallel()
	one := plain.Package{ImportPath: "one", Checks: []string{"TestA"}, Tests: []string{"TestB"}, Strangers: []string{"TestB"}}
	two := plain.Package{ImportPath: "two", Checks: []string{"TestB"}}
	three := plain.Package{ImportPath: "three", Tests: []string{"TestA", "TestB"}, Strangers: []string{"TestB"}}
	four := plain.Package{ImportPath: "four", Checks: []string{"TestD"}, Tests: []string{"TestA"}, Strangers: []string{"TestA"}}
	var got [][]string
	for _, g := range alike([]plain.Package{one, two, three, four}) {
		got = append(got, append(paths(g.packages), namesPattern(g.skip)))
	}
	require.Equal(t, [][]string{{"one", "three", "^(TestB|TestB)$"}, {"two", "four", "^(TestA)$"}}, got)
}
