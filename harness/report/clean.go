package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits in bytes at which texts of a report are cut. A case is never cut in half, because half a case replays nothing.
const (
	maxName  = 256
	maxText  = 2 << 10
	maxStack = 64 << 10
	maxCase  = 1 << 20
)

// clean makes a text safe to print anywhere: valid UTF-8, no control characters, no characters that change the direction of
// text, and no longer than limit. Replaced characters become Go escapes.
func clean(text string, limit int) string {
	if len(text) <= limit && plain(text) {
		return text // the length to keep if the text is too long, and where the rest of the text begins
	}
	room := limit - len(" ... and 9223372036854775807 bytes more")
	var b strings.Builder
	kept, from := 0, 0 // the length to keep if the text is too long, and where the rest of the text begins
	for i, r := range text {
		if b.Len() <= room {
			kept, from = b.Len(), i
		}
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case r != ' ' && !unicode.IsPrint(r):
			q := fmt.Sprintf("%+q", r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
		if b.Len() > limit {
			return fmt.Sprintf("%s ... and %d bytes more", b.String()[:kept], len(text)-from)
		}
	}
	return b.String()
}

func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cleanLines is clean for a text of several lines; each tab becomes four blanks.
func cleanLines(text string, limit int) string {
	lines := strings.Split(text, "\n")
	size := 0
	for i, line := range lines {
		lines[i] = clean(strings.ReplaceAll(line, "\t", "    "), maxText)
		if size += len(lines[i]) + 1; size > limit {
			return strings.Join(append(lines[:i], "..."), "\n")
		}
	}
	return strings.Join(lines, "\n")
}

// sanitize cleans every text of a report that may come from elsewhere.
func (r *Report) sanitize() {
	for _, text := range []*string{&r.Verdict, &r.Promise, &r.Class, &r.Package} {
		*text = clean(*text, maxName)
	}
	for _, text := range []*string{&r.Sentence, &r.Detail, &r.Size, &r.From, &r.SecondOpinion, &r.Claim} {
		*text = clean(*text, maxText)
	}
	r.Case, r.Replay = clean(r.Case, maxCase), clean(r.Replay, 2*maxCase)
	r.Log, r.Stack = cleanLines(r.Log, maxStack), cleanLines(r.Stack, maxStack)
	r.Run.sanitize()
	if r.Passing != nil {
		r.Passing.Change = clean(r.Passing.Change, maxText)
		r.Passing.sanitize()
	}
	for i := range r.Windows {
		w := &r.Windows[i]
		for _, text := range []*string{&w.Thread, &w.From, &w.To, &w.FromSource, &w.ToSource, &w.Other} {
			*text = clean(*text, maxName)
		}
	}
	for i := range r.Without {
		r.Without[i].What, r.Without[i].Shows = clean(r.Without[i].What, maxText), clean(r.Without[i].Shows, maxName)
	}
	for i := range r.Sources {
		r.Sources[i].File = clean(r.Sources[i].File, maxText)
		for j, line := range r.Sources[i].Lines {
			r.Sources[i].Lines[j] = cleanSource(line)
		}
	}
}

// cleanSource cleans a line of Go source; each tab becomes four blanks.
func cleanSource(line string) string {
	return clean(strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", "    "), maxText)
}

func (r *Run) sanitize() {
	r.Case, r.Outcome = clean(r.Case, maxCase), clean(r.Outcome, maxText)
	for i := range r.Threads {
		r.Threads[i] = clean(r.Threads[i], maxName)
	}
	for i := range r.Fields {
		r.Fields[i] = clean(r.Fields[i], maxName)
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		row.Kind, row.Text = knownKind(row.Kind), clean(row.Text, maxText)
		row.File, row.Function = clean(row.File, maxText), clean(row.Function, maxText)
		for j := range row.State {
			row.State[j] = clean(row.State[j], maxText)
		}
	}
	for i := range r.History {
		r.History[i].Text, r.History[i].Outcome = clean(r.History[i].Text, maxText), clean(r.History[i].Outcome, maxText)
	}
}

// knownKind returns kind, or KindNote for a kind that a later version may have added. (Kinds become class names of
// elements.)
func knownKind(kind string) string {
	switch kind {
	case KindBegin, KindPoint, KindSwitch, KindPreemption, KindFailure:
		return kind
	}
	return KindNote
}
