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

// A pageData is the input of the page's template. The script gets the report as JSON, in an element that no browser
// executes.
type pageData struct {
	*Report
	Surroundings
	Title    string
	Sizes    string
	Window   []string
	Passes   string
	Needed   []string
	Text     string
	Glossary string
	Style    template.CSS
	Script   template.JS
}

// Surroundings are what a page shows besides its report if it is one of several pages.
type Surroundings struct {
	Links []Link
	// About is a paragraph above the report.
	About string
}

// A Link leads to another page in the same folder; Here says that it is the current page.
type Link struct {
	Name, Title string
	Here        bool
}

// writeHTML writes one page that loads nothing: it contains style, script, data and source lines.
func writeHTML(w io.Writer, r *Report) error { return r.WritePage(w, Surroundings{}) }

// WritePage writes the page with its surroundings.
func (r *Report) WritePage(w io.Writer, around Surroundings) error {
	var text strings.Builder
	if err := r.WriteText(&text, maxColumns, Palette{}); err != nil {
		return err
	}
	return page.Execute(w, pageData{
		Report: r, Surroundings: around, Title: r.title(), Sizes: r.sizes(), Window: r.windowTexts(), Passes: r.passes(), Needed: r.needed(),
		Text: text.String(), Glossary: Glossary, Style: template.CSS(pageStyle), Script: template.JS(pageScript), // both are files of this package
	})
}
