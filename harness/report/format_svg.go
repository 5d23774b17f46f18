package report

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	svgRow      = 22
	svgStep     = 46
	svgLane     = 160 // the smallest width of a thread's lane
	svgWideLane = 460 // the largest width of a thread's lane
	svgState    = 110
	svgHead     = 88
	svgRows     = 60 // the most rows
	svgMargin   = 12 // between a line and a text
	svgFont     = 12
	svgTitle    = 15
)

// Widths of letters, as fractions of the font size. The picture does not know which font will show it, so these are upper
// bounds for common monospaced fonts.
const (
	letterWidth = 0.625
	wideWidth   = 1.1 // for characters that usually come from another font: Chinese, emoji, and everything that is not Latin
)

//go:embed assets/timeline.css
var svgStyle string

// writeSVG draws the timeline: a lane for each thread, time downwards. It is light or dark like the page around it.
func writeSVG(w io.Writer, r *Report) error {
	rows := r.Run.fold(svgRows)
	fields := min(2, len(r.Run.Fields))
	s := &svg{bottom: svgHead, lanes: r.Run.svgLanes(rows), fields: fields}
	s.width = s.lanes[len(s.lanes)-1] + fields*svgState + 10
	height := svgHead + len(rows)*svgRow + 16
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`, s.width, height, s.width, height)
	s.printf(`<title id="t">%s</title><desc id="d">%s</desc><style>%s</style>`, escaped(r.title()), escaped(r.Detail), escaped(svgStyle))
	s.printf(`<rect class="page" width="%d" height="%d"/>`, s.width, height)
	s.text(10, 24, "title", clipTo(r.title(), s.width-20, svgTitle))
	s.text(10, 46, "", clipTo(r.Detail, s.width-20, svgFont))
	for i, name := range r.Run.Threads {
		x := s.lane(i)
		s.text(x-6, svgHead-14, "name", clipTo(name, s.roomAfter(i)+svgMargin, svgFont))
		s.printf(`<line class="lane" x1="%d" y1="%d" x2="%d" y2="%d"/>`, x, svgHead-8, x, height-12)
	}
	for i := range fields {
		s.text(s.state(i), svgHead-14, "name", clipTo(r.Run.Fields[i], svgState-svgMargin, svgFont))
	}
	for _, row := range rows {
		s.row(row)
	}
	s.printf("</svg>\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// title returns the first line of a report.
func (r *Report) title() string {
	if !r.failed() {
		return strings.TrimSpace("PASS " + r.Promise)
	}
	return "FAIL " + r.Promise
}

// An svg is a picture that grows downwards.
type svg struct {
	strings.Builder
	width, bottom int
	lanes         []int // the x of each thread's line, and of the end of the last lane
	fields        int
}

// svgLanes makes each thread's lane wide enough for its texts, so that no text crosses the line of another thread.
func (r *Run) svgLanes(rows []Row) []int {
	widths := make([]int, max(1, len(r.Threads)))
	for i := range widths {
		widths[i] = svgLane
	}
	for _, row := range rows {
		i := max(0, row.Thread)
		if row.Kind == KindSwitch || row.Kind == KindPreemption {
			i = min(i, max(0, row.To))
		}
		widths[i] = max(widths[i], min(svgWideLane, textWidth(strings.TrimSpace(row.Text), svgFont)+3*svgMargin))
	}
	lanes := []int{svgStep + svgMargin}
	for _, width := range widths {
		lanes = append(lanes, lanes[len(lanes)-1]+width)
	}
	return lanes
}

// textWidth returns an upper bound for the width of a text, in pixels.
func textWidth(text string, size int) int {
	width := 0.0
	for _, r := range text {
		if r < 0x300 {
			width += letterWidth * float64(size)
		} else {
			width += wideWidth * float64(size)
		}
	}
	return int(width) + 1
}

// clipTo shortens a text that may be wider than pixels.
func clipTo(text string, pixels, size int) string {
	if textWidth(text, size) <= pixels {
		return text
	}
	letters := []rune(text)
	for len(letters) > 0 && textWidth(string(letters)+"...", size) > pixels {
		letters = letters[:len(letters)-1]
	}
	return string(letters) + "..."
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.Builder, format+"\n", args...) }

func (s *svg) lane(thread int) int { return s.lanes[thread] }

// roomAfter returns the room for a text in a lane: up to the next thread's line.
func (s *svg) roomAfter(lane int) int { return s.lanes[lane+1] - s.lanes[lane] - 2*svgMargin }

// state returns the x at which the column of a field begins.
func (s *svg) state(field int) int { return s.width - (s.fields-field)*svgState }

func (s *svg) text(x, y int, class, text string) {
	s.printf(`<text x="%d" y="%d" class="%s">%s</text>`, x, y, class, escaped(text))
}

func (s *svg) row(row Row) {
	y := s.bottom + svgRow/2
	s.bottom += svgRow
	lane := max(0, row.Thread)
	if row.Kind == KindSwitch || row.Kind == KindPreemption {
		s.change(row, y)
		return
	}
	if row.Step > 0 {
		s.text(8, y+4, "step", fmt.Sprint(row.Step))
	}
	x := s.lane(lane)
	switch row.Kind {
	case KindPoint:
		s.printf(`<circle class="point" cx="%d" cy="%d" r="4"/>`, x, y)
	case kindFolded:
	default:
		s.printf(`<rect class="%s" x="%d" y="%d" width="10" height="10"/>`, row.Kind, x-5, y-5)
	}
	s.text(x+svgMargin, y+4, row.Kind, clipTo(strings.TrimSpace(row.Text), s.roomAfter(lane), svgFont))
	for i := range s.fields {
		if i < len(row.State) {
			s.text(s.state(i), y+4, "state", clipTo(row.State[i], svgState-svgMargin, svgFont))
		}
	}
}

// change draws the line from one thread to the next one, with the reason above it.
func (s *svg) change(row Row, y int) {
	from, to := max(0, row.Thread), max(0, row.To)
	x1, x2 := s.lane(from), s.lane(to)
	s.printf(`<path class="%s" d="M%d %d L%d %d" />`, row.Kind, x1, y, x2, y)
	if row.To >= 0 && x1 != x2 {
		back := 7
		if x2 > x1 {
			back = -7
		}
		s.printf(`<path class="%s head" d="M%d %d l%d -4 v8 z"/>`, row.Kind, x2, y, back)
	}
	lane := min(from, to)
	s.text(s.lane(lane)+svgMargin, y-4, row.Kind, clipTo(row.Text, s.roomAfter(lane), svgFont))
}

// escaped returns a text escaped for XML.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder never fails
	return b.String()
}
