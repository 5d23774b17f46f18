package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"705be2fabdfbfea0": "go1.26.8",
}
