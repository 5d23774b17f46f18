// A change to a file of GOROOT, and the error if it does not fit.

package runtime

import (
	"fmt"
	goversion "go/version"
	"path"
	"regexp"
	"strings"
)

// An Edit is one change to a file of GOROOT/src.
type Edit struct {
	// Name identifies the edit in an error; it is unique.
	Name string
	// File is the path below GOROOT/src.
	File string
	// Anchor is text that must occur exactly once in the file, newlines included. Text replaces it.
	Anchor, Text string
	// Pattern is used instead of Anchor where many places change in the same way. It must match exactly Times times. Text is then a
	// template of package regexp.
	Pattern *regexp.Regexp
	Times   int
	// From is the first version of Go that the edit is for, such as go1.27. Before is the first that it is not for any more. "" means
	// no bound.
	From, Before string
	// Arch is the one architecture that the edit is for; "" for all.
	Arch string
	// Reason says why the edit is needed.
	Reason string
}

// An UnfitError says that an edit does not fit the installed Go.
type UnfitError struct {
	Edit    Edit
	Version string
	Found   int // how often the anchor occurs in the file; -1: there is no such file
}

func (e *UnfitError) Error() string {
	what := fmt.Sprintf("its anchor stands there %d times instead of %d", e.Found, e.Edit.times())
	if e.Found < 0 {
		what = "there is no such file"
	}
	return fmt.Sprintf("%s does not have the runtime that racewindow knows: edit %q of %s does not fit: %s", e.Version, e.Edit.Name, e.Edit.File, what)
}

// meant says whether the edit is for a version of Go and an architecture.
func (e Edit) meant(version, arch string) bool {
	lang := goversion.Lang(version)
	return (e.Arch == "" || e.Arch == arch) && (e.From == "" || goversion.Compare(lang, e.From) >= 0) && (e.Before == "" || goversion.Compare(lang, e.Before) < 0)
}

func (e Edit) times() int { return max(e.Times, 1) }

// apply makes the change in a file's text. found is how often the anchor occurs there; the result is right only if found equals
// times().
func (e Edit) apply(text string) (changed string, found int) {
	if e.Pattern != nil {
		found = len(e.Pattern.FindAllStringIndex(text, -1))
		return e.Pattern.ReplaceAllString(text, e.Text), found
	}
	return strings.Replace(text, e.Anchor, e.Text, 1), strings.Count(text, e.Anchor)
}

// enter is an edit that inserts statements at the start of the function with that head.
func enter(file, head, statements, reason string) Edit {
	return Edit{Name: named(file, head), File: file, Anchor: "\n" + head + "\n", Text: "\n" + head + "\n" + statements + "\n", Reason: reason}
}

// point is an edit that makes an operation of another package a point.
func point(file, head, op, address string) Edit {
	return enter(file, head, fmt.Sprintf("\tracewindowPoint(racewindow%s, unsafe.Pointer(%s))", op, address),
		"the operation is a place at which another goroutine may go on")
}

// within is an edit that replaces anchor in a file by text; name says which part of the file that is.
func within(file, name, anchor, text, reason string) Edit {
	return Edit{Name: path.Base(file) + ": " + name, File: file, Anchor: anchor, Text: text, Reason: reason}
}

// named makes a name from a function's head: "mutex.go: (*Mutex).Lock".
func named(file, head string) string {
	head = head[strings.LastIndexByte(head, '\n')+1:]
	head = strings.TrimSpace(strings.TrimPrefix(head, "func "))
	receiver, rest, method := strings.Cut(head, ") ")
	if method && strings.HasPrefix(receiver, "(") {
		name, _, _ := strings.Cut(rest, "(")
		return fmt.Sprintf("%s: (%s).%s", path.Base(file), receiver[strings.LastIndexByte(receiver, ' ')+1:], name)
	}
	name, _, _ := strings.Cut(head, "(")
	return path.Base(file) + ": " + name
}
