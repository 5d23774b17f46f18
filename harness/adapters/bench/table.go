package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// table prints the figures in at most 100 columns.
func table(figures []figure, s settings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Medians of %d rounds in turns, ± half of the way from smallest to largest, %%. %s, %d cores.\n",
		s.rounds, runtime.Version(), runtime.GOMAXPROCS(0))
	fmt.Fprintf(&b, "base: framed and checksummed file I/O, no engine. Compare figures of one run only.\n")
	for _, value := range s.values {
		of := slices.DeleteFunc(slices.Clone(figures), func(f figure) bool { return f.value != value })
		if len(of) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%-29s", fmt.Sprintf("%d B", value))
		for _, c := range s.contestants {
			fmt.Fprintf(&b, " %9s", c.name)
		}
		fmt.Fprintln(&b)
		for _, f := range of {
			fmt.Fprintf(&b, "%-29s", f.name+", "+f.unit)
			for i := range s.contestants {
				fmt.Fprintf(&b, " %9s", cell(f.rounds[i]))
			}
			fmt.Fprintln(&b)
		}
		b.WriteString(ratios(of, s.contestants))
	}
	return b.String()
}

// cell prints a median and its spread.
func cell(rounds []float64) string {
	if len(rounds) == 0 {
		return "-"
	}
	return fmt.Sprintf("%s ±%.0f", number(median(rounds)), min(999, 100*spread(rounds)))
}

// ratios says how many times as fast the engine is as base and as the best peer. It is empty without the engine and base.
func ratios(figures []figure, those []contestant) string {
	var b strings.Builder
	engine := slices.IndexFunc(those, func(c contestant) bool { return c.name == "engine" })
	base := slices.IndexFunc(those, func(c contestant) bool { return c.name == "base" })
	if engine < 0 {
		return ""
	}
	var peers []int
	for i := range those {
		if i != engine && i != base {
			peers = append(peers, i)
		}
	}
	fmt.Fprintf(&b, "%-29s %9s %12s %9s  %s\n", "  how many times as fast is", "base", "best peer", "of it", "aim")
	for _, f := range figures {
		if f.faster == share {
			continue
		}
		line := fmt.Sprintf("  engine: %-21s", f.name)
		toBase, aimed := "-", ""
		if base >= 0 {
			toBase, aimed = fmt.Sprintf("%.2f", f.ratio(engine, base)), f.aimText(engine, base)
		}
		best, toBest := "-", "-"
		if p := f.best(peers); p >= 0 {
			best, toBest = those[p].name, fmt.Sprintf("%.2f", f.ratio(engine, p))
		}
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%s %9s %12s %9s  %s", line, toBase, best, toBest, aimed), " "))
	}
	return b.String()
}

// number prints about three significant digits, without an exponent.
func number(x float64) string {
	switch {
	case x >= 1e6:
		return fmt.Sprintf("%.1fM", x/1e6)
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func (f figure) aimText(engine, base int) string {
	var met bool
	text := fmt.Sprintf("%.2f of base", f.aim)
	switch {
	case f.aim == 0:
		return ""
	case !f.absolute:
		met = f.ratio(engine, base) >= f.aim
	default:
		text = fmt.Sprintf("%g %s", f.aim, f.unit)
		met = f.faster == lower == (median(f.rounds[engine]) <= f.aim)
	}
	if !met {
		return text + ", missed"
	}
	return text + ", met"
}

// report is the JSON form. Fields may be added; a change of meaning raises the version.
type report struct {
	Version int          `json:"version"`
	Go      string       `json:"go"`
	Cores   int          `json:"cores"`
	Rounds  int          `json:"rounds"`
	Figures []figureJSON `json:"figures"`
}

type figureJSON struct {
	Name       string               `json:"name"`
	Unit       string               `json:"unit"`
	ValueBytes int                  `json:"value_bytes"`
	Rounds     map[string][]float64 `json:"rounds"` // of each contestant that offers it
}

func writeJSON(path string, figures []figure, s settings) error {
	r := report{Version: 2, Go: runtime.Version(), Cores: runtime.GOMAXPROCS(0), Rounds: s.rounds}
	for _, f := range figures {
		rounds := map[string][]float64{}
		for i, c := range s.contestants {
			if len(f.rounds[i]) > 0 {
				rounds[c.name] = f.rounds[i]
			}
		}
		r.Figures = append(r.Figures, figureJSON{strings.TrimSpace(f.name), f.unit, f.value, rounds})
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
