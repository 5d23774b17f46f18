package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"22c8e0eb7220689d": "go1.26.8",
	"5beeca7d2dcddcbf": "go1.25.14",
	"622c0a17fb68444b": "go1.27.4",
}
