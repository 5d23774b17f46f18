package runtime

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed _added bubble
var added embed.FS

// Bubble is the import path that package bubble has in a build with the runtime.
const Bubble = "internal/racewindow/bubble"

// Added returns the files that are added to GOROOT/src, by their paths there.
func Added() map[string][]byte {
	files := map[string][]byte{}
	err := fs.WalkDir(added, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := added.ReadFile(name)
		if rest, inside := strings.CutPrefix(name, "_added/"); inside {
			files[rest] = content
		} else {
			files[Bubble+strings.TrimPrefix(name, "bubble")] = content
		}
		return err
	})
	if err != nil {
		panic(err) // embedded files can always be read
	}
	return files
}
