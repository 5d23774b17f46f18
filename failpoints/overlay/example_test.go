package overlay_test

import (
	"fmt"

	"github.com/racewindow/racewindow/failpoints/overlay"
)

// The overlay's own flags are taken out, and the go command gets the rest as it is.
func ExampleParse() {
	c, help, err := overlay.Parse("test", []string{"-race", "--plant", "bug.patch", "-run", "TestCache", "./cache"})
	fmt.Println(c.Args, c.Plant, help, err)
	fmt.Println(overlay.Summary([]overlay.Marker{{Name: "cache/loaded", Kind: overlay.KindInject, File: "cache.go"}}))
	// Output:
	// [-race -run TestCache ./cache] [bug.patch] false <nil>
	// Spliced 1 marker in 1 file: 1 Inject.
}
