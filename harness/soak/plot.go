package soak

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// A plot is one picture of the page.
type plot struct {
	Title string
	SVG   template.HTML
}

// A curve is one figure over time.
type curve struct {
	name string
	of   func(Sample) float64
	unit func(float64) string
}

const (
	plotWidth, plotHeight = 420, 150
	plotLeft, plotBottom  = 64, 22
	plotPoints            = 400 // the most points of a curve
)

func plots(samples []Sample) []plot {
	number := func(v float64) string { return grouped(uint64(v)) }
	size := func(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }
	return []plot{
		{"Schedules a second", picture(samples, curve{"schedules a second", func(s Sample) float64 { return s.Schedules }, number})},
		{"Operations a second", picture(samples, curve{"operations a second", func(s Sample) float64 { return s.Operations }, number})},
		{"Coverage: pairs of failpoints, and (dashed) behaviours", picture(samples,
			curve{"pairs", func(s Sample) float64 { return float64(s.Pairs) }, number}, curve{"behaviours", func(s Sample) float64 { return float64(s.Behaviour) }, number})},
		{"Memory: resident, and (dashed) heap", picture(samples,
			curve{"resident", func(s Sample) float64 { return float64(s.Resident) }, size}, curve{"heap", func(s Sample) float64 { return float64(s.Heap) }, size})},
		{"Disk space of the campaign's folder", picture(samples, curve{"disk", func(s Sample) float64 { return float64(s.Disk) }, size})},
		{"Goroutines, and (dashed) open files", picture(samples,
			curve{"goroutines", func(s Sample) float64 { return float64(s.Goroutines) }, number}, curve{"open files", func(s Sample) float64 { return float64(s.Files) }, number})},
	}
}

// picture draws one or two curves, from zero up. Its HTML is safe: it has only numbers and the names above.
func picture(samples []Sample, curves ...curve) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWidth, plotHeight, curves[0].name)
	most, from, until := 0.0, time.Duration(0), time.Duration(0)
	for i, s := range samples {
		if i == 0 {
			from = s.Elapsed
		}
		until = s.Elapsed
		for _, c := range curves {
			most = math.Max(most, c.of(s))
		}
	}
	fmt.Fprintf(&b, `<path class="axis" d="M%d 4V%dH%d"/>`, plotLeft, plotHeight-plotBottom, plotWidth-4)
	fmt.Fprintf(&b, `<text x="%d" y="14" text-anchor="end">%s</text><text x="%d" y="%d" text-anchor="end">0</text>`, plotLeft-4, curves[0].unit(most), plotLeft-4, plotHeight-plotBottom)
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text>`, plotLeft, plotHeight-6, short(from), plotWidth-4, plotHeight-6, short(until))
	step := max(1, (len(samples)+plotPoints-1)/plotPoints)
	for n, c := range curves {
		class := [...]string{"first", "second"}[n]
		fmt.Fprintf(&b, `<path class="%s" d="`, class)
		command := "M"
		for i := 0; i < len(samples); i += step {
			v := c.of(samples[i])
			if v == 0 && strings.HasSuffix(c.name, "a second") {
				continue // a round of another kind
			}
			x := plotLeft + float64(plotWidth-4-plotLeft)*share(float64(samples[i].Elapsed-from), float64(until-from))
			y := 4 + float64(plotHeight-plotBottom-4)*(1-share(v, most))
			fmt.Fprintf(&b, "%s%.1f %.1f", command, x, y)
			command = "L"
		}
		b.WriteString(`"/>`)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func share(v, of float64) float64 {
	if of <= 0 {
		return 0
	}
	return v / of
}
