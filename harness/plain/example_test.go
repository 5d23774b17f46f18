package plain_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/plain"
)

// A token is one schedule of one test, as a line of text.
func ExampleParseToken() {
	token, err := plain.ParseToken("v1 test=TestCache/full; @ main/serve#1@(*Cache).Get.RLock#2>main")
	fmt.Println(token.Test, len(token.Schedule), err)
	fmt.Println(token)

	_, err = plain.ParseToken("v2 test=TestCache")
	fmt.Println(err)
	// Output:
	// TestCache/full 1 <nil>
	// v1 test=TestCache/full; @ main/serve#1@(*Cache).Get.RLock#2>main
	// not a token of a plain test: a token begins with 'v1 test=NAME', and "v2 test=TestCache" does not
}
