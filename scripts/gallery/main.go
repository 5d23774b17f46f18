// Command gallery writes a page for the analysed bug and one for each of its fixes, with links between them. Each page shows an
// execution of the engine of this module. It needs failpoints: make gallery.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/harness/explore"
	"github.com/racewindow/racewindow/harness/output"
	"github.com/racewindow/racewindow/harness/report"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/shrink"
	cases "github.com/racewindow/racewindow/harness/subjects/log"
)

// A Page shows one case.
type Page struct {
	File, Title, About string
	// Case is shrunk if it fails. If it holds, its program is explored exhaustively.
	Case   string
	Report *report.Report
}

// theBug is the schedule of the analysed bug, for any hand-over.
const theBug = "v1 scenario=log handover=%s; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/metadata-loaded#1>w0"

// preemptions is the bound for the schedules of a fix.
const preemptions = 2

var pages = []*Page{
	{
		File: "bug.html", Title: "The bug", Case: fmt.Sprintf(theBug, "stale"),
		About: "A reader loads the metadata and decides to look in memory. The writer flushes and clears that place. The reader finds nothing, though the record is acknowledged and on the disk.",
	},
	{
		File: "bug-partial.html", Title: "The bug, a part",
		About: "The same, with the flush between two records of the tail: the reader gets the first and not the second, of one transaction.",
		Case:  "v1 scenario=log handover=stale; w0: append 2, flush; r0: read - end; @ w0@op#1>r0, r0@read/between-tail-records#1>w0",
	},
	{
		File: "option-a-written.html", Title: "Option A, as written",
		About: "Look at the metadata once more before the tail is read. As the analysis writes it, equal counts as changed: a read of the tail goes to a file that has nothing. No other thread is needed.",
		Case:  "v1 scenario=log handover=recheckliteral; w0: append 1, read - end",
	},
	{
		File: "option-a-meant.html", Title: "Option A, as meant",
		About: "With the comparison put right the window is smaller, but still there: after the second look.",
		Case:  "v1 scenario=log handover=recheck; w0: append 1, flush; r0: read - end; @ w0@op#1>r0, r0@read/rechecked#1>w0",
	},
	{
		File: "shipped.html", Title: "What shipped", Case: fmt.Sprintf(theBug, "fallback"),
		About: "If the tail ends short of the bound it must have been cleared, so read the file instead. The schedule of the bug passes.",
	},
	{
		File: "shipped-gap.html", Title: "What shipped, a gap",
		About: "A bound between two records that exist is never reached. Such a read goes to the file, whether the records are there or not.",
		Case:  "v1 scenario=log handover=fallback; w0: append 1, append 1, read - 1.+",
	},
	{
		File: "option-b.html", Title: "Option B", Case: fmt.Sprintf(theBug, "retain"),
		About: "A flush retires a generation of the tail, which goes when the readers that may need it have left.",
	},
	{
		File: "option-c.html", Title: "Option C, the default", Case: fmt.Sprintf(theBug, "snapshot"),
		About: "The metadata carries its own tail, which nobody clears. The reader keeps what it decided upon.",
	},
}

//go:embed index.html
var indexText string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gallery DIR")
		os.Exit(2)
	}
	if err := write(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(3)
	}
}

func write(ctx context.Context, folder string) error {
	if err := failpoints.Require("the gallery", "make gallery"); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	links := []report.Link{{Name: "index.html", Title: "Gallery"}}
	for _, p := range pages {
		links = append(links, report.Link{Name: p.File, Title: p.Title})
	}
	for _, p := range pages {
		if err := p.make(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.File, err)
		}
		var html bytes.Buffer
		for i := range links {
			links[i].Here = links[i].Name == p.File
		}
		if err := p.Report.WritePage(&html, report.Surroundings{Links: links, About: p.About}); err != nil {
			return fmt.Errorf("%s: %w", p.File, err)
		}
		if err := output.Write(filepath.Join(folder, p.File), html.Bytes()); err != nil {
			return err
		}
	}
	index, err := template.New("index").Parse(indexText)
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := index.Execute(&html, pages); err != nil {
		return err
	}
	return output.Write(filepath.Join(folder, "index.html"), html.Bytes())
}

// make executes the page's case. It leaves out how long that took, so that the same engine makes the same page.
func (p *Page) make(ctx context.Context) error {
	c, err := cases.Parse(p.Case)
	if err != nil {
		return err
	}
	if p.Report, err = report.OfCase(c.General()); err != nil {
		return err
	}
	if p.Report.Verdict == report.Held {
		p.Report.Claim, err = claim(ctx, c)
		return err
	}
	m, err := shrink.Minimize(ctx, c.General(), shrink.Limits{})
	if err != nil {
		return err
	}
	if p.Report, err = report.New(m, c.General(), m.Preemptions); err == nil {
		p.Report.Shrink.Took = 0
	}
	return err
}

// claim executes every schedule of a program within the bound, and returns the claim.
func claim(ctx context.Context, c cases.Case) (string, error) {
	c.Switches = nil
	scenario, err := c.Scenario()
	if err != nil {
		return "", err
	}
	r, err := sched.Search(ctx, scenario, sched.Options{Strategy: "bounded", Preemptions: preemptions})
	switch {
	case err != nil:
		return "", err
	case len(r.Findings) > 0 || !r.ExhaustedTo(preemptions):
		return "", fmt.Errorf("%v does not hold, or not all was tried: %v", c, r.Findings)
	}
	return explore.Claim(r.Exhausted[len(r.Exhausted)-1], c.General(), "bounded", len(r.Points), nil), nil
}
