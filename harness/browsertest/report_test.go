package browsertest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/racewindow/racewindow/harness/report"
)

func TestThePageOpensAtThePreemptionAndSteps(t *testing.T) {
	tab := openReport(t, page(t, load(t, "stale-empty")), 1440, 1000, "light")
	require.Contains(t, tab.text("#spoken"), "step 13: r0 read/metadata-loaded; sees persisted -")
	require.Contains(t, tab.text("#spoken"), "preemption: r0 could have gone on")
	require.Contains(t, tab.text("#states"), "r0: persisted -, visible 1.0 (step 13)")
	require.Contains(t, tab.text("#source .here"), "read/metadata-loaded")

	tab.run(chromedp.KeyEvent(kb.ArrowDown))
	require.Contains(t, tab.text("#spoken"), "step 14: w0 flush; first difference to the run that passes")
	tab.run(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.ArrowUp))
	require.Contains(t, tab.text("#spoken"), "step 12: r0 read/before-metadata")
	tab.run(chromedp.KeyEvent(kb.End))
	require.Contains(t, tab.text("#spoken"), "step 31: r0 FAIL: 1.0 missing")
	tab.run(chromedp.KeyEvent(kb.Home))
	require.Contains(t, tab.text("#spoken"), "step 1: w0 append 1")
	tab.run(chromedp.KeyEvent("d"))
	require.Contains(t, tab.text("#spoken"), "step 14")
	tab.click("#first", "#switch")
	require.Contains(t, tab.text("#spoken"), "step 10: w0 acknowledged 1.0; w0 between two operations")
	tab.click("#next", "#back", "#last", "#difference")
	require.Equal(t, 14, evaluate[int](tab, `Number(document.getElementById('step').value)`))
	tab.quiet()
}

// What the reader believes and what is so must be told apart at the step at which it matters.
func TestTheStateAtAStepIsDrawn(t *testing.T) {
	tab := openReport(t, page(t, load(t, "stale-empty")), 1440, 1000, "light")
	slide(tab, 29)
	failing := tab.text("#states > section:nth-child(1)")
	require.Contains(t, failing, "r0: persisted -, visible 1.0 (step 13) - no longer so")
	require.Regexp(t, `In memory \(tail\)\s+empty`, failing)
	require.Regexp(t, `On disk \(file\)\s+1\.0`, failing)
	require.Equal(t, "true", evaluate[string](tab, `document.querySelector('.run.fails [data-step="29"]').getAttribute('aria-selected')`))
	tab.quiet()
}

// slide moves the slider.
func slide(tab *tab, step int) {
	tab.t.Helper()
	evaluate[bool](tab, fmt.Sprintf(`(() => { const e = document.getElementById('step'); e.value = %d; return e.dispatchEvent(new Event('input')); })()`, step))
}

func TestSliderListAndLiveRegionAreNamedForAScreenReader(t *testing.T) {
	tab := openReport(t, page(t, load(t, "stale-empty")), 1440, 1000, "light")
	require.Contains(t, evaluate[string](tab, `document.getElementById('step').getAttribute('aria-valuetext')`), "read/metadata-loaded")
	require.Equal(t, "polite", evaluate[string](tab, `document.getElementById('spoken').getAttribute('aria-live')`))
	require.Equal(t, 2, evaluate[int](tab, `document.querySelectorAll('[role=listbox][aria-label][aria-activedescendant]').length`))
	require.True(t, evaluate[bool](tab, `!!document.getElementById(document.querySelector('[role=listbox]').getAttribute('aria-activedescendant'))`))
	require.Zero(t, evaluate[int](tab, `[...document.querySelectorAll('button,input')].filter(e => !(e.textContent.trim() || e.labels && e.labels.length)).length`))
	// Everything that can be operated can be reached with the tab key.
	seen := map[string]bool{}
	for range 30 {
		tab.run(chromedp.KeyEvent(kb.Tab))
		seen[evaluate[string](tab, `document.activeElement.id || document.activeElement.dataset.copy || document.activeElement.getAttribute('role') || ''`)] = true
	}
	for _, id := range []string{"first", "back", "next", "last", "switch", "difference", "step", "replay", "case", "listbox", "zoom-in"} {
		require.True(t, seen[id], "%s is not reached: %v", id, seen)
	}
	tab.quiet()
}

func TestTheCaseIsCopied(t *testing.T) {
	r := load(t, "stale-empty")
	tab := openReport(t, page(t, r), 1440, 1000, "light")
	for id, want := range map[string]string{"case": r.Case, "replay": r.Replay} {
		button := fmt.Sprintf(`[data-copy=%s]`, id)
		tab.click(button)
		tab.run(chromedp.WaitVisible(chromedp.CSS(button + `[data-state=copied]`)))
		require.Equal(t, want, evaluate[string](tab, `navigator.clipboard.readText()`))
	}
	tab.quiet()
}

