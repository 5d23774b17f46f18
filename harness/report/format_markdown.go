package report

import (
	"fmt"
	"io"
	"strings"
)

// writeMarkdown writes GitHub's flavour, for a step summary or an issue. What broke, how to see it again and the timeline
// are visible at once; the rest is folded.
func writeMarkdown(w io.Writer, r *Report) error {
	var b strings.Builder
	title := "FAIL"
	if !r.failed() {
		title = "PASS"
	}
	fmt.Fprintf(&b, "### %s %s\n\n", title, markdown(r.Promise))
	if r.Sentence != "" {
		fmt.Fprintf(&b, "> %s\n\n", markdown(r.Sentence))
	}
	fmt.Fprintf(&b, "**%s**  \n%s\n\n%s\n", markdown(r.Detail), markdown(r.sizes()), strings.TrimSuffix(fenced("sh", r.Replay), "\n"))
	if r.Replays > 0 {
		fmt.Fprintf(&b, "replayed %d of %d times\n\n", r.Replayed, r.Replays)
	}
	if len(r.Run.Rows) > 0 {
		b.WriteString(fenced("text", timelineText(&r.Run, 34)))
	}
	for _, text := range append(r.windowTexts(), r.passes(), r.perhapsFewer()) {
		if what, rest, ok := strings.Cut(text, ": "); ok {
			fmt.Fprintf(&b, "- **%s**: %s\n", markdown(what), markdown(rest))
		}
	}
	b.WriteString("\n")
	r.markdownWithout(&b)
	if r.Passing != nil {
		fmt.Fprintf(&b, "<details><summary>The nearest run that passes</summary>\n\n%s\n</details>\n\n", fenced("text", timelineText(&r.Passing.Run, 34)))
	}
	if r.Log != "" {
		fmt.Fprintf(&b, "<details><summary>What the test wrote</summary>\n\n%s\n</details>\n\n", fenced("text", r.Log))
	}
	if r.Stack != "" {
		fmt.Fprintf(&b, "<details><summary>Stack</summary>\n\n%s\n</details>\n\n", fenced("text", r.Stack))
	}
	if r.Claim != "" {
		fmt.Fprintf(&b, "%s\n\n", markdown(r.Claim))
	}
	if r.SecondOpinion != "" {
		fmt.Fprintf(&b, "%s\n", markdown(r.SecondOpinion))
	}
	fmt.Fprintf(&b, "\n[What the words mean](%s)\n", Glossary)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdownWithout(b *strings.Builder) {
	if len(r.Without) == 0 {
		return
	}
	b.WriteString("<details><summary>What each part is needed for</summary>\n\n| the case | schedules | shows |\n|---|---:|---|\n")
	for _, w := range r.Without {
		shows := "holds"
		if w.Shows != "" {
			shows = w.Shows
		}
		if !w.Exhausted {
			shows += ", not all were tried"
		}
		fmt.Fprintf(b, "| %s | %d | %s |\n", markdown(w.What), w.Schedules, markdown(shows))
	}
	b.WriteString("\n</details>\n\n")
}

// timelineText returns only the timeline.
func timelineText(r *Run, lines int) string {
	var b strings.Builder
	for _, line := range r.timeline(maxColumns, lines) {
		b.WriteString(strings.TrimRight(line.text, " ") + "\n")
	}
	return b.String()
}

// fenced returns a code block. Its fence is longer than any run of backquotes in the text.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n\n"
}

// markdown escapes whatever could be markup, HTML or a mention.
func markdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case strings.ContainsRune("\\`*_{}[]()#+!|~$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case strings.ContainsRune("<>&@", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '\n':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
