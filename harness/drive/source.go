package drive

import "embed"

// Source is this package's, for the test binaries of plain tests (harness/plain). Only a program that names it has it.
//
//go:embed *.go
var Source embed.FS
