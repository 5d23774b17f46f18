package results

import (
	"fmt"
	"io"
	"strings"

	"github.com/racewindow/racewindow/harness/report"
)

// WriteAnnotations writes a workflow command for each finding. GitHub Actions shows it beside the line in the changed files. A
// known finding is a notice, any other an error. root is the checkout; paths of files are relative to it.
func WriteAnnotations(w io.Writer, all []Result, root string) error {
	for _, r := range all {
		for i := range r.Findings {
			f := &r.Findings[i]
			command := "error"
			if f.Known != "" {
				command = "notice"
			}
			properties := "title=" + inProperty("racewindow: "+f.title())
			if f.File != "" {
				properties = fmt.Sprintf("file=%s,line=%d,", inProperty(inRoot(f.File, root)), f.Line) + properties
			}
			if _, err := fmt.Fprintf(w, "::%s %s::%s\n", command, properties, inData(f.Report.Detail+"\n"+f.Report.Replay)); err != nil {
				return err
			}
		}
	}
	return nil
}

// inData escapes the text of a workflow command, inProperty the value of one of its properties.
func inData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func inProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// WriteSummary writes a step summary: how many tests have each verdict, and the report of each finding.
func WriteSummary(w io.Writer, all []Result) error {
	counts := map[string]int{}
	var verdicts []string
	for _, r := range all {
		if counts[r.Verdict]++; counts[r.Verdict] == 1 {
			verdicts = append(verdicts, r.Verdict)
		}
	}
	var b strings.Builder
	b.WriteString("## racewindow explore\n\n| verdict | tests |\n|---|---:|\n")
	for _, v := range verdicts {
		fmt.Fprintf(&b, "| %s | %d |\n", v, counts[v])
	}
	b.WriteString("\n")
	markdown, err := report.FormatByName("markdown")
	if err != nil {
		return err
	}
	for _, r := range all {
		for _, f := range r.Findings {
			if f.Known != "" {
				fmt.Fprintf(&b, "Known: `%s`\n\n", strings.ReplaceAll(f.Known, "`", "'"))
			}
			if err := markdown.Write(&b, f.Report); err != nil {
				return err
			}
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}
