package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed assets/page.html
var pageText string

//go:embed assets/page.css
var pageStyle string

//go:embed assets/page.js
var pageScript string

var page = template.Must(template.New("page").Parse(pageText))

// A pageData is what the page is made from. The script gets the report as JSON, in an element that no browser executes.
type pageData struct {
	*Report
	Title   string
	Sizes   string
	Window  []string
	Passes  string
	Needed  []string
	Text    string
	Style   template.CSS
	Script  template.JS
	Related []Link
}

// A Link leads from one page to another of the same folder.
type Link struct{ Name, Title string }

// writeHTML writes one page that loads nothing: style, script, data and source lines are in it.
func writeHTML(w io.Writer, r *Report) error { return r.WritePage(w, nil) }

// WritePage is the page with links to others.
func (r *Report) WritePage(w io.Writer, related []Link) error {
	var text strings.Builder
	if err := r.WriteText(&text, maxColumns, Palette{}); err != nil {
		return err
	}
	return page.Execute(w, pageData{
		Report: r, Title: r.title(), Sizes: r.sizes(), Window: r.windowTexts(), Passes: r.passes(), Needed: r.needed(), Text: text.String(),
		Style: template.CSS(pageStyle), Script: template.JS(pageScript), Related: related, // both are files of this package
	})
}
