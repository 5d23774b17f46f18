// Planted bugs: patches that exist in one build only. They are applied before markers are searched, so a planted failpoint
// fires, and planting a line moves no marker of the author's.
//
// A hunk must fit in exactly one place of its file. The line numbers of a patch do not help to decide between two: a bug in
// the wrong one of two equal functions looks like a bug that nobody can find. Nor are they needed: a hunk that fits once is
// planted there, however far unrelated edits have moved it.

package overlay

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
	"golang.org/x/mod/modfile"
)

// A PlantError says which patches cannot be planted: the line of the patch, the file, and the remedy for each.
type PlantError struct{ Problems Problems }

func (e *PlantError) Error() string { return e.Problems.Error() }

// plant applies the patches to the files of the build, in order.
func (b *build) plant(files []string) error {
	if len(files) == 0 {
		return nil
	}
	if !b.inModule() {
		return usage("--plant counts the paths of a patch from the root of a module, and %s is in none: go there with -C", b.g.dir)
	}
	var problems Problems
	for _, file := range files {
		path := absolute(b.g.dir, file)
		text, err := os.ReadFile(path)
		if err != nil {
			return usage("cannot read the patch of --plant: %v", err)
		}
		p, err := parsePatch(path, text)
		if err == nil {
			err = b.plantPatch(p)
		}
		if err != nil && !problems.collect(err) {
			return err
		}
	}
	if len(problems) == 0 {
		return nil
	}
	_ = problems.orNil(b.g.dir) // sorts the problems and shortens their file names
	return &PlantError{problems}
}

// inModule says whether the folder of the call lies in a module of the build. In a workspace the go command also reports a
// go.mod further up that the workspace does not use.
func (b *build) inModule() bool {
	mod, work := b.g.settings.GOMOD, b.g.settings.GOWORK
	if mod == "" || mod == os.DevNull {
		return false
	}
	if work == "" {
		return true
	}
	text, err := b.disk.read(work)
	if err != nil {
		return false
	}
	parsed, err := modfile.ParseWork(work, text, nil)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(parsed.Use, func(use *modfile.Use) bool {
		return absolute(filepath.Dir(work), filepath.FromSlash(use.Path)) == filepath.Dir(mod)
	})
}

