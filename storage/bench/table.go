package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// table prints the figures in at most 100 columns.
func table(figures []figure, rounds int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "base: framed and checksummed file I/O, no engine. Medians of %d rounds in which the two took turns.\n", rounds)
	fmt.Fprintf(&b, "ratio: how many times as fast as base. %s, %d cores. Compare ratios of one run only.\n", runtime.Version(), runtime.GOMAXPROCS(0))
	value := 0
	for _, f := range figures {
		if f.value != value {
			value = f.value
			fmt.Fprintf(&b, "\n%-46s %-9s %8s %8s %6s  %s\n", fmt.Sprintf("values of %d B", value), "unit", "base", "engine", "ratio", "aim")
		}
		line := fmt.Sprintf("%-46s %-9s %8s %8s %6s  %s", f.name, f.unit, number(f.base), number(f.engine), f.ratioText(), f.aimText())
		fmt.Fprintln(&b, strings.TrimRight(line, " "))
	}
	return b.String()
}

// number prints about three significant digits, without an exponent.
func number(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func (f figure) ratioText() string {
	if f.faster == share {
		return ""
	}
	return fmt.Sprintf("%.2f", f.ratio)
}

func (f figure) aimText() string {
	met, ok := f.met()
	if !ok {
		return ""
	}
	text := fmt.Sprintf("%.2f", f.aim)
	if f.absolute {
		text = fmt.Sprintf("%g %s", f.aim, f.unit)
	}
	if !met {
		return text + " missed"
	}
	return text + " met"
}

// report is the JSON form. Fields may be added; a change of meaning raises the version.
type report struct {
	Version int          `json:"version"`
	Go      string       `json:"go"`
	Cores   int          `json:"cores"`
	Quick   bool         `json:"quick"`
	Rounds  int          `json:"rounds"`
	Figures []figureJSON `json:"figures"`
}

type figureJSON struct {
	Name       string  `json:"name"`
	Unit       string  `json:"unit"`
	ValueBytes int     `json:"value_bytes"`
	Base       float64 `json:"base"`
	Engine     float64 `json:"engine"`
	Ratio      float64 `json:"ratio,omitempty"`
	Aim        string  `json:"aim,omitempty"`
}

func writeJSON(path string, figures []figure, s settings) error {
	r := report{Version: 1, Go: runtime.Version(), Cores: runtime.GOMAXPROCS(0), Quick: s.quick, Rounds: s.rounds}
	for _, f := range figures {
		r.Figures = append(r.Figures, figureJSON{strings.TrimSpace(f.name), f.unit, f.value, f.base, f.engine, f.ratio, f.aimText()})
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
