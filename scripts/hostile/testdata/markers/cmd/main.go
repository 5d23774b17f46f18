// Command cmd passes every marker once.
package main

import (
	"fmt"

	"example.com/g/mixed"
	"example.com/g/save"
	"github.com/pingcap/failpoint"
)

func main() {
	failpoint.Inject("start", func() { fmt.Println("started") })
	fmt.Println(save.Save(), mixed.Both())
}
