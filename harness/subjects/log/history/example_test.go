package history_test

import (
	"fmt"

	"github.com/racewindow/racewindow/harness/subjects/log/engine"
	"github.com/racewindow/racewindow/harness/subjects/log/history"
)

// An append is acknowledged, and a read that starts later does not yield its record. No order of the two explains that.
func ExampleJudge() {
	first := engine.Offset{Tx: 1}
	calls := []history.Call{
		{Client: 0, Kind: history.Append, Begin: 1, End: 2, Digests: []uint64{7}, At: first},
		{Client: 1, Kind: history.Read, Begin: 3, End: 4, UpTo: engine.Offset{Tx: 9}},
	}
	fmt.Println(history.Judge(calls))

	calls[1].Got = []history.Seen{{Offset: first, Digest: 7}}
	fmt.Println(history.Judge(calls))
	// Output:
	// unexplained 1
	// explained -1
}
