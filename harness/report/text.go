package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/racewindow/racewindow/harness/columns"
)

// The maximal size of a report on a terminal, and the smallest width for which it is laid out.
const (
	maxColumns = 100
	minColumns = 40
	maxLines   = 40
)

// A Palette holds the escape sequences that highlight text; the zero Palette writes plain text.
type Palette struct{ Bad, Good, Dim, Bold, Off string }

// ANSI is the palette of a terminal.
var ANSI = Palette{Bad: "\x1b[31;1m", Good: "\x1b[32;1m", Dim: "\x1b[2m", Bold: "\x1b[1m", Off: "\x1b[0m"}

// indent begins the continuation lines of a wrapped text.
const indent = "     "

// WriteText writes the report for a terminal with width columns: at most 100 columns and 40 lines. Only the replay command
// may be wider. Its words are never broken, and a command that would take too many lines becomes one long line at the end.
func (r *Report) WriteText(w io.Writer, width int, p Palette) error {
	lines := r.lines(min(max(width, minColumns), maxColumns))
	if r.replayIsLong(min(max(width, minColumns), maxColumns)) {
		lines = append(lines, textLine{text: r.Replay, whole: true})
	}
	for _, line := range lines {
		if color := line.color(p); color != "" {
			line.text = color + line.text + p.Off
		}
		if _, err := fmt.Fprintln(w, line.text); err != nil {
			return err
		}
	}
	return nil
}

// A textLine is a line with its role.
type textLine struct {
	text  string
	what  byte // a key of color
	whole bool // never cut, because it is part of a command to paste
}

func (l textLine) color(p Palette) string {
	return map[byte]string{'!': p.Bad, '+': p.Good, '-': p.Dim, '*': p.Bold}[l.what]
}

// lines returns the whole report. The explanations come first and last. The timeline gets the room between them, and leaves
// out its least important rows.
func (r *Report) lines(width int) []textLine {
	head := r.head(width)
	foot := r.foot(width)
	const fewest = 12 // rows of a timeline that still says something
	if over := len(head) + len(foot) + fewest - maxLines; over > 0 {
		foot = shortened(foot, max(3, len(foot)-over))
	}
	head = shortened(head, maxLines-len(foot)-fewest)
	lines := append(head, r.Run.timeline(width, maxLines-len(head)-len(foot))...)
	lines = append(lines, foot...)
	for i := range lines {
		if !lines[i].whole {
			lines[i].text = strings.TrimRight(clip(lines[i].text, width), " ")
		}
	}
	return lines
}

// replayLines is how many lines the replay command may take at the top.
const replayLines = 8

// replayIsLong says whether the command is too long for the top.
func (r *Report) replayIsLong(width int) bool {
	return len(columns.Command(replayHead+r.Replay, width, replayIndent)) > replayLines
}

const (
	replayHead   = "replay: "
	replayIndent = "        "
)

// replay returns the command that executes the case again, complete, so that it can be pasted.
func (r *Report) replay(width int) (lines []textLine) {
	if r.replayIsLong(width) {
		text := fmt.Sprintf("%sthe last line is the command, %d letters long", replayHead, utf8.RuneCountInString(r.Replay))
		for _, line := range columns.Wrap(text, width, replayIndent) {
			lines = append(lines, textLine{text: line, what: '*'})
		}
		return lines
	}
	for _, line := range columns.Command(replayHead+r.Replay, width, replayIndent) {
		lines = append(lines, textLine{text: strings.TrimRight(line, " "), what: '*', whole: true})
	}
	return lines
}

// shortened leaves out lines from the middle, and says how many.
func shortened(lines []textLine, room int) []textLine {
	if len(lines) <= room || room < 2 {
		return lines
	}
	cut := textLine{text: fmt.Sprintf("%s... %d lines more", indent, len(lines)-room+1), what: '-'}
	return append(append(append([]textLine(nil), lines[:room-2]...), cut), lines[len(lines)-1])
}

func (r *Report) head(width int) (lines []textLine) {
	add := func(what byte, text, rest string, most int) {
		for i, line := range columns.Wrap(clip(text, (most+2)*width), width, rest) {
			if i == most {
				lines[len(lines)-1].text = clip(lines[len(lines)-1].text+" ...", width)
				break
			}
			lines = append(lines, textLine{text: line, what: what})
		}
	}
	title, what := "FAIL "+r.Promise, byte('!')
	if !r.failed() {
		title, what = "PASS "+r.Promise, '+'
	}
	if r.Sentence != "" {
		title += fmt.Sprintf("  %q", r.Sentence)
	}
	add(what, strings.TrimSpace(title), indent, 3)
	most := 4
	if r.Plain { // the detail says where each waiting goroutine stands, which is what the report is about
		most = max(most, 8*maxColumns/width)
	}
	add(0, indent+r.Detail, indent, most)
	add(0, indent+r.sizes(), indent, 3)
	if r.Replay != "" {
		lines = append(lines, r.replay(width)...)
	}
	if r.Replays > 0 {
		add(0, fmt.Sprintf("%sreplayed %d of %d times", replayIndent, r.Replayed, r.Replays), replayIndent, 1)
	}
	return lines
}

// sizes says what the case consists of, and from what it was shrunk.
func (r *Report) sizes() string {
	if r.From == "" {
		return r.Size
	}
	text := r.Size + "; shrunk from " + r.From
	if r.Shrink != nil && r.Shrink.Took > 0 {
		text += " in " + duration(r.Shrink.Took)
	}
	return text
}

