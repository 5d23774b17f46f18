// Patches as git diff prints them. A library parses them. This file checks what can be planted, and finds the line of the
// patch on which each hunk stands, so that messages and traces can name it.

package overlay

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// A patch is one file that --plant names.
type patch struct {
	path  string
	text  string
	files []*patchedFile
}

// A patchedFile is what a patch changes in one file.
type patchedFile struct {
	name  string // with forward slashes, as the patch names it
	hunks []hunk
}

// A hunk replaces one run of lines, including context, by another.
type hunk struct {
	line     int    // of its header in the patch
	header   string // up to the second @@
	position int    // of its first line in the file from which the patch was made: only a hint
	lines    []hunkLine
}

// A hunkLine is one line of a hunk, with its newline.
type hunkLine struct {
	op   gitdiff.LineOp
	text string
	line int // in the patch
}

// before returns the lines that the hunk looks for.
func (h hunk) before() (texts []string) {
	for _, l := range h.lines {
		if l.op != gitdiff.OpAdd {
			texts = append(texts, l.text)
		}
	}
	return texts
}

// after returns the lines that it leaves.
func (h hunk) after() (texts []string) {
	for _, l := range h.lines {
		if l.op != gitdiff.OpDelete {
			texts = append(texts, l.text)
		}
	}
	return texts
}

// parsePatch parses a patch. Its errors are Problems.
func parsePatch(path string, text []byte) (*patch, error) {
	refuse := func(line int, what, remedy string) (*patch, error) {
		return nil, Problems{{File: path, Line: line, What: what, Remedy: remedy}}
	}
	const again = "write it with git diff > bug.patch"
	files, _, err := gitdiff.Parse(bytes.NewReader(text))
	switch {
	case err != nil:
		return refuse(1, "this is no patch: "+err.Error(), again)
	case len(files) == 0:
		return refuse(1, "the patch is empty", "change a file of the module, and "+again)
	}
	p := &patch{path: path, text: string(text)}
	lines := strings.SplitAfter(string(text), "\n")
	at := 0
	for _, file := range files {
		if what := unplantable(file); what != "" {
			return refuse(at+1, what, "plant a change of the text of a file that exists, and nothing else")
		}
		f := &patchedFile{name: file.OldName}
		for _, fragment := range file.TextFragments {
			start := findFragment(lines, at, fragment)
			if start < 0 {
				return refuse(at+1, fmt.Sprintf("%s: the hunk %s cannot be found again", file.OldName, header(fragment.Header())), again)
			}
			h := newHunk(lines, start, fragment)
			if len(h.before()) == 0 {
				return refuse(h.line, fmt.Sprintf("%s: the hunk %s has no context that says where it belongs", f.name, h.header),
					again+" with at least one line of context (-U3 is the default)")
			}
			f.hunks = append(f.hunks, h)
			at = start + 1
		}
		p.files = append(p.files, f)
	}
	return p, nil
}

// unplantable says why the change of a file is more than a change of its text; "" if it is not.
func unplantable(f *gitdiff.File) string {
	name := f.OldName
	if name == "" {
		name = f.NewName
	}
	switch {
	case f.IsBinary:
		return name + " is a binary file"
	case f.IsNew:
		return name + " is a new file, and the build would not contain it"
	case f.IsDelete:
		return name + " is deleted, and the build would contain it all the same"
	case f.IsRename, f.IsCopy:
		return fmt.Sprintf("%s becomes %s", f.OldName, f.NewName)
	case len(f.TextFragments) == 0:
		return name + " has no changed line"
	}
	return ""
}

// findFragment returns the index of the line with the fragment's header, from or later; -1 if there is none.
func findFragment(lines []string, from int, fragment *gitdiff.TextFragment) int {
	for i := from; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], "@@ -") && len(fragmentLines(lines, i, fragment)) == len(fragment.Lines) {
			return i
		}
	}
	return -1
}

// fragmentLines returns the lines after the header at index start, as long as they match the fragment.
func fragmentLines(lines []string, start int, fragment *gitdiff.TextFragment) (found []hunkLine) {
	at := start + 1
	for _, l := range fragment.Lines {
		if at < len(lines) && strings.HasPrefix(lines[at], `\`) { // "\ No newline at end of file"
			at++
		}
		if at == len(lines) || strings.TrimSuffix(lines[at], "\n") != strings.TrimSuffix(l.Op.String()+l.Line, "\n") && !emptyContext(lines[at], l) {
			return found
		}
		found = append(found, hunkLine{l.Op, l.Line, at + 1})
		at++
	}
	return found
}

// emptyContext says whether a line of a patch is an empty line of context whose leading space an editor has removed.
func emptyContext(line string, l gitdiff.Line) bool {
	return l.Op == gitdiff.OpContext && line == "\n" && l.Line == "\n"
}

func newHunk(lines []string, start int, fragment *gitdiff.TextFragment) hunk {
	return hunk{
		line: start + 1, header: header(lines[start]), position: int(fragment.OldPosition),
		lines: fragmentLines(lines, start, fragment),
	}
}

// header returns a hunk's header without the function that git names after it.
func header(line string) string {
	const mark = "@@"
	if _, rest, ok := strings.Cut(line, mark); ok {
		middle, _, _ := strings.Cut(rest, mark)
		return mark + middle + mark
	}
	return strings.TrimSpace(line)
}

// names returns the paths, relative to the module's root, that a name in a patch can mean. The library removes git diff's
// first folder, a/, if the patch has git's headers, and keeps it if another diff wrote the patch.
func (f *patchedFile) names() []string {
	candidates := []string{path.Clean(f.name)}
	if _, rest, ok := strings.Cut(f.name, "/"); ok {
		candidates = append(candidates, path.Clean(rest))
	}
	return candidates
}
