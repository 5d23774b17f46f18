package drive

import "embed"

// Source holds the source files of this package. harness/plain builds them into the test binaries of plain tests; a program
// that does not name Source does not contain it.
//
//go:embed *.go
var Source embed.FS
