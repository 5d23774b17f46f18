package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/racewindow/racewindow/scripts/pages"
)

// A table is printed while it is measured.
type table struct {
	config  config
	shown   io.Writer
	columns []string
	rows    map[string][]string // the cells by the name of a program
	names   []string            // in order
	text    strings.Builder
}

func newTable(c config, shown io.Writer) *table {
	t := &table{config: c, shown: shown, rows: map[string][]string{}}
	t.columns, _ = c.titles()
	t.say("%s", t.head())
	return t
}

func (t *table) say(format string, words ...any) {
	fmt.Fprintf(t.shown, format, words...)
	fmt.Fprintf(&t.text, format, words...)
}

func (t *table) head() string {
	return fmt.Sprintf("Schedules until the bug is found: median, worst (seeds that found it, unless all of %d did).\n\n| program | %s |\n|---|%s\n",
		t.config.seeds, strings.Join(t.columns, " | "), strings.Repeat("---|", len(t.columns)))
}

func (t *table) begin(name string) {
	t.names = append(t.names, name)
	t.say("| %s |", name)
}

func (t *table) cell(text string) {
	name := t.names[len(t.names)-1]
	t.rows[name] = append(t.rows[name], text)
	t.say(" %s |", text)
}

func (t *table) endRow() { t.say("\n") }

// end prints what is below the table, and returns the whole text.
func (t *table) end() string {
	t.say("\n%s", t.below())
	return t.text.String()
}

func (t *table) below() (text string) {
	if share := t.share(); !math.IsNaN(share) {
		text = fmt.Sprintf("The portfolio needs %.2f times as many schedules as the best single strategy of each row (geometric mean).\n", share)
	}
	if t.config.freeSeeds > 0 {
		text += fmt.Sprintf("Plain goroutines: executions, %d seeds, each given up after %v. With sleeps: each point sleeps with probability %.1f for up to %v.\n",
			t.config.freeSeeds, t.config.freeFor, sleepShare, sleepMost)
	}
	return text
}

// share is how many times as many schedules the portfolio needs as the best strategy of each row, as the geometric mean of the rows that
// any of them has found. It is not a number where no row has both.
func (t *table) share() float64 {
	var shares []float64
	for _, cells := range t.rows {
		best, portfolio, found := 0, 0, false
		for i, title := range titles() {
			median := medianIn(cells[i])
			switch {
			case title == "portfolio":
				portfolio = median
			case median > 0 && (best == 0 || median < best):
				best = median
			}
			found = found || !strings.HasPrefix(cells[i], "none")
		}
		if found && best > 0 && portfolio > 0 {
			shares = append(shares, float64(portfolio)/float64(best))
		}
	}
	return geometricMean(shares)
}

var number = regexp.MustCompile(`\d+`)

// medianIn reads the median of a cell. A search that was given up counts as one that needed all schedules that it was given.
func medianIn(cell string) int {
	n, _ := strconv.Atoi(number.FindString(cell))
	return n
}

// merged returns an older table with the rows and columns that were measured now.
func (t *table) merged(old string) string {
	_, stands := pages.Table(old)
	for name, cells := range stands {
		switch made := t.rows[name]; {
		case len(cells) != len(t.columns)+1:
		case made == nil:
			t.rows[name] = cells[1:]
		default:
			for i, title := range t.columns {
				if !t.config.measures(title) {
					made[i] = cells[i+1]
				}
			}
		}
	}
	names := t.names
	if t.config.planted {
		names = slices.Sorted(maps.Keys(t.rows))
	}
	text := t.head()
	for _, name := range names {
		text += fmt.Sprintf("| %s | %s |\n", name, strings.Join(t.rows[name], " | "))
	}
	return text + "\n" + t.below()
}