// plantPatch applies one patch, or reports everything that prevents it.
func (b *build) plantPatch(p *patch) error {
	var problems Problems
	for _, change := range p.files {
		pf, f, err := b.find(p, change)
		if err == nil {
			err = b.plantFile(p, change, pf, f)
		}
		if err != nil && !problems.collect(err) {
			return err
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// find returns the file of the build that a patch changes, and sets the name that messages use for it.
func (b *build) find(p *patch, change *patchedFile) (*packageFiles, *sourceFile, error) {
	root := filepath.Dir(b.g.settings.GOMOD)
	refuse := func(what, remedy string) error {
		return Problems{{File: p.path, Line: change.hunks[0].line, What: change.name + " " + what, Remedy: remedy}}
	}
	exists := false
	for _, name := range change.names() {
		path := filepath.Join(root, filepath.FromSlash(name))
		if filepath.IsAbs(filepath.FromSlash(name)) || !beneath(path, root) {
			return nil, nil, refuse("lies outside of the module in "+root, "write the patch in the module: git diff --relative > bug.patch")
		}
		for _, pf := range b.chosen {
			for _, f := range pf.files {
				if f.path == path {
					change.name = name
					return pf, f, nil
				}
			}
		}
		_, err := os.Stat(path)
		exists = exists || err == nil
	}
	if exists {
		return nil, nil, refuse("is no Go file of this build ("+b.scope()+")",
			"name a package that it belongs to or that imports it; files of tests are built by racewindow test only")
	}
	return nil, nil, refuse("does not exist in the module in "+root,
		"after a/ and b/, paths are relative to the module's root: write the patch there with git diff --relative > bug.patch")
}

// plantFile applies the hunks of one file, and checks the result.
func (b *build) plantFile(p *patch, change *patchedFile, pf *packageFiles, f *sourceFile) error {
	lines := f.authored()
	places, problems := change.places(p, lines)
	if len(problems) > 0 {
		return problems
	}
	before := f.content
	f.lines = b.edit(p, change, lines, places)
	f.content = []byte(joined(f.lines))
	refuse := func(line int, what, remedy string) error {
		return Problems{{File: p.path, Line: line, What: change.name + ": " + what, Remedy: remedy}}
	}
	first := change.hunks[0].line
	if string(f.content) == string(before) {
		return refuse(first, "the patch is empty: it changes nothing", "change something, and git diff > bug.patch")
	}
	file, err := parser.ParseFile(token.NewFileSet(), f.path, f.content, parser.SkipObjectResolution)
	if err != nil {
		var list scanner.ErrorList
		if l, ok := err.(scanner.ErrorList); ok {
			list = l
		}
		if list.Len() == 0 {
			return fmt.Errorf("look at %s with %s planted: %w", f.path, p.path, err)
		}
		at := f.lines[min(list[0].Pos.Line, len(f.lines))-1]
		if at.file == "" {
			at = authoredLine{file: f.path, line: at.line}
		}
		return refuse(first, fmt.Sprintf("with the patch it is no Go: %s:%d: %s", at.file, at.line, list[0].Msg),
			"apply the patch to the tree, repair it until it compiles, and write it again")
	}
	if path := b.unknownImport(pf, file); path != "" {
		return refuse(first, fmt.Sprintf("the patch imports %s, which this build does not contain, so its failpoints would stay silent", path),
			"name that package on the command line too, or import it in the sources")
	}
	return nil
}

// places returns the indexes of the lines at which the hunks fit.
func (change *patchedFile) places(p *patch, lines []authoredLine) (places []int, problems Problems) {
	end := 0
	for _, h := range change.hunks {
		refuse := func(what, remedy string) {
			problems = append(problems, Problem{
				File: p.path, Line: h.line, What: fmt.Sprintf("%s, hunk %s: %s", change.name, h.header, what), Remedy: remedy,
			})
		}
		found := occurrences(lines, h.before())
		switch {
		case len(found) == 0 && h.planted(lines):
			refuse("the tree already holds this change", "git checkout "+change.name+", or leave out --plant")
		case len(found) == 0:
			refuse("it no longer applies: "+difference(lines, h), "make the change again in the tree, and git diff > bug.patch")
		case len(found) > 1:
			refuse(fmt.Sprintf("it is ambiguous, because it fits at lines %d and %d", lines[found[0]].line, lines[found[1]].line),
				"give it more context: git diff -U10 > bug.patch")
		case found[0] < end:
			refuse("it fits only before the end of the hunk above it", "make the change again in the tree, and git diff > bug.patch")
		default:
			places, end = append(places, found[0]), found[0]+len(h.before())
		}
	}
	return places, problems
}

// planted says whether the file already looks as it would after the hunk. If the hunk only deletes lines, only the context
// around them can tell that they are gone, and not that they never were there.
func (h hunk) planted(lines []authoredLine) bool {
	first, last := h.lines[0], h.lines[len(h.lines)-1]
	adds := slices.ContainsFunc(h.lines, func(l hunkLine) bool { return l.op == gitdiff.OpAdd })
	around := first.op == gitdiff.OpContext && last.op == gitdiff.OpContext
	return (adds || around) && len(occurrences(lines, h.after())) > 0
}

// occurrences returns the indexes at which the lines hold texts.
func occurrences(lines []authoredLine, texts []string) (found []int) {
	for i := 0; len(texts) > 0 && i+len(texts) <= len(lines); i++ {
		if holds(lines[i:], texts) == len(texts) {
			found = append(found, i)
		}
	}
	return found
}

// holds returns how many of texts the lines begin with.
func holds(lines []authoredLine, texts []string) int {
	for i, text := range texts {
		if i == len(lines) || lines[i].text != text {
			return i
		}
	}
	return len(texts)
}

// difference says where the file differs from the hunk, at the place for which the hunk was made.
func difference(lines []authoredLine, h hunk) string {
	texts, start := h.before(), max(h.position-1, 0)
	if start >= len(lines) {
		return fmt.Sprintf("the file has %d lines, and the hunk was made for line %d", len(lines), h.position)
	}
	n := holds(lines[start:], texts)
	if start+n == len(lines) {
		return "the file ends there"
	}
	at := lines[start+n]
	return fmt.Sprintf("line %d is %q, where the patch has %q", at.line, strings.TrimSpace(at.text), strings.TrimSpace(texts[min(n, len(texts)-1)]))
}

// edit returns the lines after the hunks are applied. A planted line counts as written in the patch.
func (b *build) edit(p *patch, change *patchedFile, lines []authoredLine, places []int) (edited []authoredLine) {
	name := p.path
	if trim := b.g.inv.flags["trimpath"]; trim != "" && trim != "false" {
		name = filepath.Base(name)
	}
	at := 0
	for i, h := range change.hunks {
		edited = append(edited, lines[at:places[i]]...)
		at = places[i]
		for _, l := range h.lines {
			switch l.op {
			case gitdiff.OpAdd:
				edited = append(edited, authoredLine{l.text, name, l.line})
			case gitdiff.OpContext:
				edited = append(edited, lines[at])
				at++
			case gitdiff.OpDelete:
				at++
			}
		}
	}
	return append(edited, lines[at:]...)
}

// unknownImport returns an import of a package that may hold markers (it is not in the standard library), but is not part of
// this build; "" if there is none.
func (b *build) unknownImport(pf *packageFiles, file *ast.File) string {
	module := ""
	if pf.listed.Module != nil {
		module = pf.listed.Module.Path
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		first, _, _ := strings.Cut(path, "/")
		standard := !strings.Contains(first, ".") && path != module && !strings.HasPrefix(path, module+"/")
		known := slices.ContainsFunc(b.packages, func(p *listedPackage) bool { return p.ImportPath == path })
		if err == nil && !standard && !known {
			return path
		}
	}
	return ""
}
