package runtime

// tested maps the hash (Patch.Hash) of files of GOROOT with which Go's own tests and this project's have run to the release that has
// them. Several releases may have the same files.
var tested = map[string]string{
	"ba94fcf181f51077": "go1.25.14",
	"37fb6ca7dcc503ac": "go1.26.8",
	"133c78446681c88b": "go1.27.4",
}
