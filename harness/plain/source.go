package plain

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/raceoff"
	"github.com/racewindow/racewindow/harness/drive"
	"github.com/racewindow/racewindow/harness/sched"
	"github.com/racewindow/racewindow/harness/spelling"
)

//go:embed _added driver/*.go
var own embed.FS

// module begins the import paths in the driver's sources. beneath is where these sources lie in GOROOT/src.
const (
	module  = "github.com/racewindow/racewindow"
	beneath = "internal/racewindow"
)

// Driver returns the files that the overlay adds to GOROOT/src for the driver. A package's folder is the last part of its
// import path, so these parts must differ.
func Driver() map[string][]byte {
	files := map[string][]byte{}
	for name, source := range map[string]fs.FS{
		"failpoints": failpoints.Source, "failpoints/raceoff": raceoff.Source, "harness/drive": drive.Source,
		"harness/sched": sched.Source, "harness/spelling": spelling.Source,
	} {
		take(files, source, ".", path.Join(beneath, path.Base(name)))
	}
	take(files, own, "driver", path.Join(beneath, "driver"))
	take(files, own, "_added", "")
	return files
}

// take adds the sources of a folder except its tests, and rewrites the import paths of this module.
func take(files map[string][]byte, source fs.FS, from, to string) {
	err := fs.WalkDir(source, from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !wanted(source, name) {
			return err
		}
		content, err := fs.ReadFile(source, name)
		files[path.Join(to, strings.TrimPrefix(name, from+"/"))] = []byte(rewritten(name, string(content)))
		return err
	})
	if err != nil {
		panic(err) // embedded files can always be read
	}
}

// wanted says whether a file is part of the driver. The go command runs the assembler in a package's folder, but this
// folder exists only in the overlay. So the driver uses the files for architectures without assembly.
func wanted(source fs.FS, name string) bool {
	base := path.Base(name)
	if strings.HasSuffix(base, "_test.go") || base == "source.go" {
		return false
	}
	_, err := fs.Stat(source, strings.TrimSuffix(name, ".go")+"_other.go")
	return err != nil && strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_amd64.go") && !strings.HasSuffix(base, "_arm64.go")
}

// rewritten names the packages of this module by their paths beneath GOROOT/src. It makes a file for other architectures
// one for all.
func rewritten(name, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch from := strings.Index(line, `"`+module+"/"); {
		case from >= 0 && strings.HasSuffix(line, `"`):
			lines[i] = line[:from] + `"` + beneath + "/" + path.Base(strings.Trim(line[from:], `"`)) + `"`
		case strings.HasPrefix(line, "//go:build ") && strings.HasSuffix(name, "_other.go"):
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}
