package main

import "fmt"

// strangeTests are the tests of harness/examples/strange. Each must find its bug when power is lost, and nothing without it.
var strangeTests = []string{"TestMap", "TestSetSurvivesCompact"}

// schedulesStrange is the most schedules of each such search: each schedule has many recoveries from folders.
const schedulesStrange = "100"

// strange tries the store that only uses package os, with a Check and with a plain test.
func (t *trial) strange() error {
	for _, test := range strangeTests {
		search := []string{"crash", "--seed", "1", "--schedules", schedulesStrange, "--run", "^" + test + "$", "./strange"}
		for code, bug := range []bool{false, true} {
			if _, err := t.racewindow(bug, code, search...); err != nil {
				return fmt.Errorf("strange: %w", err)
			}
		}
	}
	fmt.Printf("\nstrange: a loss of power shows the bug in %d of %d tests, and nothing without the bug\n", len(strangeTests), len(strangeTests))
	return nil
}
