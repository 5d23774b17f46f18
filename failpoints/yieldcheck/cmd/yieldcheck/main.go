// Command yieldcheck reports operations on shared state without a failpoint before them.
//
//	go get -tool github.com/racewindow/racewindow/failpoints/yieldcheck/cmd/yieldcheck
//	go tool yieldcheck ./storage/...
//	go vet -vettool=$(which yieldcheck) ./...
package main

import (
	"golang.org/x/tools/go/analysis/singlechecker"

	"github.com/racewindow/racewindow/failpoints/yieldcheck"
)

func main() { singlechecker.Main(yieldcheck.Analyzer) }
