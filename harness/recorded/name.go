package recorded

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/racewindow/racewindow/failpoints/raceoff"
)

// homeVariable names the folder in which Make makes folders.
const homeVariable = "RACEWINDOW_HOME_OF_FOLDERS"

// prefix begins the name of each folder that Make makes.
const prefix = "racewindow-"

var (
	made raceoff.Number // counts the folders of this process
	name = regexp.MustCompile(`[^\s"]*/` + prefix + `\d+-\d{6,}-\d+`)
)

// pattern is for os.MkdirTemp. No other folder of this process had such a name before, because an engine may remember the names of the
// folders that it has open, and an execution that ends early closes nothing. (Random numbers alone would repeat themselves: each
// execution has the same.)
func pattern() string { return fmt.Sprintf("%s%d-%06d-*", prefix, os.Getpid(), made.Add(1)) }

// Placeless returns the text with DIR instead of the folders that Make has made. Each execution has a folder of its own, and equal errors
// must have equal texts.
func Placeless(text string) string {
	if !strings.Contains(text, prefix) {
		return text
	}
	return name.ReplaceAllLiteralString(text, "DIR")
}
