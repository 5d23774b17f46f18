package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A drawn is a text of a picture with its largest extent, or the line of a thread.
type drawn struct {
	text        string
	left, right int
	y           int
}

// drawings reads a picture: its width, its texts, and where the lines of the threads stand.
func drawings(t *testing.T, picture []byte) (width int, texts []drawn, lines []int) {
	t.Helper()
	number := func(e xml.StartElement, name string) int {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				n, err := strconv.Atoi(a.Value)
				require.NoError(t, err, name)
				return n
			}
		}
		t.Fatalf("%s has no %s", e.Name.Local, name)
		return 0
	}
	inside := false
	for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return width, texts, lines
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "svg":
				width = number(e, "width")
			case "line":
				require.Equal(t, number(e, "x1"), number(e, "x2"))
				lines = append(lines, number(e, "x1"))
			case "text":
				inside = true
				texts = append(texts, drawn{left: number(e, "x"), y: number(e, "y")})
			}
		case xml.EndElement:
			inside = false
		case xml.CharData:
			if inside {
				last := &texts[len(texts)-1]
				last.text += string(e)
				size := svgFont
				if last.y == 24 {
					size = svgTitle
				}
				last.right = last.left + textWidth(last.text, size)
			}
		}
	}
}

// No text runs over the line of a thread, over another text, or out of the picture, in a font of any common width.
func TestNoTextOfAPictureRunsOverAnything(t *testing.T) {
	t.Parallel()
	reports := map[string]*Report{}
	for _, name := range names {
		reports[name] = load(t, name)
	}
	for name, text := range hostile {
		reports["hostile "+name] = hostileReport(t, text)
	}
	many := load(t, "stale-empty")
	for i := range many.Run.Rows {
		many.Run.Rows[i].Text = strings.Repeat("a long text of a thread ", i%9)
	}
	reports["long texts"] = many
	for name, r := range reports {
		width, texts, lines := drawings(t, render(t, "svg", r))
		require.NotEmpty(t, texts, name)
		require.Len(t, lines, len(r.Run.Threads), name)
		for i, text := range texts {
			require.LessOrEqual(t, text.right, width, "%s: %q runs out of the picture", name, text.text)
			for _, x := range lines {
				require.False(t, text.y > svgHead-8 && text.left < x && x < text.right, "%s: %q runs over the line at %d", name, text.text, x)
			}
			for _, other := range texts[:i] {
				apart := text.y-other.y >= svgFont || other.y-text.y >= svgFont || text.right <= other.left || other.right <= text.left
				require.True(t, apart || text.text == "" || other.text == "", "%s: %q and %q run over each other", name, text.text, other.text)
			}
		}
	}
}
