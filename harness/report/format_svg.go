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
	svgRow    = 22
	svgStep   = 46
	svgLane   = 230
	svgState  = 110
	svgHead   = 88
	svgRows   = 60 // at most
	svgLetter = 7  // what a letter takes
)

//go:embed assets/timeline.css
var svgStyle string

// writeSVG draws the timeline: a lane for each thread, time downwards. It is light or dark as its surroundings are.
func writeSVG(w io.Writer, r *Report) error {
	rows := r.Run.fold(svgRows)
	fields := min(2, len(r.Run.Fields))
	width := svgStep + max(1, len(r.Run.Threads))*svgLane + fields*svgState + 10
	height := svgHead + len(rows)*svgRow + 16
	s := &svg{width: width, bottom: svgHead}
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="t d">`, width, height, width, height)
	s.printf(`<title id="t">%s</title><desc id="d">%s</desc><style>%s</style>`, escaped(r.title()), escaped(r.Detail), escaped(svgStyle))
	s.printf(`<rect class="page" width="%d" height="%d"/>`, width, height)
	s.text(10, 24, "title", clip(r.title(), (width-20)/9))
	s.text(10, 46, "", clip(r.Detail, (width-20)/svgLetter))
	for i, name := range r.Run.Threads {
		x := s.lane(i)
		s.text(x-6, svgHead-14, "name", clip(name, svgLane/svgLetter-2))
		s.printf(`<line class="lane" x1="%d" y1="%d" x2="%d" y2="%d"/>`, x, svgHead-8, x, height-12)
	}
	for i := range fields {
		s.text(width-(fields-i)*svgState, svgHead-14, "name", clip(r.Run.Fields[i], svgState/svgLetter-1))
	}
	for _, row := range rows {
		s.row(&r.Run, row, fields)
	}
	s.printf("</svg>\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// title is the first line of a report.
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
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.Builder, format+"\n", args...) }

func (s *svg) lane(thread int) int { return svgStep + thread*svgLane + 12 }

func (s *svg) text(x, y int, class, text string) {
	s.printf(`<text x="%d" y="%d" class="%s">%s</text>`, x, y, class, escaped(text))
}

func (s *svg) row(r *Run, row Row, fields int) {
	y := s.bottom + svgRow/2
	s.bottom += svgRow
	if row.Kind == KindSwitch || row.Kind == KindPreemption {
		x1, x2 := s.lane(max(0, row.Thread)), s.lane(max(0, row.To))
		s.printf(`<path class="%s" d="M%d %d L%d %d" />`, row.Kind, x1, y, x2, y)
		if row.To >= 0 && x1 != x2 {
			back := 7
			if x2 > x1 {
				back = -7
			}
			s.printf(`<path class="%s head" d="M%d %d l%d -4 v8 z"/>`, row.Kind, x2, y, back)
		}
		s.text(min(x1, x2)+12, y-4, row.Kind, clip(row.Text, (s.width-min(x1, x2)-20)/(svgLetter+1)))
		return
	}
	if row.Step > 0 {
		s.text(8, y+4, "step", fmt.Sprint(row.Step))
	}
	x := s.lane(max(0, row.Thread))
	room := (s.width - fields*svgState - x - 20) / svgLetter
	switch row.Kind {
	case KindPoint:
		s.printf(`<circle class="point" cx="%d" cy="%d" r="4"/>`, x, y)
	case kindFolded:
	default:
		s.printf(`<rect class="%s" x="%d" y="%d" width="10" height="10"/>`, row.Kind, x-5, y-5)
	}
	s.text(x+12, y+4, row.Kind, clip(strings.TrimSpace(row.Text), room))
	for i := range fields {
		if i < len(row.State) {
			s.text(s.width-(fields-i)*svgState, y+4, "state", clip(row.State[i], svgState/svgLetter-1))
		}
	}
}

// escaped is text for XML.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
