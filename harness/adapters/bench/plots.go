package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// plots draws each row as bars, a group for each contestant and a bar for each size of a value.
func plots(figures []figure, s settings) error {
	if err := os.MkdirAll(s.plots, 0o777); err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, f := range figures {
		name := fileName(f.row)
		if drawn[name] {
			continue
		}
		drawn[name] = true
		if err := draw(filepath.Join(s.plots, name), f.row, figures, s); err != nil {
			return fmt.Errorf("draw %s: %w", name, err)
		}
	}
	return nil
}

// fileName is a row's name in letters, digits and dashes.
func fileName(r row) string {
	words := strings.FieldsFunc(r.name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(words, "-")) + ".svg"
}

func draw(path string, r row, figures []figure, s settings) error {
	p := plot.New()
	p.Title.Text = strings.TrimSpace(r.name)
	p.Y.Label.Text = r.unit
	p.Y.Min = 0
	p.Legend.Top = true
	width := vg.Points(36 / float64(len(s.values)))
	for k, value := range s.values {
		heights := make(plotter.Values, len(s.contestants))
		for _, f := range figures {
			if f.value == value && f.name == r.name {
				for i := range s.contestants {
					heights[i] = median(f.rounds[i])
				}
			}
		}
		bars, err := plotter.NewBarChart(heights, width)
		if err != nil {
			return err
		}
		shade := uint8(40 + 160*k/max(1, len(s.values)))
		bars.Color = color.RGBA{R: shade, G: shade, B: 180, A: 255}
		bars.Offset = width * vg.Length(float64(k)-float64(len(s.values)-1)/2)
		p.Add(bars)
		p.Legend.Add(fmt.Sprintf("%d B", value), bars)
	}
	var names []string
	for _, c := range s.contestants {
		names = append(names, c.name)
	}
	p.NominalX(names...)
	return p.Save(vg.Length(float64(len(names)))*vg.Inch, 3*vg.Inch, path)
}
