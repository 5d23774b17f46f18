package output_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/racewindow/racewindow/harness/output"
)

// Check finds out before a long run that its results could not be written. Write replaces a file as a whole.
func ExampleWrite() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)

	name := filepath.Join(folder, "report.txt")
	fmt.Println(output.Check(filepath.Join(folder, "no", "report.txt")) != nil, output.Check(name))
	fmt.Println(output.Write(name, []byte("held\n")))
	content, err := os.ReadFile(name)
	fmt.Printf("%q %v\n", content, err)
	// Output:
	// true <nil>
	// <nil>
	// "held\n" <nil>
}