func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func (r *Report) foot(width int) (lines []textLine) {
	add := func(what byte, text string) {
		for _, line := range columns.Wrap(text, width, "        ") {
			lines = append(lines, textLine{text: line, what: what})
		}
	}
	for _, text := range r.windowTexts() {
		add('*', text)
	}
	if text := r.passes(); switched.MatchString(text) {
		for _, line := range columns.Words(text, width, "        ") {
			lines = append(lines, textLine{text: line, what: '+', whole: switched.MatchString(line)})
		}
	} else if text != "" {
		add('+', text)
	}
	if r.failed() && !r.minimal() {
		add(0, "The case may not be minimal: not everything could be tried in the time allowed.")
	}
	for _, text := range r.needed() {
		add('-', text)
	}
	if r.Claim != "" {
		add('+', r.Claim)
	}
	if r.SecondOpinion != "" {
		add('-', r.SecondOpinion)
	}
	return lines
}

// windowTexts says what should be atomic.
func (r *Report) windowTexts() (texts []string) {
	if r.NoSwitch && r.failed() {
		if len(r.Run.Threads) > 1 {
			return []string{"window: none, it fails without any switch: each thread goes on until it waits or ends"}
		}
		return []string{"window: none, it fails without any switch: what a thread does alone is wrong"}
	}
	for _, w := range r.Windows {
		text := fmt.Sprintf("window: %s%s .. %s%s of %s must be atomic: %s goes on in it", w.From, bracket(w.FromSource), w.To, bracket(w.ToSource), w.Thread, w.Other)
		if w.From == w.To && w.FromSource == w.ToSource {
			text = fmt.Sprintf("window: what %s does before and after %s%s must be atomic: %s goes on there", w.Thread, w.From, bracket(w.FromSource), w.Other)
		}
		texts = append(texts, text)
	}
	return texts
}

func bracket(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// switched matches a switch of a schedule, which may be longer than a line.
var switched = regexp.MustCompile(`(^| )[^ ]+@[^ ]+#\d+(>|=)[^ ]+`)

// passes describes the nearest passing execution.
func (r *Report) passes() string {
	t := r.Passing
	if t == nil {
		return ""
	}
	text := "passes: " + t.Change
	if i, j := r.Run.row(t.Differs), t.row(t.Differs); i >= 0 && j >= 0 {
		text += fmt.Sprintf("; from step %d on: %s instead of %s", t.Differs, t.doing(j), r.Run.doing(i))
	}
	return text
}

// doing says what the row's thread does.
func (r *Run) doing(i int) string {
	row := r.Rows[i]
	if name := r.thread(row.Thread); name != "" {
		return name + " " + row.Text
	}
	return row.Text
}

// needed says what each part of the case is needed for: what all schedules without it show.
func (r *Report) needed() (texts []string) {
	var hold, open []string
	unit := "" // of the first number
	for _, w := range toldOnce(r.Without) {
		switch {
		case w.Exhausted && w.Shows != "":
			texts = append(texts, fmt.Sprintf("needed: %s shows %s instead, in %s", w.What, w.Shows, columns.Count(w.Schedules, "schedule")))
		case w.Exhausted:
			if len(hold) == 0 {
				_, unit, _ = strings.Cut(columns.Count(w.Schedules, "schedule"), " ")
			}
			hold = append(hold, fmt.Sprintf("%s (%d)", w.What, w.Schedules))
		default:
			open = append(open, fmt.Sprintf("%s (%d)", w.What, w.Schedules))
		}
	}
	if len(open) > 0 {
		texts = append([]string{"perhaps needed, not all schedules were tried: " + strings.Join(open, ", ")}, texts...)
	}
	if len(hold) > 0 {
		hold[0] = strings.TrimSuffix(hold[0], ")") + " " + unit + ")"
		texts = append([]string{"needed: all schedules hold " + strings.Join(hold, ", ")}, texts...)
	}
	if text := r.perhapsFewer(); text != "" {
		texts = append(texts, text)
	}
	return texts
}

// perhapsFewer says that fewer preemptions may be enough; "" if that is known.
func (r *Report) perhapsFewer() string {
	if r.Shrink == nil || r.Shrink.Fewer == 0 {
		return ""
	}
	what, with := "the preemption", "without one"
	if r.Preemptions > 1 {
		what, with = preemptions(r.Preemptions), "with fewer"
	}
	return fmt.Sprintf("perhaps needed, not all schedules were tried: %s (%s %s)", what, columns.Count(r.Shrink.Fewer, "schedule"), with)
}

// toldOnce joins elements with the same words: two of three threads may be merged in several ways.
func toldOnce(all []Without) (told []Without) {
	var ways []int
	for _, w := range all {
		w.What, _, _ = strings.Cut(w.What, ": ")
		same := slices.IndexFunc(told, func(t Without) bool { return t.What == w.What && t.Exhausted == w.Exhausted && t.Shows == w.Shows })
		if same < 0 {
			told, ways = append(told, w), append(ways, 1)
			continue
		}
		told[same].Schedules += w.Schedules
		ways[same]++
	}
	for i, n := range ways {
		if n > 1 {
			told[i].What += fmt.Sprintf(", in each of %d ways", n)
		}
	}
	return told
}

func clip(text string, columns int) string {
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:max(0, columns-3)]) + "..."
}

// clipName keeps the end of a goroutine's name, such as main/serve#1, because the beginning repeats its parent's name.
func clipName(name string, columns int) string {
	if letters := []rune(name); strings.Contains(name, "/") && len(letters) > columns && columns > 3 {
		return "..." + string(letters[len(letters)-columns+3:])
	}
	return clip(name, columns)
}

func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-utf8.RuneCountInString(text)))
}
