// A test process that ends by itself while objects run freely.

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/report"
)

// endings begin the line with which a Go program says why it ends by itself, notOfTheCode are those that say nothing about the code.
var (
	endings      = []string{"panic: ", "fatal error: "}
	notOfTheCode = []string{"panic: test timed out", "fatal error: runtime: out of memory", "fatal error: all goroutines are asleep"}
)

// deathIn returns what a process said when a panic or a fatal error of the code under test ended it: from that line on. It is "" if nothing of
// that kind ended it, or if the code that panicked is racewindow's own.
func deathIn(output string) (said string) {
	lines := strings.SplitAfter(output, "\n")
	begins := func(line string, with []string) bool {
		return slices.ContainsFunc(with, func(w string) bool { return strings.HasPrefix(line, w) })
	}
	at := slices.IndexFunc(lines, func(line string) bool { return begins(line, endings) })
	if at < 0 || begins(lines[at], notOfTheCode) || strings.HasPrefix(culprit(lines[at:]), ownPackages) {
		return ""
	}
	return strings.TrimSpace(strings.Join(lines[at:], ""))
}

// ownPackages begins the import paths of this module.
const ownPackages = "github.com/racewindow/racewindow/"

// culprit is the innermost function of the goroutine that ended its process, without those of Go's runtime.
func culprit(lines []string) string {
	running := false
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "goroutine ") && running:
			return ""
		case strings.HasPrefix(line, "goroutine "):
			running = true
		case !running || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "panic(") || strings.HasPrefix(line, "runtime."):
		default:
			return line
		}
	}
	return ""
}

// mostOfDeath is the most bytes of what the process said that a report shows.
const mostOfDeath = 4000

// died reports that a process has ended by itself, if that is a finding. It is none where power was lost under a disk in memory: that disk is
// dead then, and the object may be too.
func (r *checkRun) died(output string) (found bool) {
	said := deathIn(output)
	if said == "" || r.order.Mode != drive.Stress && (r.order.Mode != drive.Crash || !slices.Contains(r.byRuntime, r.current.Package)) {
		return false
	}
	first, _, _ := strings.Cut(said, "\n")
	again := fmt.Sprintf("racewindow %s -run '%s'%s --seed %d (the Go scheduler has its say: it may take another try)", r.verb, exactly([]string{r.current.Test}), r.order.Again, r.order.Seed)
	made := report.WithoutExecution("NoPanic", "NoPanic", "an operation that returns when it is executed alone does not panic beside others",
		"a process under load ended by itself: "+first, again, said[:min(len(said), mostOfDeath)])
	var data bytes.Buffer
	if format, err := report.FormatByName("json"); err == nil {
		_ = format.Write(&data, made) // a Buffer never fails
	}
	var text strings.Builder
	_ = made.WriteText(&text, cmp.Or(r.order.Columns, 100), report.Palette{}) // nor does a Builder
	fmt.Fprintf(&text, "\n%s\n", made.Stack)
	e := drive.Event{Event: drive.Found, Package: r.current.Package, Test: r.current.Test, Text: text.String(), Code: exitViolated, Report: bytes.TrimSpace(data.Bytes())}
	fmt.Fprintln(r.out, e.Text)
	r.write(e)
	r.worst, r.kept = 1, append(r.kept, e)
	return true
}
