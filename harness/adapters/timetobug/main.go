// Command timetobug draws the tables of make race-to-bug: for each strategy, how many of the programs it has shown the bug of within a
// number of schedules, by the medians. A strategy that found a bug with half of the seeds or fewer does not count there.
//
//	go run ./timetobug ../sched/README.md ../sched/time-to-bug.svg
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/scripts/pages"
)

// commands made the tables of the page.
var commands = []string{
	"racewindow run ./scripts/racetobug -readme harness/sched/README.md",
	"racewindow run ./scripts/racetobug -planted -readme harness/sched/README.md",
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "timetobug: give the page with the tables, and the file for the plot: timetobug ../sched/README.md ../sched/time-to-bug.svg")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "timetobug:", err)
		os.Exit(3)
	}
}

func run(page, file string) error {
	all, programs, err := read(page)
	if err != nil {
		return err
	}
	var drawn bytes.Buffer
	if err := draw(all, programs, &drawn); err != nil {
		return err
	}
	return output.Write(file, drawn.Bytes())
}

// A series is a column of the tables.
type series struct {
	name    string
	medians []int // in order, of the programs whose bug it found with most seeds
}

// read returns the columns of both tables, and how many programs they have.
func read(page string) (all []series, programs int, err error) {
	for _, command := range commands {
		text, err := pages.Made(page, command)
		if err != nil {
			return nil, 0, err
		}
		header, rows := pages.Table(text)
		if len(rows) == 0 {
			return nil, 0, fmt.Errorf("%s has no table of '%s': run make race-to-bug", page, command)
		}
		programs += len(rows)
		for i, name := range header[1:] {
			at := slices.IndexFunc(all, func(s series) bool { return s.name == name })
			if at < 0 {
				at, all = len(all), append(all, series{name: name})
			}
			for _, row := range rows {
				if n, ok := median(row[i+1]); ok {
					all[at].medians = append(all[at].medians, n)
				}
			}
		}
	}
	for i := range all {
		slices.Sort(all[i].medians)
	}
	return all, programs, nil
}

var number = regexp.MustCompile(`^\d+`)

// median reads a cell; not ok if most seeds found nothing.
func median(cell string) (n int, ok bool) {
	n, err := strconv.Atoi(number.FindString(strings.TrimSpace(cell)))
	return n, err == nil
}

// most is where the curves end, as the searches do.
const most = 5000

func draw(all []series, programs int, to io.Writer) error {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("Bugs found, of %d", programs)
	p.X.Label.Text = "schedules (executions of plain goroutines)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks{{Value: 1, Label: "1"}, {Value: 10, Label: "10"}, {Value: 100, Label: "100"}, {Value: 1000, Label: "1000"}}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 1, most, 0, float64(programs)
	p.Legend.Top, p.Legend.Left = true, true
	for i, s := range all {
		points := plotter.XYs{{X: 1, Y: 0}}
		for k, n := range s.medians {
			points = append(points, plotter.XY{X: float64(max(n, 1)), Y: float64(k + 1)})
		}
		points = append(points, plotter.XY{X: most, Y: float64(len(s.medians))})
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.StepStyle = plotter.PostStep
		line.Color, line.Dashes, line.Width = plotutil.Color(i), plotutil.Dashes(i/7), vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(s.name, line)
	}
	picture, err := p.WriterTo(8*vg.Inch, 5*vg.Inch, "svg")
	if err != nil {
		return err
	}
	_, err = picture.WriteTo(to)
	return err
}
