package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"b19a2e95ec3020f8": "go1.26.8",
}
