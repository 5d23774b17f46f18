package sched

import "embed"

// Source holds the files of this package, for the test binaries of plain tests (harness/plain). Only a program that names it
// contains them.
//
//go:embed *.go
var Source embed.FS
