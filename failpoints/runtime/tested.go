package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"ebcb28e4b8c9d044": "go1.26.8",
}
