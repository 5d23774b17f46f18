// Builds of changed sources for other packages, and the parts of a go command that these need to know.

package overlay

import "path/filepath"

// change gives files of the build other texts, and adds files to packages.
func (b *build) change(texts, added map[string][]byte) {
	for _, pf := range b.chosen {
		for _, f := range pf.files {
			if text, is := texts[f.path]; is {
				f.content = text
			}
		}
		for path, text := range added {
			if filepath.Dir(path) == pf.listed.Dir {
				pf.files = append(pf.files, &sourceFile{path: path, content: text})
			}
		}
	}
}

// An Invocation is what the arguments of a go command say.
type Invocation struct {
	Dir                     string            // the folder in which it runs, absolute
	Before, Packages, After []string          // its flags, its packages, and what follows these
	Flags                   map[string]string // the flags of the go command that it sets, without dashes; "true" if they take no value
	List                    []string          // those that decide which files belong to a build
}

// Read returns what the arguments of a command say. The error is a *UsageError.
func Read(c Command) (*Invocation, error) {
	inv, err := parseInvocation(c.Verb, c.Args)
	if err != nil {
		return nil, err
	}
	dir, err := workingDir(c, inv)
	if err != nil {
		return nil, err
	}
	return &Invocation{dir, inv.before, inv.listed(), inv.after, inv.flags, inv.forList()}, nil
}
