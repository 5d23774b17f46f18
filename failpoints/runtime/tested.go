package runtime

// tested are the hashes (Patch.Hash) of the files of GOROOT with which Go's own tests and this project's were run, and the release that
// has them. Several releases may have the same.
var tested = map[string]string{
	"00e6e31a2c24d10f": "go1.26.8",
	"30e15cf9b143e6a4": "go1.27.4",
}