func TestEveryReportOpensQuietlyInBothThemesAndOnAPhone(t *testing.T) {
	for _, name := range []string{"stale-empty", "stale-partial", "recheck", "fallback", "deadlock", "data-race", "stress"} {
		for _, form := range []struct {
			name          string
			width, height int64
			scheme        string
		}{{"light", 1440, 1000, "light"}, {"dark", 1440, 1000, "dark"}, {"phone", 390, 844, "light"}} {
			tab := openReport(t, page(t, load(t, name)), form.width, form.height, form.scheme)
			require.LessOrEqual(t, evaluate[int64](tab, `document.documentElement.scrollWidth`), form.width, "%s %s: the page is wider than the screen", name, form.name)
			tab.run(chromedp.KeyEvent(kb.End))
			require.Contains(t, tab.text("#spoken"), "FAIL")
			tab.run(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent("n"))
			tab.picture(name + "-" + form.name)
			tab.quiet()
		}
	}
}

// long is a run of many threads and steps, as a stress test would leave it.
func long(threads, steps int) *report.Report {
	r := &report.Report{
		Schema: report.Schema, Verdict: report.Violated, Promise: "ReadAfterWrite", Sentence: "a read that starts after an append returned yields its records",
		Detail: "missing 1.0", Case: "v1 scenario=log handover=stale; w0: append 1", Replay: "racewindow replay", Size: "many",
	}
	run := report.Run{Case: r.Case, Outcome: "fails", Fields: []string{"persisted", "tail", "visible", "file"}}
	for i := range threads {
		run.Threads = append(run.Threads, fmt.Sprintf("client-%d", i))
	}
	open := map[int]int{}
	for step := 1; step <= steps; step++ {
		thread := step * 7919 % threads
		row := report.Row{
			Step: step, Thread: thread, Kind: report.KindPoint, Text: "read/metadata-loaded", File: "example.com/m/read.go", Line: 10,
			State: []string{fmt.Sprintf("%d.0", step/50), strings.TrimSpace(strings.Repeat("1.0 ", step%9)), fmt.Sprintf("%d.0", step/40), "1.0 2.0"}, Learned: []int{0, 2},
		}
		switch i, running := open[thread]; {
		case !running:
			row.Kind, row.Text = report.KindBegin, "read - end"
			run.History = append(run.History, report.Interval{Thread: thread, Text: row.Text, From: step})
			open[thread] = len(run.History) - 1
		case step%11 == 0:
			row.Kind, row.Text = report.KindNote, "returns 3 records"
			run.History[i].To, run.History[i].Outcome = step, row.Text
			delete(open, thread)
		}
		run.Rows = append(run.Rows, row)
		if step%5 == 0 {
			run.Rows = append(run.Rows, report.Row{Kind: report.KindPreemption, Thread: thread, To: (thread + 1) % threads, Text: "preemption: it could have gone on"})
		}
	}
	r.Run = run
	r.Passing = &report.Twin{Run: run, Change: "without the preemption", Differs: steps / 2}
	return r
}

func TestFiftyThreadsAndFiveThousandStepsStayUsable(t *testing.T) {
	html := page(t, long(50, 5000))
	began := time.Now()
	tab := openReport(t, html, 1440, 1000, "light")
	opened := time.Since(began)
	require.LessOrEqual(t, evaluate[int](tab, `document.querySelectorAll('.row').length`), 400, "only the rows in sight are elements")
	// What one step takes: time depends on the machine and is only told, the elements that are made are the same everywhere.
	type cost struct{ Milliseconds, Made float64 }
	step := evaluate[cost](tab, `(async () => {
		const slider = document.getElementById('step'), steps = 100, began = performance.now();
		let made = 0;
		const all = list => list.forEach(m => m.addedNodes.forEach(n => { made += 1 + (n.querySelectorAll ? n.querySelectorAll('*').length : 0); }));
		const watch = new MutationObserver(all);
		watch.observe(document.body, { childList: true, subtree: true });
		for (let i = 0; i < steps; i++) {
			slider.value = 1 + i * 49;
			slider.dispatchEvent(new Event('input'));
			document.body.offsetHeight;
		}
		all(watch.takeRecords());
		return { Milliseconds: (performance.now() - began) / steps, Made: made / steps };
	})()`)
	require.Positive(t, step.Made)
	require.LessOrEqual(t, step.Made, 1000.0, "a step makes the elements in sight, not those of all steps")
	tab.click("#last")
	require.Contains(t, tab.text("#spoken"), "step 5000")
	tab.click("#zoom-in", "#zoom-in", "#zoom-out", "#zoom-all")
	tab.picture("long-light")
	t.Logf("%d KiB, open in %v, one step %.1f ms and %.0f elements", len(html)>>10, opened, step.Milliseconds, step.Made)
	tab.quiet()
}

// openReport opens a report's page.
func openReport(t *testing.T, page []byte, width, height int64, scheme string) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, page, 0o600))
	return open(t, "file://"+file, width, height, scheme, `html[data-ready="true"]`)
}

// load is one of the reports that are committed beside package report.
func load(t *testing.T, name string) *report.Report {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "report", "testdata", "reports", name+".json"))
	require.NoError(t, err)
	defer file.Close()
	r, err := report.Load(file)
	require.NoError(t, err)
	return r
}

func page(t *testing.T, r *report.Report) []byte {
	t.Helper()
	html, err := report.FormatByName("html")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, html.Write(&b, r))
	return b.Bytes()
}
